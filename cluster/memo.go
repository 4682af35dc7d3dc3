package cluster

import "sync"

// Memo keeps one value that another package derives from what the memo stands
// for. It is made once, when first asked for, and must then not be changed.
// Safe for concurrent use.
type Memo struct {
	once  sync.Once
	value any
}

// Get gives the value, made by the first call's argument; nil if that is nil.
func (m *Memo) Get(derive func() any) any {
	m.once.Do(func() {
		if derive != nil {
			m.value = derive()
		}
	})
	return m.value
}

// Account is a memo of what is left on the nodes: of the nodes' names and
// status.allocatable and of all pods. Snapshots that agree on these because one
// was made of the other share it: an edited label or taint does not touch it.
func (b Borrowed) Account() *Memo { return b.of().derived }

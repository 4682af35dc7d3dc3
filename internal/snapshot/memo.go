package snapshot

import "sync"

// Memo keeps one value that another package derives from a part of a snapshot. The
// value is computed on first use and must not be modified. A Memo is safe for
// concurrent use.
type Memo struct {
	once  sync.Once
	value any
}

// Get returns the value. The first call computes it with derive; the value is nil if
// derive is nil.
func (m *Memo) Get(derive func() any) any {
	m.once.Do(func() {
		if derive != nil {
			m.value = derive()
		}
	})
	return m.value
}

// Account returns a memo for the free capacity of the nodes. It depends on the names
// and status.allocatable of the nodes and on all pods. Snapshots derived from each
// other share it if they agree on these: editing a label or a taint keeps it.
func (s *Snapshot) Account() *Memo { return s.orEmpty().derived }

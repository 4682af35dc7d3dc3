package cluster

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// index answers which of the base nodes carry a label or a taint. A column is
// made when it is first asked for: a label's by one map lookup a node.
type index struct {
	nodes []*corev1.Node

	mu     sync.RWMutex
	labels map[string]*column
	taints *taintColumn

	closed     words // the cordoned nodes
	closedOnce sync.Once

	// what an index inherits: the columns that were made before some nodes
	// changed, each brought up to date when it is first asked for.
	old     map[string]*column
	changed []patched
}

func newIndex(nodes []*corev1.Node) *index {
	return &index{nodes: nodes, labels: map[string]*column{}}
}

func (ix *index) inherit(from *index, changed []patched) {
	from.mu.RLock()
	defer from.mu.RUnlock()
	ix.old, ix.changed = maps.Clone(from.labels), changed
}

// label gives the column of a label key.
func (ix *index) label(key string) *column {
	ix.mu.RLock()
	c := ix.labels[key]
	ix.mu.RUnlock()
	if c != nil {
		return c
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if c = ix.labels[key]; c != nil {
		return c
	}
	if old := ix.old[key]; old != nil {
		c = old.derive(key, ix.changed)
		delete(ix.old, key)
	} else {
		c = newColumn(key, ix.nodes)
	}
	ix.labels[key] = c
	return c
}

// taint gives the distinct taints and where they are.
func (ix *index) taint() *taintColumn {
	ix.mu.RLock()
	t := ix.taints
	ix.mu.RUnlock()
	if t != nil {
		return t
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.taints == nil {
		ix.taints = newTaintColumn(ix.nodes)
	}
	return ix.taints
}

// cordoned gives the nodes with spec.unschedulable.
func (ix *index) cordoned() words {
	ix.closedOnce.Do(func() {
		ix.closed = newWords(len(ix.nodes))
		for i, n := range ix.nodes {
			if n.Spec.Unschedulable {
				ix.closed.add(i)
			}
		}
	})
	return ix.closed
}

// column is one label key over all nodes: few distinct values on many nodes, or
// (kubernetes.io/hostname) as many as there are nodes. A value that is on at
// least one node in 32 has words, a rarer one a list, whichever is smaller.
type column struct {
	ids    []int32          // by position: which value; absent (-1) without the key
	values []string         // by id
	lookup map[string]int32 // value to id
	counts []int32          // by id: how many nodes; none where edits took the last
	start  []int32          // by id, one more than values: its places in list
	list   []int32          // positions, grouped by id, ascending in each group
	dense  []words          // by id; nil for the rarer ones
	has    words            // every node with the key
}

const absent = -1

func newColumn(key string, nodes []*corev1.Node) *column {
	c := &column{ids: make([]int32, len(nodes)), lookup: map[string]int32{}}
	last, lastID := "", int32(absent)
	for i, n := range nodes {
		value, ok := n.Labels[key]
		switch {
		case !ok:
			c.ids[i] = absent
		case lastID != absent && value == last: // neighbours are often alike
			c.ids[i] = lastID
		default:
			last, lastID = value, c.id(value)
			c.ids[i] = lastID
		}
	}
	c.post()
	return c
}

// derive gives the column with some nodes changed.
func (c *column) derive(key string, changed []patched) *column {
	next := &column{ids: slices.Clone(c.ids), values: slices.Clone(c.values), lookup: maps.Clone(c.lookup)}
	for _, p := range changed {
		next.ids[p.position] = absent
		if value, ok := p.node.Labels[key]; ok {
			next.ids[p.position] = next.id(value)
		}
	}
	next.post()
	return next
}

func (c *column) id(value string) int32 {
	id, ok := c.lookup[value]
	if !ok {
		id = int32(len(c.values))
		c.lookup[value] = id
		c.values = append(c.values, value)
	}
	return id
}

// post makes the lists and words of each value from ids.
func (c *column) post() {
	n := len(c.ids)
	c.counts = make([]int32, len(c.values))
	for _, id := range c.ids {
		if id != absent {
			c.counts[id]++
		}
	}
	c.dense = make([]words, len(c.values))
	c.start = make([]int32, len(c.values)+1)
	for id, count := range c.counts {
		listed := count
		if !rare(int(count), n) {
			c.dense[id] = newWords(n)
			listed = 0
		}
		c.start[id+1] = c.start[id] + listed
	}
	c.list = make([]int32, c.start[len(c.values)])
	c.has = newWords(n)
	next := slices.Clone(c.start)
	for i, id := range c.ids {
		if id == absent {
			continue
		}
		c.has.add(i)
		if d := c.dense[id]; d != nil {
			d.add(i)
			continue
		}
		c.list[next[id]] = int32(i)
		next[id]++
	}
}

// posting gives the nodes that have the value.
func (c *column) posting(value string) posting {
	id, ok := c.lookup[value]
	if !ok {
		return posting{}
	}
	return posting{dense: c.dense[id], list: c.list[c.start[id]:c.start[id+1]]}
}

// union gives the nodes that have one of the values, in words that must not be changed.
func (c *column) union(values []string, none words) words {
	w, shared := none, true
	for _, value := range values {
		switch p := c.posting(value); {
		case p.dense == nil && len(p.list) == 0:
		case p.dense != nil && len(values) == 1:
			return p.dense
		default:
			if shared {
				w, shared = none.clone(), false
			}
			p.addTo(w)
		}
	}
	return w
}

// posting is where one value is: words, or for a rare value a list.
type posting struct {
	dense words
	list  []int32
}

func (p posting) addTo(w words) {
	for i, x := range p.dense {
		w[i] |= x
	}
	for _, i := range p.list {
		w.add(int(i))
	}
}

// rare says whether a list of count positions is smaller than words for n nodes.
func rare(count, n int) bool { return count*32 < n }

// taintColumn is the distinct taints of all nodes, ascending by key, value and
// effect. When a taint was added does not make it another taint.
type taintColumn struct {
	taints []corev1.Taint
	where  []posting
}

func newTaintColumn(nodes []*corev1.Node) *taintColumn {
	ids := map[corev1.Taint]int{}
	lists := [][]int32{}
	last, lastID := corev1.Taint{}, absent
	for i, n := range nodes {
		for _, t := range n.Spec.Taints {
			if t.TimeAdded = nil; lastID == absent || t != last { // neighbours are often alike
				id, ok := ids[t]
				if !ok {
					id = len(lists)
					ids[t], lists = id, append(lists, nil)
				}
				last, lastID = t, id
			}
			lists[lastID] = append(lists[lastID], int32(i))
		}
	}
	c := &taintColumn{}
	for t := range ids {
		c.taints = append(c.taints, t)
	}
	slices.SortFunc(c.taints, compareTaints)
	for _, t := range c.taints {
		c.where = append(c.where, newPosting(lists[ids[t]], len(nodes)))
	}
	return c
}

func compareTaints(a, b corev1.Taint) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Effect, b.Effect))
}

func newPosting(list []int32, n int) posting {
	if rare(len(list), n) {
		return posting{list: list}
	}
	w := newWords(n)
	posting{list: list}.addTo(w)
	return posting{dense: w}
}

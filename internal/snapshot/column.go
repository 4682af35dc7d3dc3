package snapshot

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// column is one label key over all nodes: few distinct values on many nodes, or as
// many as there are nodes (kubernetes.io/hostname). A value on at least one node in
// 32 is stored as words, a rarer one as a list, whichever is smaller.
type column struct {
	ids    []int32          // by position: the id of its value; -1 without the key
	values []string         // by id
	lookup map[string]int32 // value to id
	counts []int32          // by id: how many nodes; 0 where edits removed the last
	start  []int32          // by id, one more than values: where its positions start in list
	list   []int32          // positions, grouped by id, ascending in each group
	dense  []words          // by id; nil for the rarer values
	has    words            // every node with the key
}

const absent = -1

func newColumn(key string, nodes []*corev1.Node) *column {
	r := newLabelReader(key, len(nodes))
	for i, n := range nodes {
		r.read(i, n)
	}
	return r.column()
}

// labelReader builds the column of a label key during a walk over the nodes.
type labelReader struct {
	key    string
	made   *column
	recent [slots]struct {
		value string
		next  int32 // its id plus one; 0: none yet
	}
}

// slots is how many values a reader remembers, by their last letter. The values of
// one key mostly differ in that letter, and comparing strings is cheaper than a map.
const slots = 16

func slot(value string) int {
	if value == "" {
		return 0
	}
	return int(value[len(value)-1]) % slots
}

func newLabelReader(key string, nodes int) *labelReader {
	return &labelReader{key: key, made: &column{ids: make([]int32, nodes), lookup: map[string]int32{}}}
}

func (r *labelReader) read(position int, n *corev1.Node) {
	value, ok := n.Labels[r.key]
	if !ok {
		r.made.ids[position] = absent
		return
	}
	last := &r.recent[slot(value)]
	if last.next == 0 || last.value != value {
		last.value, last.next = value, r.made.id(value)+1
	}
	r.made.ids[position] = last.next - 1
}

func (r *labelReader) column() *column {
	r.made.post()
	return r.made
}

// derive returns the column with some nodes changed, or c itself if no changed node
// differs in this key.
func (c *column) derive(key string, changed []patched) *column {
	if !slices.ContainsFunc(changed, func(p patched) bool { return c.idOf(p.node, key) != c.ids[p.position] }) {
		return c
	}
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

const unknown = -2

// idOf returns the id of the node's value, absent if the node lacks the key, or
// unknown if the column lacks the value.
func (c *column) idOf(n *corev1.Node, key string) int32 {
	value, ok := n.Labels[key]
	if !ok {
		return absent
	}
	if id, ok := c.lookup[value]; ok {
		return id
	}
	return unknown
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

// post builds the list and the words of each value from ids.
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

// posting returns the nodes that have the value.
func (c *column) posting(value string) posting {
	id, ok := c.lookup[value]
	if !ok {
		return posting{}
	}
	return posting{dense: c.dense[id], list: c.list[c.start[id]:c.start[id+1]]}
}

// union returns the nodes that have any of the values. The words must not be
// modified.
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

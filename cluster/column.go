package cluster

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

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

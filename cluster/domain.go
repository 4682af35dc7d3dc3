package cluster

import "slices"

// Column is what the nodes of a snapshot have for one label key.
type Column struct {
	IDs    []int32  // by position: which value; -1 without the key
	Values []string // by id; in no order, and a node need not have each
}

// Column gives the values of a label key, which must not be modified. Without
// edited nodes it costs nothing once the key has been asked about; otherwise a
// copy of the ids.
func (b Borrowed) Column(key string) Column {
	c := b.of().view.index.label(key)
	if len(b.of().view.patch) == 0 {
		return Column{c.ids, c.values}
	}
	patched := &column{ids: slices.Clone(c.ids), values: slices.Clone(c.values), lookup: map[string]int32{}}
	for _, p := range b.of().view.patch {
		id := c.idOf(p.node, key)
		if id == unknown {
			id = patched.id(p.node.Labels[key])
		}
		patched.ids[p.position] = id
	}
	return Column{patched.ids, patched.values}
}

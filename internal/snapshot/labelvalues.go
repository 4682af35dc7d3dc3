package snapshot

import "slices"

// Column holds the values that the nodes of a snapshot have for one label key.
type Column struct {
	IDs    []int32  // by position: the index of its value; -1 without the key
	Values []string // by id; unordered, and some may be on no node
}

// Column returns the values of a label key, which must not be modified. If no node
// was edited it costs nothing after the first query for the key; otherwise it copies
// the ids.
func (s *Snapshot) Column(key string) Column {
	c := s.orEmpty().view.index.label(key)
	if len(s.orEmpty().view.patch) == 0 {
		return Column{c.ids, c.values}
	}
	patched := &column{ids: slices.Clone(c.ids), values: slices.Clone(c.values), lookup: map[string]int32{}}
	for _, p := range s.orEmpty().view.patch {
		id := c.idOf(p.node, key)
		if id == unknown {
			id = patched.id(p.node.Labels[key])
		}
		patched.ids[p.position] = id
	}
	return Column{patched.ids, patched.values}
}

package cluster

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Column is what the nodes of a snapshot have for one label key.
type Column struct {
	IDs    []int32  // by position: which value; -1 without the key
	Values []string // by id; in no order, and a node need not have each
}

// Column gives the values of a label key, which must not be modified. Without
// edited nodes it costs nothing once the key has been asked about; otherwise a
// copy of the ids.
func (b Borrowed) Column(key string) Column {
	c := b.c.view.index.label(key)
	if len(b.c.view.patch) == 0 {
		return Column{c.ids, c.values}
	}
	patched := &column{ids: slices.Clone(c.ids), values: slices.Clone(c.values), lookup: map[string]int32{}}
	for _, p := range b.c.view.patch {
		patched.ids[p.position] = patched.known(c, p.node, key)
	}
	return Column{patched.ids, patched.values}
}

// known is the id of the node's value: that of an older column where it has one.
func (c *column) known(older *column, n *corev1.Node, key string) int32 {
	value, ok := n.Labels[key]
	if !ok {
		return absent
	}
	if id, ok := older.lookup[value]; ok {
		return id
	}
	return c.id(value)
}

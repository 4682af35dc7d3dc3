package snapshot

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// taintColumn holds the distinct taints of all nodes, ascending by key, value and
// effect. Taints that differ only in timeAdded are the same.
type taintColumn struct {
	taints []corev1.Taint
	where  []posting
}

func newTaintColumn(nodes []*corev1.Node) *taintColumn {
	r := newTaintReader()
	for i, n := range nodes {
		r.read(i, n)
	}
	return r.column(len(nodes))
}

// taintReader builds the taint column during a walk over the nodes.
type taintReader struct {
	ids    map[corev1.Taint]int
	lists  [][]int32
	recent [slots]struct {
		taint corev1.Taint
		next  int // its id plus one; 0: none yet
	}
}

func newTaintReader() *taintReader { return &taintReader{ids: map[corev1.Taint]int{}} }

func (r *taintReader) read(position int, n *corev1.Node) {
	for _, t := range n.Spec.Taints {
		t.TimeAdded = nil
		last := &r.recent[(slot(t.Key)+slot(t.Value))%slots]
		if last.next == 0 || last.taint != t {
			last.taint, last.next = t, r.id(t)+1
		}
		list := &r.lists[last.next-1]
		*list = append(*list, int32(position))
	}
}

func (r *taintReader) id(t corev1.Taint) int {
	id, ok := r.ids[t]
	if !ok {
		id = len(r.lists)
		r.ids[t], r.lists = id, append(r.lists, nil)
	}
	return id
}

func (r *taintReader) column(nodes int) *taintColumn {
	c := &taintColumn{}
	for t := range r.ids {
		c.taints = append(c.taints, t)
	}
	slices.SortFunc(c.taints, compareTaints)
	for _, t := range c.taints {
		c.where = append(c.where, newPosting(r.lists[r.ids[t]], nodes))
	}
	return c
}

// posting returns the nodes that have the taint.
func (c *taintColumn) posting(t corev1.Taint) posting {
	if i, ok := slices.BinarySearchFunc(c.taints, t, compareTaints); ok {
		return c.where[i]
	}
	return posting{}
}

// derive returns the column with some nodes changed.
func (c *taintColumn) derive(changed []patched) *taintColumn {
	next := &taintColumn{}
	add := func(t corev1.Taint, before posting) {
		if p := before.changed(changed, func(n *corev1.Node) bool { return hasTaint(n, t) }); p.count() > 0 {
			next.taints, next.where = append(next.taints, t), append(next.where, p)
		}
	}
	added := c.missing(changed)
	for i, t := range c.taints {
		for len(added) > 0 && compareTaints(added[0], t) < 0 {
			add(added[0], posting{})
			added = added[1:]
		}
		add(t, c.where[i])
	}
	for _, t := range added {
		add(t, posting{})
	}
	return next
}

// missing returns the taints of the changed nodes that the column does not have,
// ascending.
func (c *taintColumn) missing(changed []patched) []corev1.Taint {
	var added []corev1.Taint
	for _, p := range changed {
		for _, t := range p.node.Spec.Taints {
			t.TimeAdded = nil
			if _, ok := slices.BinarySearchFunc(c.taints, t, compareTaints); !ok {
				added = append(added, t)
			}
		}
	}
	slices.SortFunc(added, compareTaints)
	return slices.Compact(added)
}

func compareTaints(a, b corev1.Taint) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Effect, b.Effect))
}

package snapshot

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// nodeNames holds the names of a snapshot's nodes, ascending. The index of a node in
// it is its position. Snapshots with the same node names share one nodeNames, so
// their sets combine word by word.
type nodeNames struct {
	names     []string
	all, none words // the full and the empty set, which many queries return
}

func newNodeNames(names []string) *nodeNames {
	return &nodeNames{names, allWords(len(names)), newWords(len(names))}
}

func (r *nodeNames) position(name string) (int, bool) {
	return slices.BinarySearch(r.names, name)
}

// view holds the nodes of one snapshot: an indexed base and the few nodes that were
// edited since. An edit costs as much as its node, not the cluster. After maxPatch
// edits a new base is derived from the old one.
type view struct {
	*nodeNames
	base  []*corev1.Node // by position
	index *index         // of base
	patch []patched      // ascending by position
}

type patched struct {
	position int
	node     *corev1.Node
}

// maxPatch bounds the edits that a view of n nodes keeps beside its index. Each edit
// costs every query a look-up. A new base costs a few ns per node and column, spread
// over that many edits.
func maxPatch(n int) int { return 32 + n/2048 }

// newView returns an indexed view of nodes, which are ascending by name.
func newView(nodes []*corev1.Node) *view {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
	}
	return &view{nodeNames: newNodeNames(names), base: nodes, index: newIndex(nodes)}
}

func (v *view) len() int { return len(v.base) }

func (v *view) node(position int) *corev1.Node {
	if len(v.patch) > 0 {
		if i, ok := v.patchIndex(position); ok {
			return v.patch[i].node
		}
	}
	if uint(position) >= uint(len(v.base)) {
		return nil
	}
	return v.base[position]
}

func (v *view) patchIndex(position int) (int, bool) {
	return slices.BinarySearchFunc(v.patch, position, func(p patched, position int) int { return p.position - position })
}

func (v *view) find(name string) (*corev1.Node, bool) {
	i, ok := v.position(name)
	if !ok {
		return nil, false
	}
	return v.node(i), true
}

// nodes returns every node by position.
func (v *view) nodes() []*corev1.Node {
	if len(v.patch) == 0 {
		return v.base
	}
	nodes := slices.Clone(v.base)
	for _, p := range v.patch {
		nodes[p.position] = p.node
	}
	return nodes
}

// replace returns the view with some nodes replaced by others of the same name.
func (v *view) replace(edits []patched) *view {
	next := &view{nodeNames: v.nodeNames, base: v.base, index: v.index, patch: slices.Clone(v.patch)}
	stale := false
	for _, e := range edits {
		stale = stale || !sameStatus(v.node(e.position), e.node)
		if i, ok := next.patchIndex(e.position); ok {
			next.patch[i] = e
		} else {
			next.patch = slices.Insert(next.patch, i, e)
		}
	}
	if stale || len(next.patch) > maxPatch(v.len()) {
		return next.rebase(stale)
	}
	return next
}

// with returns the view with nodes, ascending by name, added or replaced.
func (v *view) with(nodes []*corev1.Node) *view {
	edits := make([]patched, 0, len(nodes))
	for _, n := range nodes {
		i, ok := v.position(n.Name)
		if !ok {
			return newView(merge(nodes, v.nodes()))
		}
		edits = append(edits, patched{i, n})
	}
	return v.replace(edits)
}

// sameStatus reports whether two nodes agree on what the index keeps in columns
// apart from labels and taints.
func sameStatus(a, b *corev1.Node) bool {
	return equality.Semantic.DeepEqual(a.Status.Allocatable, b.Status.Allocatable) &&
		equality.Semantic.DeepEqual(a.Status.Images, b.Status.Images)
}

// rebase returns a view of the same nodes with the edits in the index.
func (v *view) rebase(stale bool) *view {
	nodes := v.nodes()
	ix := newIndex(nodes)
	if !stale {
		ix.inherit(v.index, v.patch)
	}
	return &view{nodeNames: v.nodeNames, base: nodes, index: ix}
}

// fix corrects w, a set that the index returned, in place for the edited nodes.
func (v *view) fix(w words, holds func(*corev1.Node) bool) { correct(w, v.patch, holds) }

func correct(w words, edited []patched, holds func(*corev1.Node) bool) {
	for _, p := range edited {
		if holds(p.node) {
			w.add(p.position)
		} else {
			w.remove(p.position)
		}
	}
}

// merge merges two ascending lists of nodes. If both have a node, it takes the one
// in a.
func merge(a, b []*corev1.Node) []*corev1.Node {
	out := make([]*corev1.Node, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch order := strings.Compare(a[0].Name, b[0].Name); {
		case order < 0:
			out, a = append(out, a[0]), a[1:]
		case order > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

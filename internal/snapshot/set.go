package snapshot

import (
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Set is an immutable set of nodes. The zero Set is empty. Sets of any snapshots can
// be combined; nodes are matched by name.
type Set struct {
	view  *view
	words words
}

// SetOf returns a set of nodes that have a name and nothing else.
func SetOf(names []string) Set {
	var nodes []*corev1.Node
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		nodes = append(nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	v := newView(nodes)
	return Set{v, v.all}
}

// Len returns the number of nodes. It costs a word operation per 64 nodes.
func (s Set) Len() int { return s.words.count() }

// Has reports whether the set has a node of that name.
func (s Set) Has(name string) bool {
	if s.view == nil {
		return false
	}
	i, ok := s.view.position(name)
	return ok && s.words.has(i)
}

// All yields the nodes, ascending by name.
func (s Set) All() iter.Seq[*corev1.Node] {
	return func(yield func(*corev1.Node) bool) {
		for i := range s.words.positions() {
			if !yield(s.view.node(i)) {
				return
			}
		}
	}
}

// Names returns the names, ascending.
func (s Set) Names() []string {
	names := make([]string, 0, s.Len())
	for i := range s.words.positions() {
		names = append(names, s.view.names[i])
	}
	return names
}

// And returns the nodes in both sets, as they are in s.
func (s Set) And(t Set) Set {
	if s.view == nil || t.view == nil {
		return Set{}
	}
	return Set{s.view, s.words.and(t.on(s.view))}
}

// Minus returns the nodes of s that are not in t.
func (s Set) Minus(t Set) Set {
	if s.view == nil || t.view == nil {
		return s
	}
	return Set{s.view, s.words.minus(t.on(s.view))}
}

// Or returns the nodes in either set. A node in both is returned as it is in s.
func (s Set) Or(t Set) Set {
	switch {
	case s.view == nil:
		return t
	case t.view == nil:
		return s
	case s.view == t.view:
		return Set{s.view, s.words.or(t.words)}
	case s.view.nodeNames == t.view.nodeNames && t.words.within(s.words):
		return s
	}
	v := newView(merge(s.nodes(), t.nodes()))
	return Set{v, allWords(v.len())}
}

// Equal reports whether both sets have the same node names.
func (s Set) Equal(t Set) bool {
	if s.view == nil || t.view == nil {
		return s.Len() == t.Len()
	}
	return slices.Equal(s.on(t.view), t.words) && s.Len() == t.Len()
}

// on returns the members that are nodes of v, as positions in v.
func (s Set) on(v *view) words {
	if s.view.nodeNames == v.nodeNames {
		return s.words
	}
	w := newWords(v.len())
	for i := range s.words.positions() {
		if j, ok := v.position(s.view.names[i]); ok {
			w.add(j)
		}
	}
	return w
}

func (s Set) nodes() []*corev1.Node {
	nodes := make([]*corev1.Node, 0, s.Len())
	for i := range s.words.positions() {
		nodes = append(nodes, s.view.node(i))
	}
	return nodes
}

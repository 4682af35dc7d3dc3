package cluster

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// NodeSet is an immutable set of nodes, as queries return and policies use. The zero
// NodeSet is empty. A NodeSet is safe for concurrent use.
//
// Sets from any snapshots can be combined; nodes are matched by name. If the
// snapshots have the same node names, that costs a word operation per 64 nodes,
// otherwise a merge of the two lists of names.
type NodeSet struct {
	view  *view
	words words
}

// Len returns the number of nodes. It costs a word operation per 64 nodes.
func (s NodeSet) Len() int { return s.words.count() }

// Has reports whether the set has a node of that name.
func (s NodeSet) Has(name string) bool {
	if s.view == nil {
		return false
	}
	i, ok := s.view.position(name)
	return ok && s.words.has(i)
}

// All yields the nodes, ascending by name. Each is a copy.
func (s NodeSet) All() iter.Seq[*corev1.Node] {
	return func(yield func(*corev1.Node) bool) {
		for i := range s.words.positions() {
			if !yield(s.view.node(i).DeepCopy()) {
				return
			}
		}
	}
}

// Names returns the names, ascending.
func (s NodeSet) Names() []string {
	names := make([]string, 0, s.Len())
	for i := range s.words.positions() {
		names = append(names, s.view.names[i])
	}
	return names
}

// And returns the nodes in both sets, as they are in s.
func (s NodeSet) And(t NodeSet) NodeSet {
	if s.view == nil || t.view == nil {
		return NodeSet{}
	}
	return NodeSet{s.view, s.words.and(t.on(s.view))}
}

// Minus returns the nodes of s that are not in t.
func (s NodeSet) Minus(t NodeSet) NodeSet {
	if s.view == nil || t.view == nil {
		return s
	}
	return NodeSet{s.view, s.words.minus(t.on(s.view))}
}

// Or returns the nodes in either set. A node in both is returned as it is in s.
func (s NodeSet) Or(t NodeSet) NodeSet {
	switch {
	case s.view == nil:
		return t
	case t.view == nil:
		return s
	case s.view == t.view:
		return NodeSet{s.view, s.words.or(t.words)}
	case s.view.nodeNames == t.view.nodeNames && t.words.within(s.words):
		return s
	}
	v := newView(merge(s.nodes(), t.nodes()))
	return NodeSet{v, allWords(v.len())}
}

// Equal reports whether both sets have the same node names.
func (s NodeSet) Equal(t NodeSet) bool {
	if s.view == nil || t.view == nil {
		return s.Len() == t.Len()
	}
	return slices.Equal(s.on(t.view), t.words) && s.Len() == t.Len()
}

// String returns the names, ascending: "{a b c}".
func (s NodeSet) String() string {
	return "{" + strings.Join(s.Names(), " ") + "}"
}

// MarshalJSON returns the names, ascending, as a JSON array.
func (s NodeSet) MarshalJSON() ([]byte, error) { return json.Marshal(s.Names()) }

// GoString returns the set as a call that names its nodes.
func (s NodeSet) GoString() string {
	return fmt.Sprintf("cluster.NodeSet%#v", s.Names())
}

// on returns the members that are nodes of v, as positions in v.
func (s NodeSet) on(v *view) words {
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

func (s NodeSet) nodes() []*corev1.Node {
	nodes := make([]*corev1.Node, 0, s.Len())
	for i := range s.words.positions() {
		nodes = append(nodes, s.view.node(i))
	}
	return nodes
}

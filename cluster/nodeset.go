package cluster

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/snapshot"
)

// NodeSet is an immutable set of nodes, as queries return and policies use. The zero
// NodeSet is empty. A NodeSet is safe for concurrent use.
//
// Sets from any snapshots can be combined; nodes are matched by name. If the
// snapshots have the same node names, that costs a word operation per 64 nodes,
// otherwise a merge of the two lists of names.
type NodeSet snapshot.Set

func (s NodeSet) set() snapshot.Set { return snapshot.Set(s) }

// Len returns the number of nodes. It costs a word operation per 64 nodes.
func (s NodeSet) Len() int { return s.set().Len() }

// Has reports whether the set has a node of that name.
func (s NodeSet) Has(name string) bool { return s.set().Has(name) }

// All yields the nodes, ascending by name. Each is a copy.
func (s NodeSet) All() iter.Seq[*corev1.Node] {
	return func(yield func(*corev1.Node) bool) {
		for n := range s.set().All() {
			if !yield(n.DeepCopy()) {
				return
			}
		}
	}
}

// Names returns the names, ascending.
func (s NodeSet) Names() []string { return s.set().Names() }

// And returns the nodes in both sets, as they are in s.
func (s NodeSet) And(t NodeSet) NodeSet { return NodeSet(s.set().And(t.set())) }

// Minus returns the nodes of s that are not in t.
func (s NodeSet) Minus(t NodeSet) NodeSet { return NodeSet(s.set().Minus(t.set())) }

// Or returns the nodes in either set. A node in both is returned as it is in s.
func (s NodeSet) Or(t NodeSet) NodeSet { return NodeSet(s.set().Or(t.set())) }

// Equal reports whether both sets have the same node names.
func (s NodeSet) Equal(t NodeSet) bool { return s.set().Equal(t.set()) }

// String returns the names, ascending: "{a b c}".
func (s NodeSet) String() string {
	return "{" + strings.Join(s.Names(), " ") + "}"
}

// MarshalJSON returns the names, ascending, as a JSON array.
func (s NodeSet) MarshalJSON() ([]byte, error) { return json.Marshal(s.Names()) }

// UnmarshalJSON reads an array of names. The nodes of the set have a name and nothing
// else; Cluster.Named(set.Names()...) returns the nodes of a cluster.
func (s *NodeSet) UnmarshalJSON(text []byte) error {
	var names []string
	if err := json.Unmarshal(text, &names); err != nil {
		return fmt.Errorf("node set: must be an array of names: %w", err)
	}
	*s = NodeSet(snapshot.SetOf(names))
	return nil
}

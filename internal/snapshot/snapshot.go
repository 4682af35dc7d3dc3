// Package snapshot holds the objects and the index behind cluster.Cluster and
// cluster.NodeSet. Both are defined as the types of this package, so a conversion
// crosses from the public type to this one and back at no cost. Berth's own packages
// read a Snapshot to avoid the copies that package cluster makes.
package snapshot

import (
	"cmp"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/kube"
)

// Snapshot is an immutable snapshot of nodes and of other objects. Everything that
// its methods return belongs to the snapshot and must not be modified. A nil and a
// zero Snapshot have no objects. A Snapshot is safe for concurrent use.
//
// A node's position is its index in ascending order of names, from 0. For a position
// outside that range there is no name, node or pod.
type Snapshot struct {
	tables
	view    *view
	byNode  *podIndex // tables.pods grouped by the nodes of view
	derived *Memo     // from both and from the allocatable amounts of the nodes
	release kube.Release
}

// New returns a snapshot of objects, each passed through keep. The error names every
// object that is nil, unnamed, of another kind or repeated.
func New(objects []runtime.Object, keep func(runtime.Object) runtime.Object) (*Snapshot, error) {
	return empty().With(objects, keep)
}

func empty() *Snapshot {
	s := &Snapshot{view: newView(nil), derived: &Memo{}}
	s.byNode = newPodIndex(s)
	return s
}

// orEmpty returns s, or a snapshot without objects if s is nil or zero.
func (s *Snapshot) orEmpty() *Snapshot {
	if s == nil || s.view == nil {
		return empty()
	}
	return s
}

// With returns a snapshot with objects added or replaced. Its arguments and errors
// are as for New.
func (s *Snapshot) With(objects []runtime.Object, keep func(runtime.Object) runtime.Object) (*Snapshot, error) {
	s = s.orEmpty()
	b, err := newBatch(objects, keep)
	if err != nil {
		return nil, err
	}
	next := &Snapshot{tables: s.tables.with(b.tables), view: s.view, byNode: s.byNode, derived: s.derived, release: s.release}
	if len(b.nodes) > 0 {
		next.view = s.view.with(b.nodes)
	}
	return next.reindex(s, b.nodes...), nil
}

// Without returns a snapshot without the objects of the same kind, namespace and
// name. The error names each object that the snapshot does not have.
func (s *Snapshot) Without(objects []runtime.Object) (*Snapshot, error) {
	s = s.orEmpty()
	b, err := newBatch(objects, func(o runtime.Object) runtime.Object { return o })
	if err != nil {
		return nil, err
	}
	rest, err := s.tables.without(b.tables)
	errs := []error{err}
	gone := newWords(s.view.len())
	for _, n := range b.nodes {
		if i, ok := s.view.position(n.Name); ok {
			gone.add(i)
		} else {
			errs = append(errs, noNode(n.Name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	next := &Snapshot{tables: rest, view: s.view, byNode: s.byNode, derived: s.derived, release: s.release}
	if len(b.nodes) > 0 {
		next.view = newView(s.Nodes().Minus(Set{s.view, gone}).nodes())
	}
	return next.reindex(s), nil
}

// WithoutPods returns the snapshot without its pods.
func (s *Snapshot) WithoutPods() *Snapshot {
	old := s.orEmpty()
	next := *old
	next.pods = nil
	return next.reindex(old)
}

// reindex builds a pod index and a new memo for the snapshot, unless it can reuse
// what old has.
func (s *Snapshot) reindex(old *Snapshot, nodes ...*corev1.Node) *Snapshot {
	if s.view.nodeNames != old.view.nodeNames || !sameTable(s.pods, old.pods) {
		s.byNode, s.derived = newPodIndex(s), &Memo{}
	} else if !old.allocates(nodes) {
		s.derived = &Memo{}
	}
	return s
}

// allocates reports whether the nodes have the same allocatable amounts in s. All of
// them exist in s.
func (s *Snapshot) allocates(nodes []*corev1.Node) bool {
	for _, n := range nodes {
		known, _ := s.view.find(n.Name)
		if !equality.Semantic.DeepEqual(known.Status.Allocatable, n.Status.Allocatable) {
			return false
		}
	}
	return true
}

func sameTable[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// Edit returns a snapshot with the nodes at some positions replaced by what edit
// returns for them: a node of the same name with the same allocatable amounts.
func (s *Snapshot) Edit(positions []int, edit func(*corev1.Node) *corev1.Node) *Snapshot {
	s = s.orEmpty()
	changed := make([]patched, 0, len(positions))
	for _, i := range positions {
		changed = append(changed, patched{i, edit(s.view.node(i))})
	}
	return &Snapshot{tables: s.tables, view: s.view.replace(changed), byNode: s.byNode, derived: s.derived, release: s.release}
}

// WithRelease returns the snapshot with another release of Kubernetes.
func (s *Snapshot) WithRelease(r kube.Release) *Snapshot {
	s = s.orEmpty()
	copied := *s
	copied.release = r
	if r.Rules() != s.release.Rules() { // what pods take differs
		copied.byNode, copied.derived = newPodIndex(&copied), &Memo{}
	}
	return &copied
}

// Release returns the release of Kubernetes, or 0 if it is not known.
func (s *Snapshot) Release() kube.Release {
	if s == nil {
		return 0
	}
	return s.release
}

// Positions returns the positions of the named nodes. The error names each name that
// no node has.
func (s *Snapshot) Positions(names ...string) ([]int, error) {
	s = s.orEmpty()
	var positions []int
	var errs []error
	for _, name := range names {
		if i, ok := s.view.position(name); ok {
			positions = append(positions, i)
		} else {
			errs = append(errs, noNode(name))
		}
	}
	return positions, errors.Join(errs...)
}

func noNode(name string) error {
	return fmt.Errorf("Node %s: is not in the cluster", cmp.Or(name, `""`))
}

// Rebase returns the same snapshot with the edits of its nodes in the index, as
// happens automatically after maxPatch edits.
func (s *Snapshot) Rebase() *Snapshot {
	copied := *s.orEmpty()
	copied.view = copied.view.rebase(false)
	return &copied
}

package cluster

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
)

// Cluster is an immutable snapshot of nodes and of the objects that decide where
// pods run. Every change returns a new Cluster that shares what did not change; the
// old one stays valid. A nil Cluster and the zero Cluster have no objects. A Cluster
// is safe for concurrent use.
type Cluster struct {
	tables
	view    *view
	byNode  *podIndex // tables.pods grouped by the nodes of view
	derived *Memo     // from both and from the allocatable amounts of the nodes
}

// New returns a snapshot of objects as an API server stores them. It neither
// defaults nor validates; Manifest.Cluster does both. It accepts every kind that a
// Manifest has a slice for, in any order, and keeps copies. Each object needs its
// name and, if its kind is namespaced, its namespace. The error names every object
// that is nil, unnamed, of another kind or repeated.
func New(objects ...runtime.Object) (*Cluster, error) {
	return empty().with(objects, runtime.Object.DeepCopyObject)
}

// Adopt is New without the copies. The objects then belong to the snapshot and must
// not be modified any more, like those of an informer's cache. It saves several µs
// per node.
func Adopt(objects ...runtime.Object) (*Cluster, error) {
	return empty().with(objects, func(o runtime.Object) runtime.Object { return o })
}

func empty() *Cluster {
	c := &Cluster{view: newView(nil), derived: &Memo{}}
	c.byNode = newPodIndex(c)
	return c
}

// orEmpty returns c, or a snapshot without objects if c is nil or zero.
func (c *Cluster) orEmpty() *Cluster {
	if c == nil || c.view == nil {
		return empty()
	}
	return c
}

// With adds objects. An object replaces the one of the same kind, namespace and
// name. The errors are those of New; on an error the cluster is as before.
func (c *Cluster) With(objects ...runtime.Object) (*Cluster, error) {
	c = c.orEmpty()
	return c.with(objects, runtime.Object.DeepCopyObject)
}

func (c *Cluster) with(objects []runtime.Object, keep func(runtime.Object) runtime.Object) (*Cluster, error) {
	b, err := newBatch(objects, keep)
	if err != nil {
		return nil, err
	}
	next := &Cluster{tables: c.tables.with(b.tables), view: c.view, byNode: c.byNode, derived: c.derived}
	if len(b.nodes) > 0 {
		next.view = c.view.with(b.nodes)
	}
	return next.reindex(c, b.nodes...), nil
}

// Without removes objects. Only their kind, namespace and name are used. An object
// that the cluster does not have is an error. The pods of a removed node stay: a
// snapshot does not collect garbage.
func (c *Cluster) Without(objects ...runtime.Object) (*Cluster, error) {
	c = c.orEmpty()
	b, err := newBatch(objects, func(o runtime.Object) runtime.Object { return o })
	if err != nil {
		return nil, err
	}
	rest, err := c.tables.without(b.tables)
	errs := []error{err}
	gone := newWords(c.view.len())
	for _, n := range b.nodes {
		if i, ok := c.view.position(n.Name); ok {
			gone.add(i)
		} else {
			errs = append(errs, noNode(n.Name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	next := &Cluster{tables: rest, view: c.view, byNode: c.byNode, derived: c.derived}
	if len(b.nodes) > 0 {
		next.view = newView(c.Nodes().Minus(NodeSet{c.view, gone}).nodes())
	}
	return next.reindex(c), nil
}

// reindex builds a pod index and a new memo for the cluster, unless it can reuse
// those of old.
func (c *Cluster) reindex(old *Cluster, nodes ...*corev1.Node) *Cluster {
	if c.view.nodeNames != old.view.nodeNames || !sameTable(c.pods, old.pods) {
		c.byNode, c.derived = newPodIndex(c), &Memo{}
	} else if !old.allocates(nodes) {
		c.derived = &Memo{}
	}
	return c
}

// allocates reports whether the nodes have the same allocatable amounts in c. All of
// them exist in c.
func (c *Cluster) allocates(nodes []*corev1.Node) bool {
	for _, n := range nodes {
		known, _ := c.view.find(n.Name)
		if !equality.Semantic.DeepEqual(known.Status.Allocatable, n.Status.Allocatable) {
			return false
		}
	}
	return true
}

func sameTable[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
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

func noNode(name string) error { return fmt.Errorf("Node %v: is not in the cluster", key{name: name}) }

// Edit changes one node. The error names every mistake in the edits. The cost is
// about that of copying the node.
func (c *Cluster) Edit(node string, edits ...NodeEdit) (*Cluster, error) {
	c = c.orEmpty()
	i, ok := c.view.position(node)
	if !ok {
		return nil, errors.Join(noNode(node), checkEdits(edits))
	}
	if err := checkEdits(edits); err != nil {
		return nil, fmt.Errorf("Node %s: %w", node, err)
	}
	return c.editPositions([]int{i}, edits), nil
}

// EditAll changes every node in the set. A node that the cluster does not have is an
// error.
func (c *Cluster) EditAll(nodes NodeSet, edits ...NodeEdit) (*Cluster, error) {
	c = c.orEmpty()
	errs := []error{checkEdits(edits)}
	var positions []int
	for _, name := range nodes.Names() {
		if i, ok := c.view.position(name); ok {
			positions = append(positions, i)
		} else {
			errs = append(errs, noNode(name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c.editPositions(positions, edits), nil
}

func (c *Cluster) editPositions(positions []int, edits []NodeEdit) *Cluster {
	changed := make([]patched, 0, len(positions))
	for _, i := range positions {
		changed = append(changed, patched{i, edited(c.view.node(i), edits)})
	}
	return &Cluster{tables: c.tables, view: c.view.replace(changed), byNode: c.byNode, derived: c.derived}
}

// Node returns a copy of the named node, and whether it exists.
func (c *Cluster) Node(name string) (*corev1.Node, bool) {
	c = c.orEmpty()
	n, ok := c.view.find(name)
	if !ok {
		return nil, false
	}
	return n.DeepCopy(), true
}

// Manifest returns a copy of every object, each kind ascending by namespace and
// name. New makes an equal snapshot from it.
func (c *Cluster) Manifest() *Manifest {
	c = c.orEmpty()
	m := c.tables.manifest()
	m.Nodes = copies(c.view.nodes())
	m.Pods = copies(m.Pods)
	m.Namespaces = copies(m.Namespaces)
	m.DaemonSets = copies(m.DaemonSets)
	m.ControllerRevisions = copies(m.ControllerRevisions)
	m.Deployments = copies(m.Deployments)
	m.ReplicaSets = copies(m.ReplicaSets)
	m.StatefulSets = copies(m.StatefulSets)
	m.Services = copies(m.Services)
	m.PodDisruptionBudgets = copies(m.PodDisruptionBudgets)
	m.PriorityClasses = copies(m.PriorityClasses)
	return m
}

func copies[T interface{ DeepCopy() T }](objects []T) []T {
	out := slices.Clone(objects)
	for i, o := range out {
		out[i] = o.DeepCopy()
	}
	return out
}

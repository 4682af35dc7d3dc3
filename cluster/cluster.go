package cluster

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
)

// Cluster is an immutable snapshot of nodes and of what decides where pods run.
// Every change gives a new Cluster that shares what did not change; the old one
// stays valid. A nil Cluster and the zero one are without objects. Safe for
// concurrent use.
type Cluster struct {
	tables
	view    *view
	byNode  *podIndex // tables.pods over the roster of view
	derived *Memo     // of both and of the nodes' allocatable amounts
}

// New makes a snapshot of objects as an API server stores them: nothing is
// defaulted or validated (Manifest.Cluster does both). It takes every kind that
// a Manifest has a slice for, in any order, and keeps copies; each object needs
// its name and, where the kind has one, its namespace. The error names every
// object that is nil, unnamed, of another kind or given twice.
func New(objects ...runtime.Object) (*Cluster, error) {
	return empty().with(objects, runtime.Object.DeepCopyObject)
}

// Adopt is New without the copies: the objects become the snapshot's own and
// must not be modified any more, as those of an informer's cache. For callers
// to whom copying matters: it costs several µs a node.
func Adopt(objects ...runtime.Object) (*Cluster, error) {
	return empty().with(objects, func(o runtime.Object) runtime.Object { return o })
}

func empty() *Cluster {
	c := &Cluster{view: newView(nil), derived: &Memo{}}
	c.byNode = newPodIndex(c)
	return c
}

// orEmpty lets a nil Cluster and the zero one be snapshots without objects.
func (c *Cluster) orEmpty() *Cluster {
	if c == nil || c.view == nil {
		return empty()
	}
	return c
}

// With adds objects, or puts them in the place of those of the same kind,
// namespace and name. On an error, as of New, the cluster is as before.
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

// Without removes objects, which are known by kind, namespace and name alone.
// One that is not there is an error. Pods stay when their node goes: collecting
// them is not the snapshot's business.
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

// reindex gives the cluster a pod index and an account of its own unless those
// of the old one serve.
func (c *Cluster) reindex(old *Cluster, nodes ...*corev1.Node) *Cluster {
	if c.view.nodeNames != old.view.nodeNames || !sameTable(c.pods, old.pods) {
		c.byNode, c.derived = newPodIndex(c), &Memo{}
	} else if !old.allocates(nodes) {
		c.derived = &Memo{}
	}
	return c
}

// allocates says whether the nodes, which the cluster has, offer here what they say.
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

// with gives the view with nodes, ascending by name, added or replaced.
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

// Edit changes one node. All mistakes in the edits are reported at once.
// It costs about a copy of the node.
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

// EditAll changes every node of the set; one that the cluster does not have is an error.
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

// Node gives a copy of the node.
func (c *Cluster) Node(name string) (*corev1.Node, bool) {
	c = c.orEmpty()
	n, ok := c.view.find(name)
	if !ok {
		return nil, false
	}
	return n.DeepCopy(), true
}

// Manifest gives a copy of every object, each kind ascending by namespace and
// name. New makes an equal snapshot of it.
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

package cluster

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/snapshot"
)

// Cluster is an immutable snapshot of nodes and of the objects that decide where
// pods run. Every change returns a new Cluster that shares what did not change; the
// old one stays valid. A nil Cluster and the zero Cluster have no objects. A Cluster
// is safe for concurrent use.
type Cluster snapshot.Snapshot

// New returns a snapshot of objects as an API server stores them. It neither
// defaults nor validates; Manifest.Cluster does both. It accepts every kind that a
// Manifest has a slice for, in any order, and keeps copies. Each object needs its
// name and, if its kind is namespaced, its namespace. The error names every object
// that is nil, unnamed, of another kind or repeated.
func New(objects ...runtime.Object) (*Cluster, error) {
	s, err := snapshot.New(objects, runtime.Object.DeepCopyObject)
	return (*Cluster)(s), err
}

// Adopt is New without the copies. The objects then belong to the snapshot and must
// not be modified any more, like objects of an informer's cache. It saves several µs
// per node.
func Adopt(objects ...runtime.Object) (*Cluster, error) {
	s, err := snapshot.New(objects, func(o runtime.Object) runtime.Object { return o })
	return (*Cluster)(s), err
}

// snapshot returns the cluster with the methods that do not copy.
func (c *Cluster) snapshot() *snapshot.Snapshot { return (*snapshot.Snapshot)(c) }

// With returns a changed copy: the given objects are added. An object replaces an
// object of the same kind, namespace and name. With returns the errors of New.
func (c *Cluster) With(objects ...runtime.Object) (*Cluster, error) {
	s, err := c.snapshot().With(objects, runtime.Object.DeepCopyObject)
	return (*Cluster)(s), err
}

// Without returns a changed copy: the given objects are removed. Only their kind,
// namespace and name are used. An object that the cluster does not have is an error. The pods of a
// removed node stay: a snapshot does not collect garbage.
func (c *Cluster) Without(objects ...runtime.Object) (*Cluster, error) {
	s, err := c.snapshot().Without(objects)
	return (*Cluster)(s), err
}

// Edit returns a changed copy: edits are applied to one node. The error names every
// mistake in the edits. The cost is about that of copying the node.
func (c *Cluster) Edit(node string, edits ...NodeEdit) (*Cluster, error) {
	positions, err := c.snapshot().Positions(node)
	if err != nil {
		return nil, errors.Join(err, checkEdits(edits))
	}
	if err := checkEdits(edits); err != nil {
		return nil, fmt.Errorf("Node %s: %w", node, err)
	}
	return c.edit(positions, edits), nil
}

// EditAll returns a changed copy: edits are applied to every node in the set. A node
// that the cluster does not have is an error.
func (c *Cluster) EditAll(nodes NodeSet, edits ...NodeEdit) (*Cluster, error) {
	positions, err := c.snapshot().Positions(nodes.Names()...)
	if err := errors.Join(checkEdits(edits), err); err != nil {
		return nil, err
	}
	return c.edit(positions, edits), nil
}

func (c *Cluster) edit(positions []int, edits []NodeEdit) *Cluster {
	return (*Cluster)(c.snapshot().Edit(positions, func(n *corev1.Node) *corev1.Node { return edited(n, edits) }))
}

// Node returns a copy of the named node, and whether it exists.
func (c *Cluster) Node(name string) (*corev1.Node, bool) {
	n, ok := c.snapshot().Node(name)
	if !ok {
		return nil, false
	}
	return n.DeepCopy(), true
}

// MarshalJSON returns an error: a Cluster has no JSON form. Manifest.WriteYAML writes
// a cluster as YAML.
func (c *Cluster) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a Cluster has no JSON form: write it with Cluster.Manifest and Manifest.WriteYAML")
}

// Manifest returns a copy of every object, each kind ascending by namespace and
// name. New makes an equal snapshot from it.
func (c *Cluster) Manifest() *Manifest {
	s := c.snapshot()
	return &Manifest{
		Version:              c.told(),
		Nodes:                copies(s.NodeList()),
		Pods:                 copies(s.Pods()),
		Namespaces:           copies(s.Namespaces()),
		DaemonSets:           copies(s.DaemonSets()),
		ControllerRevisions:  copies(s.ControllerRevisions()),
		Deployments:          copies(s.Deployments()),
		ReplicaSets:          copies(s.ReplicaSets()),
		StatefulSets:         copies(s.StatefulSets()),
		Services:             copies(s.Services()),
		PodDisruptionBudgets: copies(s.PodDisruptionBudgets()),
		PriorityClasses:      copies(s.PriorityClasses()),
		ServiceAccounts:      copies(s.ServiceAccounts()),
		LimitRanges:          copies(s.LimitRanges()),
		ResourceQuotas:       copies(s.ResourceQuotas()),
		RuntimeClasses:       copies(s.RuntimeClasses()),
	}
}

func copies[T interface{ DeepCopy() T }](objects []T) []T {
	out := slices.Clone(objects)
	for i, o := range out {
		out[i] = o.DeepCopy()
	}
	return out
}

// Package borrow lets berth's own packages read a cluster without copies.
package borrow

import (
	"iter"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/snapshot"
)

// From returns the snapshot behind a cluster. It allocates nothing.
func From(c *cluster.Cluster) *snapshot.Snapshot { return (*snapshot.Snapshot)(c) }

// Nodes yields the nodes of a set, ascending by name, without copies.
func Nodes(s cluster.NodeSet) iter.Seq[*corev1.Node] { return snapshot.Set(s).All() }

// Words returns the members of a set as positions in the cluster. See
// snapshot.Snapshot.Words.
func Words(c *cluster.Cluster, s cluster.NodeSet) []uint64 {
	return From(c).Words(snapshot.Set(s))
}

// Set returns the set with these members, as positions in the cluster. See
// snapshot.Snapshot.Set.
func Set(c *cluster.Cluster, members []uint64) cluster.NodeSet {
	return cluster.NodeSet(From(c).Set(members))
}

// Package hook connects packages placement and internal/room without an import
// cycle: placement has the implementation and sets Placement when it is
// initialized; internal/room offers it to berth's other packages.
package hook

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

// Placement is the implementation, of the type that internal/room declares.
var Placement any

// Room tracks the nodes of a cluster and their pods as the scheduler does
// (pkg/scheduler/framework/types.go: NodeInfo): what each node can allocate and
// what its pods have left. Nodes are addressed by position, as in
// snapshot.Snapshot. At a position without a node nothing fits and nothing is
// counted.
//
// Pods can be added and removed. A Clone costs a pointer per 64 nodes. The
// first later change to one of the 64 costs a copy of their block. Concurrent
// calls of Clone are safe; otherwise a Room is not safe for concurrent use.
type Room interface {
	// Len returns the number of nodes.
	Len() int
	// Clone returns an independent copy.
	Clone() Room
	// Add adds a pod to a node. It checks nothing: a pod may be bound where it
	// does not fit.
	Add(l Load, position int)
	// Remove removes a pod that was added, with the same load or an equal one
	// of the same name.
	Remove(l Load, position int)
	// SetNode replaces a node. The pods there keep what they have taken. At
	// position Len it appends a node. A nil node means no node: nothing fits
	// there, and no topology counts its pods. The node must not be changed
	// afterwards.
	//
	// The first call copies the list of nodes. After a change of labels or
	// taints, questions about other pods are computed again.
	SetNode(position int, node *corev1.Node)
	// Over moves the room to another snapshot. Its nodes must have the same
	// names and allocatable amounts. Labels and taints may differ, and so may
	// all objects except pods. Questions about other pods are computed again. A
	// snapshot with a different number of nodes changes nothing.
	Over(c *cluster.Cluster)
}

// Load is what a pod takes from its node and what it means to other pods. It is
// computed once and can be added to many nodes. A nil Load stands for a pod
// that takes nothing. A Load is safe for concurrent use.
type Load interface {
	// Leaving returns the load of the pod while it is being deleted, always the
	// same one. It still takes its resources but no longer counts for topology
	// spread.
	Leaving() Load
}

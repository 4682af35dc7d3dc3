// Package room is the part of package placement that only berth's own packages
// use: the usage of nodes by pods that come and go, and predictions on it.
package room

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/room/hook"
	"github.com/berthsim/berth/placement"
)

// Room tracks the nodes of a cluster and their pods.
type Room = hook.Room

// Load is what a pod takes from its node.
type Load = hook.Load

// impl is the implementation of the functions of this package.
var impl = hook.Placement.(interface {
	NewRoom(c *cluster.Cluster) Room
	LoadOfPod(pod *corev1.Pod) Load
	LoadsOfPods(c *cluster.Cluster) []Load
	LoadOfWorkload(w *placement.Workload) Load
	Fits(r Room, w *placement.Workload, position int) bool
	Why(r Room, w *placement.Workload, position int) []placement.FilterReason
	Predict(p *placement.Prediction, r Room) *placement.Prediction
	WithSurge(w *placement.Workload) *placement.Workload
	WithWebhooks(w *placement.Workload, admit func(*corev1.Pod)) *placement.Workload
	Bind(p *placement.Prediction, pod string, seed uint64) (placement.Replica, bool)
})

// New returns a room with the nodes of a cluster and the pods bound to them
// that are not Succeeded or Failed. The first room of a snapshot costs some µs
// per pod. Later rooms cost a Clone, also for snapshots that differ only in
// labels, taints or conditions of nodes.
func New(c *cluster.Cluster) Room { return impl.NewRoom(c) }

// LoadOfPod returns the load of a pod that runs or will run, with the in-place
// resizes in its status. It costs a few µs.
func LoadOfPod(pod *corev1.Pod) Load { return impl.LoadOfPod(pod) }

// LoadsOfPods returns LoadOfPod for each pod of a cluster, in the order of its pods. It
// costs about a µs per pod the first time.
func LoadsOfPods(c *cluster.Cluster) []Load { return impl.LoadsOfPods(c) }

// LoadOfWorkload returns the load of the workload's pod.
func LoadOfWorkload(w *placement.Workload) Load { return impl.LoadOfWorkload(w) }

// Fits reports whether the scheduler's filters NodePorts, NodeResourcesFit,
// PodTopologySpread and InterPodAffinity let the workload's pod onto the node,
// with the pods that are in the room now. It does not look at what
// Workload.Check looks at.
//
// If the workload depends on where other pods are, or the room has pods that
// do, the first question costs a look at every pod or kind of pod. Later
// questions cost only what has changed.
func Fits(r Room, w *placement.Workload, position int) bool { return impl.Fits(r, w, position) }

// Why returns every reason why Fits rejects a node, or nil if the pod fits. The
// scheduler itself returns only the first reason of PodTopologySpread and of
// InterPodAffinity.
func Why(r Room, w *placement.Workload, position int) []placement.FilterReason {
	return impl.Why(r, w, position)
}

// Predict returns the prediction for the nodes and pods of a room, as it is now.
// Later changes to the room do not affect questions asked before; the room must
// not be changed during a question. Eligibility is not judged again. If the
// number of nodes differs, the prediction has no nodes.
func Predict(p *placement.Prediction, r Room) *placement.Prediction { return impl.Predict(p, r) }

// WithSurge returns the workload as it is in the middle of a surge. Predict
// then treats the workload's own running pods as other pods. It also assumes
// that every node that is to have a pod of the DaemonSet and has none yet has a
// pod of the same template. On a node that is Placed then, the old pod and the
// new pod can run at once. On every other node an update with maxSurge leaves
// the new pod pending beside the old one.
func WithSurge(w *placement.Workload) *placement.Workload { return impl.WithSurge(w) }

// WithWebhooks returns the workload with the mutating webhooks that change its new pods,
// or w if admit is nil.
func WithWebhooks(w *placement.Workload, admit func(*corev1.Pod)) *placement.Workload {
	return impl.WithWebhooks(w, admit)
}

// Bind returns the node that the scheduler would bind the pod of ForPod to now,
// under the given name. It is the only node that passes the filters, or the best
// of several; among equal nodes the seed draws one for the pod
// (pkg/scheduler/schedule_one.go: schedulePod). Bind returns false if there is
// no node; String and ScoreError explain why. It also returns false for the pods
// of a DaemonSet, which are made for one node each.
func Bind(p *placement.Prediction, pod string, seed uint64) (placement.Replica, bool) {
	return impl.Bind(p, pod, seed)
}

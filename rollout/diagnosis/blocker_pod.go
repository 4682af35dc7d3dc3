package diagnosis

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/rollout/internal/probe"
)

// blockerOf returns what blocks a pod.
func (x *diagnoser) blockerOf(id int32, p *probe.Pod) Blocker {
	switch {
	case !p.Bound && (p.AnyNode || p.Gated || p.Foreign):
		return unbound(p)
	case !p.NodeExists:
		return BlockerNodeDeleted
	case p.Evicted:
		return BlockerEvictionLoop
	case p.Held:
		return BlockerNodeNotReady
	case p.Rejected:
		return BlockerRejected
	case !p.Bound:
		return x.schedulingBlocker(id)
	case p.Node.Down:
		return BlockerNodeDown
	case p.Terminating:
		return BlockerTerminating
	case p.Node.PodsUnready:
		return BlockerPodsNotReady
	case p.Crashing:
		return BlockerCrashLoopBackOff
	case p.Phase == corev1.PodPending && p.Pulling:
		return BlockerImagePullBackOff
	case p.Phase == corev1.PodPending:
		return BlockerNotStarted
	case p.Phase == corev1.PodRunning:
		return BlockerNotReady
	}
	return BlockerUnknown
}

// filters maps plugins of the scheduler to blockers.
var filters = map[string]Blocker{
	"NodeUnschedulable": BlockerTaintToleration,
	"TaintToleration":   BlockerTaintToleration,
	"NodeName":          BlockerNodeAffinity,
	"NodeAffinity":      BlockerNodeAffinity,
	"NodePorts":         BlockerNodePorts,
	"NodeResourcesFit":  BlockerNodeResourcesFit,
	"PodTopologySpread": BlockerPodTopologySpread,
	"InterPodAffinity":  BlockerInterPodAffinity,
}

// schedulingBlocker returns the first reason why the scheduler does not bind a
// DaemonSet's pod to its node.
func (x *diagnoser) schedulingBlocker(id int32) Blocker {
	why := x.probe.Against(id)
	if len(why) == 0 {
		return BlockerUnknown
	}
	if old := x.probe.Neighbours(id, true); len(old) > 0 && x.probe.FitsWithout(id, old) {
		return BlockerNoRoomForSurge
	}
	if o, ok := filters[why[0].Plugin]; ok {
		return o
	}
	return BlockerUnknown
}

// ofImage reports whether the pod's images may be why it is blocked.
func (o Blocker) ofImage() bool {
	switch o {
	case BlockerNotStarted, BlockerImagePullBackOff, BlockerCrashLoopBackOff, BlockerRejected, BlockerNotReady:
		return true
	}
	return false
}

package diagnosis

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/enum"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Blocker is what stops a pod and does not end by itself.
type Blocker uint8

const (
	BlockerNodeDown          Blocker = iota + 1 // its kubelet is down
	BlockerNodeNotReady                         // its condition Ready is False
	BlockerPodsNotReady                         // something on the node keeps pods from being ready
	BlockerTerminating                          // it is terminating and is not removed
	BlockerNotStarted                           // it is bound and does not start
	BlockerImagePullBackOff                     // its image cannot be pulled
	BlockerCrashLoopBackOff                     // its containers exit before it is available
	BlockerRejected                             // the kubelet rejects it, and each successor
	BlockerNotReady                             // it runs and is not ready
	BlockerNodeResourcesFit                     // its requests exceed the free resources of the node
	BlockerNodePorts                            // another pod uses its host port
	BlockerNoRoomForSurge                       // with surge: it would fit without the old pod
	BlockerTaintToleration                      // the node has got a taint since it was created
	BlockerNodeAffinity                         // the node has lost a label since it was created
	BlockerPodTopologySpread                    // a topology spread constraint
	BlockerInterPodAffinity                     // pod affinity or anti-affinity
	BlockerEvictionLoop                         // it tolerates a NoExecute taint for a time only, and so does each successor
	BlockerNodeDeleted                          // its node was removed
	BlockerEmptySelector                        // the DaemonSet's selector is empty
	BlockerSelectorMismatch                     // the DaemonSet's selector does not match its own template
	BlockerInvalidStrategy                      // its type is unknown, or it allows nothing
	BlockerUnschedulable                        // no node fits a Deployment's pod
	BlockerFailedCreate                         // the API server refuses pods of the template
	BlockerPaused                               // the Deployment is paused
	BlockerUnknown                              // none of the others
)

// blockers lists the name, the law behind it, and words for the affected nodes, or
// pods of a Deployment.
var blockers = [BlockerUnknown + 1]blockerRow{
	BlockerNodeDown:          {"NodeDown", KubeletConfirms, "%s down, where pods neither stop nor start", "%s on a node that is down"},
	BlockerNodeNotReady:      {"NodeNotReady", NodeTakesPodsAlong, "%s not ready, and so are the pods there", "%s on a node that is not ready"},
	BlockerPodsNotReady:      {"PodsNotReady", ReadyThenAvailable, "%s kept from having pods that are ready", "%s on a node where pods are kept from being ready"},
	BlockerTerminating:       {"Terminating", OneAfterTheOther, "%s held by a pod that is on its way out and does not go", "%s on the way out and not going"},
	BlockerNotStarted:        {"NotStarted", ReadyThenAvailable, "%s given a pod that does not start", "%s not starting"},
	BlockerImagePullBackOff:  {"ImagePullBackOff", PullsBackOff, "%s unable to pull the pod's image", "%s waiting for an image that cannot be pulled"},
	BlockerCrashLoopBackOff:  {"CrashLoopBackOff", RestartsBackOff, "%s given a pod whose container ends again and again", "%s crashing again and again"},
	BlockerRejected:          {"Rejected", KubeletsReject, "%s rejecting the pod, which is made again for ever", "%s rejected by the kubelet, and made again for ever"},
	BlockerNotReady:          {"NotReady", ReadyThenAvailable, "%s given a pod that does not become ready", "%s running and not ready"},
	BlockerNodeResourcesFit:  {"NodeResourcesFit", RequestsMustFit, "%s too full for the pod", ""},
	BlockerNodePorts:         {"NodePorts", PortsAreExclusive, "%s without the host port that the pod asks for", ""},
	BlockerNoRoomForSurge:    {"NoRoomForSurge", SurgeIsSpent, "%s without room for the new pod beside the old one", ""},
	BlockerTaintToleration:   {"TaintToleration", TaintsKeepOut, "%s tainted after the pod was created for it", ""},
	BlockerNodeAffinity:      {"NodeAffinity", LabelsKeepOut, "%s relabelled after the pod was created for it", ""},
	BlockerPodTopologySpread: {"PodTopologySpread", SpreadMustHold, "%s closed to the pod by a topology spread constraint", ""},
	BlockerInterPodAffinity:  {"InterPodAffinity", NeighboursMustSuit, "%s closed to the pod by other pods", ""},
	BlockerEvictionLoop:      {"EvictionLoop", TurnsOutInTime, "%s tainted so that each pod is turned out after a time, and made again for ever", ""},
	BlockerNodeDeleted:       {"NodeDeleted", LostNodeFailsSurge, "%s gone, and its pod is still there", "%s on a node that is gone"},
	BlockerEmptySelector:     {"EmptySelector", SelectorMustSelect, "the selector is empty", ""},
	BlockerSelectorMismatch:  {"SelectorMismatch", SelectorMustMatch, "the selector does not match the template, and pods are made without end", ""},
	BlockerInvalidStrategy:   {"InvalidStrategy", AmountsMustParse, "the update strategy cannot be carried out", ""},
	BlockerUnschedulable:     {"Unschedulable", SomeNodeMustFit, "", "%s without a node that takes it"},
	BlockerFailedCreate:      {"FailedCreate", PodsMustBeValid, "the API server takes no pod of the template", ""},
	BlockerPaused:            {"Paused", PausedIsLeft, "it is paused", ""},
	BlockerUnknown:           {"Unknown", EndsWhenAvailable, "%s not as wanted", "%s not as wanted"},
}

type blockerRow struct {
	name  string
	law   Law
	words string
	pods  string
}

var blockerNames = enum.In[Blocker](blockers[:], func(row blockerRow) string { return row.name })

// String returns the name of the blocker.
func (o Blocker) String() string { return blockerNames.String(o) }

// Reference returns the rule of Kubernetes behind the blocker.
func (o Blocker) Reference() Law {
	if o > 0 && int(o) < len(blockers) {
		return blockers[o].law
	}
	return EndsWhenAvailable
}

// MarshalText returns the name of the blocker.
func (o Blocker) MarshalText() ([]byte, error) { return blockerNames.MarshalText(o) }

// UnmarshalText reads the name of a blocker.
func (o *Blocker) UnmarshalText(text []byte) error { return blockerNames.UnmarshalText(o, text) }

// obstacle returns what blocks a pod.
func (x *diagnoser) obstacle(id int32, p *probe.Pod) Blocker {
	switch {
	case p.AnyNode && !p.Bound:
		return BlockerUnschedulable
	case !p.NodeExists:
		return BlockerNodeDeleted
	case p.Expelled:
		return BlockerEvictionLoop
	case p.Rejected:
		return BlockerRejected
	case !p.Bound:
		return x.schedulingObstacle(id)
	case p.Node.Down:
		return BlockerNodeDown
	case p.Terminating:
		return BlockerTerminating
	case p.Node.Unready:
		return BlockerNodeNotReady
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

// filters are the obstacles that plugins of the scheduler stand for.
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

// schedulingObstacle returns the first thing that the scheduler has against the node
// of a DaemonSet's pod.
func (x *diagnoser) schedulingObstacle(id int32) Blocker {
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

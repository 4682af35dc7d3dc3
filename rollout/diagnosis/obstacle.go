package diagnosis

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/enum"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Obstacle is what keeps a pod from being as wanted and does not go by itself.
type Obstacle uint8

const (
	NodeIsDown       Obstacle = iota + 1 // its kubelet is gone
	NodeIsUnready                        // its condition Ready is False
	PodsHeldUnready                      // something on the node keeps pods from being ready
	NeverStops                           // it is on its way out and does not go
	NeverStarts                          // it is bound and does not run
	CannotPull                           // its image
	KeepsCrashing                        // its containers end before it is available
	KeepsRejecting                       // the kubelet fails it, and each that takes its place
	NeverGetsReady                       // it runs and is not ready
	Exhausted                            // what the node has left does not cover its requests
	PortTaken                            // another pod has its host port
	NoRoomBesideOld                      // with surge: it would fit without the old pod
	Untolerated                          // the node has got a taint since it was created
	Mismatched                           // the node has lost a label since it was created
	Unbalanced                           // a topology spread constraint
	BadNeighbours                        // pod affinity or anti-affinity
	TurnedOutAgain                       // it tolerates a NoExecute taint for a time only, and so does each that takes its place
	PodOnLostNode                        // its node is gone
	EmptySelector                        // of the DaemonSet
	TemplateDiffers                      // the DaemonSet's selector does not match its own template
	StrategyUnusable                     // its type is unknown, or it allows nothing
	FitsNowhere                          // no node takes a Deployment's pod
	CreationRefused                      // the API server takes no pod of the template
	IsPaused                             // the Deployment
	UnknownObstacle                      // none of these
)

// obstacles lists the name, the law behind it, and words for the affected nodes, or
// pods of a Deployment.
var obstacles = [UnknownObstacle + 1]obstacleRow{
	NodeIsDown:       {"NodeIsDown", KubeletConfirms, "%s down, where pods neither stop nor start", "%s on a node that is down"},
	NodeIsUnready:    {"NodeIsUnready", NodeTakesPodsAlong, "%s not ready, and so are the pods there", "%s on a node that is not ready"},
	PodsHeldUnready:  {"PodsHeldUnready", ReadyThenAvailable, "%s kept from having pods that are ready", "%s on a node where pods are kept from being ready"},
	NeverStops:       {"NeverStops", OneAfterTheOther, "%s held by a pod that is on its way out and does not go", "%s on the way out and not going"},
	NeverStarts:      {"NeverStarts", ReadyThenAvailable, "%s given a pod that does not start", "%s not starting"},
	CannotPull:       {"CannotPull", PullsBackOff, "%s unable to pull the pod's image", "%s waiting for an image that cannot be pulled"},
	KeepsCrashing:    {"KeepsCrashing", RestartsBackOff, "%s given a pod whose container ends again and again", "%s crashing again and again"},
	KeepsRejecting:   {"KeepsRejecting", KubeletsReject, "%s rejecting the pod, which is made again for ever", "%s rejected by the kubelet, and made again for ever"},
	NeverGetsReady:   {"NeverGetsReady", ReadyThenAvailable, "%s given a pod that does not become ready", "%s running and not ready"},
	Exhausted:        {"Exhausted", RequestsMustFit, "%s too full for the pod", ""},
	PortTaken:        {"PortTaken", PortsAreExclusive, "%s without the host port that the pod asks for", ""},
	NoRoomBesideOld:  {"NoRoomBesideOld", SurgeIsSpent, "%s without room for the new pod beside the old one", ""},
	Untolerated:      {"Untolerated", TaintsKeepOut, "%s tainted after the pod was created for it", ""},
	Mismatched:       {"Mismatched", LabelsKeepOut, "%s relabelled after the pod was created for it", ""},
	Unbalanced:       {"Unbalanced", SpreadMustHold, "%s closed to the pod by a topology spread constraint", ""},
	BadNeighbours:    {"BadNeighbours", NeighboursMustSuit, "%s closed to the pod by other pods", ""},
	TurnedOutAgain:   {"TurnedOutAgain", TurnsOutInTime, "%s tainted so that each pod is turned out after a time, and made again for ever", ""},
	PodOnLostNode:    {"PodOnLostNode", LostNodeFailsSurge, "%s gone, and its pod is still there", "%s on a node that is gone"},
	EmptySelector:    {"EmptySelector", SelectorMustSelect, "the selector is empty", ""},
	TemplateDiffers:  {"TemplateDiffers", SelectorMustMatch, "the selector does not match the template, and pods are made without end", ""},
	StrategyUnusable: {"StrategyUnusable", AmountsMustParse, "the update strategy cannot be carried out", ""},
	FitsNowhere:      {"FitsNowhere", SomeNodeMustFit, "", "%s without a node that takes it"},
	CreationRefused:  {"CreationRefused", PodsMustBeValid, "the API server takes no pod of the template", ""},
	IsPaused:         {"IsPaused", PausedIsLeft, "it is paused", ""},
	UnknownObstacle:  {"UnknownObstacle", EndsWhenAvailable, "%s not as wanted", "%s not as wanted"},
}

type obstacleRow struct {
	name  string
	law   Law
	words string
	pods  string
}

var obstacleNames = enum.In[Obstacle](obstacles[:], func(row obstacleRow) string { return row.name })

// String is the name of the obstacle.
func (o Obstacle) String() string { return obstacleNames.String(o) }

// Law returns the rule of Kubernetes behind the obstacle.
func (o Obstacle) Law() Law {
	if o > 0 && int(o) < len(obstacles) {
		return obstacles[o].law
	}
	return EndsWhenAvailable
}

// MarshalText makes an obstacle its name in JSON.
func (o Obstacle) MarshalText() ([]byte, error) { return obstacleNames.MarshalText(o) }

// UnmarshalText reads the name of an obstacle.
func (o *Obstacle) UnmarshalText(text []byte) error { return obstacleNames.UnmarshalText(o, text) }

// obstacle returns what keeps a pod from being as wanted.
func (x *examination) obstacle(id int32, p *probe.Pod) Obstacle {
	switch {
	case p.AnyNode && !p.Bound:
		return FitsNowhere
	case !p.NodeExists:
		return PodOnLostNode
	case p.Expelled:
		return TurnedOutAgain
	case p.Rejected:
		return KeepsRejecting
	case !p.Bound:
		return x.schedulingObstacle(id)
	case p.Node.Down:
		return NodeIsDown
	case p.Terminating:
		return NeverStops
	case p.Node.Unready:
		return NodeIsUnready
	case p.Node.PodsUnready:
		return PodsHeldUnready
	case p.Crashing:
		return KeepsCrashing
	case p.Phase == corev1.PodPending && p.Pulling:
		return CannotPull
	case p.Phase == corev1.PodPending:
		return NeverStarts
	case p.Phase == corev1.PodRunning:
		return NeverGetsReady
	}
	return UnknownObstacle
}

// filters are the obstacles that plugins of the scheduler stand for.
var filters = map[string]Obstacle{
	"NodeUnschedulable": Untolerated,
	"TaintToleration":   Untolerated,
	"NodeName":          Mismatched,
	"NodeAffinity":      Mismatched,
	"NodePorts":         PortTaken,
	"NodeResourcesFit":  Exhausted,
	"PodTopologySpread": Unbalanced,
	"InterPodAffinity":  BadNeighbours,
}

// schedulingObstacle returns the first thing that the scheduler has against the node
// of a DaemonSet's pod.
func (x *examination) schedulingObstacle(id int32) Obstacle {
	why := x.probe.Against(id)
	if len(why) == 0 {
		return UnknownObstacle
	}
	if old := x.probe.Neighbours(id, true); len(old) > 0 && x.probe.FitsWithout(id, old) {
		return NoRoomBesideOld
	}
	if o, ok := filters[why[0].Plugin]; ok {
		return o
	}
	return UnknownObstacle
}

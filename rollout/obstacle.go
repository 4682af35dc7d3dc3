package rollout

import "github.com/berthsim/berth/internal/enum"

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

// obstacles have a name, the law behind them and words for the nodes that are
// affected, or of a Deployment the pods.
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

// Law is the rule of Kubernetes that makes it one.
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

// obstacle is what is in the way of a pod that is not as wanted.
func (s *Sim) obstacle(d *daemon, id int32) Obstacle {
	p := &s.pods[id]
	switch node := &s.nodes[p.node]; {
	case !node.there():
		return PodOnLostNode
	case s.expelledForEver(d, p.node) != none:
		return TurnedOutAgain
	case s.rejectsForEver(p):
		return KeepsRejecting
	case !p.is(bound):
		return s.schedulingObstacle(d, id)
	}
	return s.kubeletObstacle(p)
}

// kubeletObstacle is what is in the way of a bound pod on a node that there is.
func (s *Sim) kubeletObstacle(p *pod) Obstacle {
	switch node := &s.nodes[p.node]; {
	case node.is(isDown):
		return NodeIsDown
	case p.is(terminating):
		return NeverStops
	case node.is(isUnready):
		return NodeIsUnready
	case node.is(podsUnready):
		return PodsHeldUnready
	case p.is(loops):
		return KeepsCrashing
	case p.phase == pending && p.is(pulls):
		return CannotPull
	case p.phase == pending:
		return NeverStarts
	case p.phase == running:
		return NeverGetsReady
	}
	return UnknownObstacle
}

// endless is the pod with which something happens again and again on the node,
// for ever and in vain; none if there is none. No time needs to pass to know: what a
// node or an image does to pods stays until an input changes it.
func (s *Sim) endless(d *daemon, node int32) int32 {
	if d.marks[node]&desired == 0 || !s.nodes[node].works() {
		return none
	}
	if id := s.expelledForEver(d, node); id != none {
		return id
	}
	for id := d.head[node]; id != none; id = s.pods[id].next {
		p := &s.pods[id]
		if !p.is(terminating) && s.fresh[p.class] && (s.rejectsForEver(p) || s.crashesForEver(p, d.minReady)) {
			return id
		}
	}
	return none
}

// expelledForEver is a bound pod that is turned out, whatever else happens, and the
// DaemonSet makes the same again; none if there is none. With surge it may be the
// new one beside an old one that stays.
func (s *Sim) expelledForEver(d *daemon, node int32) int32 {
	if !s.nodes[node].is(expels) || d.head[node] == none || !s.turnsOutAgain(d, node) {
		return none
	}
	for id := d.head[node]; id != none; id = s.pods[id].next {
		if p := &s.pods[id]; p.is(bound) && p.due != none {
			return id
		}
	}
	return none
}

// rejectsForEver: the pod is Failed or will be as soon as the kubelet sees it, and so
// will be the next one.
func (s *Sim) rejectsForEver(p *pod) bool {
	return p.is(bound) && (p.phase == failed || p.phase == pending && !p.is(pulls)) && s.troubleOf(p).kind == rejection
}

// crashesForEver: a run of the container is too short for the pod to be available.
func (s *Sim) crashesForEver(p *pod, minReady stamp) bool {
	return p.is(loops) && s.troubleOf(p).after-s.pace(p).ready < max(minReady, 1)
}

// schedulingObstacle is the first thing that the scheduler has against the pod's
// node, in the order of its filters.
func (s *Sim) schedulingObstacle(d *daemon, id int32) Obstacle {
	why := s.against(&s.pods[id])
	switch {
	case len(why) == 0:
		return UnknownObstacle
	case s.fitsAlone(d, id):
		return NoRoomBesideOld
	}
	switch why[0].Plugin {
	case "NodeUnschedulable", "TaintToleration":
		return Untolerated
	case "NodeName", "NodeAffinity":
		return Mismatched
	case "NodePorts":
		return PortTaken
	case "NodeResourcesFit":
		return Exhausted
	case "PodTopologySpread":
		return Unbalanced
	case "InterPodAffinity":
		return BadNeighbours
	}
	return UnknownObstacle
}

// fitsAlone says whether the pod would fit if the DaemonSet's other pods on its
// node were not there.
func (s *Sim) fitsAlone(d *daemon, id int32) bool {
	p := &s.pods[id]
	var others []int32
	for other := d.head[p.node]; other != none; other = s.pods[other].next {
		if s.pods[other].is(bound) && !s.pods[other].terminal() {
			others = append(others, other)
		}
	}
	if len(others) == 0 || s.room == nil || s.position[p.node] == none {
		return false
	}
	f := *s
	f.room = s.room.Clone()
	for _, other := range others {
		f.seat(&s.pods[other], false)
	}
	return f.fits(p)
}

package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// deploymentExam is a Deployment that is stuck and what is found out about it.
type deploymentExam struct {
	ward
	d *deployment

	whole   Obstacle  // of the Deployment as a whole, or 0
	detail  string    // of whole
	pods    []Culprit // that must come to be as wanted
	blocked []string  // old pods that wait
	used    int       // new pods that are not available
	budget  int       // how many need not be
}

// stuckDeployment says whether the rollout of the Deployment does not end: nothing
// is still to happen to its pods, or what happens comes again and again, which a
// fork tries, for the next pod may come to another node.
func (s *Sim) stuckDeployment(d *deployment) bool {
	switch {
	case s.wantsAny(d):
		return false
	case s.nextForReplicas(d) > s.last:
		return !d.done()
	case !s.goesRoundAny(d):
		return false
	}
	f := s.Fork()
	f.inputs = nil
	f.rest(owner{deployment: d.key})
	still := f.deployments.find(d.key)
	return still != nil && !still.done() && f.goesRoundAny(still)
}

func (s *Sim) goesRoundAny(d *deployment) bool {
	return d.current != none && slices.ContainsFunc(s.sets.at[d.current].pods, s.goesRoundInVain)
}

// goesRoundInVain: the pod of a ReplicaSet fails, and so will the next, or its
// container ends before it is available.
func (s *Sim) goesRoundInVain(id int32) bool {
	p := &s.pods[id]
	return p.live() && p.is(bound) && p.evict == never && s.nodes[p.node].works() &&
		(s.rejectsForEver(p) || s.crashesForEver(p, s.sets.at[p.set].minReady()))
}

// examineDeployment looks at every pod. The simulation itself is left alone.
func (s *Sim) examineDeployment(key string) *deploymentExam {
	f := s.Fork()
	f.inputs = nil
	x := &deploymentExam{d: f.deployments.find(key)}
	x.ward = ward{sim: f, namespace: x.d.object.Namespace, patient: x}
	x.wholeObstacle()
	for _, slot := range x.d.mine {
		for _, id := range f.sets.at[slot].pods {
			x.look(id, slot == x.d.current)
		}
	}
	slices.SortFunc(x.pods, func(a, b Culprit) int { return strings.Compare(a.Pod, b.Pod) })
	slices.Sort(x.blocked)
	x.readBudget()
	switch {
	case x.whole != 0 || len(x.pods) > 0:
	case x.d.object.Spec.Paused:
		x.whole = IsPaused
	default:
		x.whole = UnknownObstacle
	}
	return x
}

// wholeObstacle is what is wrong with the Deployment whatever its pods.
func (x *deploymentExam) wholeObstacle() {
	switch current := x.sim.currentSet(x.d); {
	case x.d.deleting:
	case x.d.selectsNothing():
		x.whole = EmptySelector
	case x.d.failure != "":
		x.whole, x.detail = StrategyUnusable, x.d.failure
	case current != nil && current.denied != "":
		x.whole, x.detail = CreationRefused, current.denied
	}
}

// look finds whether the pod is in the way, or waits for its turn.
func (x *deploymentExam) look(id int32, isNew bool) {
	p := &x.sim.pods[id]
	counts := isNew || x.d.object.Spec.Paused
	switch minReady := x.sim.sets.at[p.set].minReady(); {
	case p.terminal() && !x.d.deleting:
	case x.d.deleting, x.d.recreates() && !counts:
		x.pods = append(x.pods, x.culprit(id))
	case p.is(terminating):
	case counts && (p.due == none || x.sim.goesRoundInVain(id)) && !x.sim.availableFor(minReady, p):
		x.pods = append(x.pods, x.culprit(id))
	case !counts:
		x.blocked = append(x.blocked, x.sim.podName(id))
	}
}

// readBudget follows pkg/controller/deployment: reconcileOldReplicaSets.
func (x *deploymentExam) readBudget() {
	current := x.sim.currentSet(x.d)
	if current == nil || len(x.blocked) == 0 {
		return
	}
	for _, slot := range x.d.mine {
		x.budget += int(x.sim.sets.at[slot].size())
	}
	x.budget -= int(x.d.least())
	x.used = int(current.size() - current.status.AvailableReplicas)
}

func (x *deploymentExam) culprit(id int32) Culprit {
	s := x.sim
	p := &s.pods[id]
	c := Culprit{Pod: s.podName(id), Why: s.replicaObstacle(p), Wanted: true}
	if p.node != none {
		c.Node = s.roster[p.node].name
	}
	switch {
	case c.Why == FitsNowhere:
		c.Detail = s.whyUnbound(p)
	case c.Why >= NeverStarts && c.Why <= NeverGetsReady:
		c.Detail = "image " + strings.Join(s.classes[p.class].images(), ", ")
	}
	return c
}

// replicaObstacle is what is in the way of a ReplicaSet's pod.
func (s *Sim) replicaObstacle(p *pod) Obstacle {
	switch {
	case !p.is(bound):
		return FitsNowhere
	case !s.nodes[p.node].there():
		return PodOnLostNode
	case s.rejectsForEver(p):
		return KeepsRejecting
	}
	return s.kubeletObstacle(p)
}

// diagnosis puts it all together.
func (x *deploymentExam) diagnosis() *Diagnosis {
	dx := &Diagnosis{
		Deployment: x.d.key, Tick: int(x.sim.now), Law: x.law(),
		Culprits: x.pods, Blocked: x.blocked, Used: x.used, Of: x.budget, Cause: x.sentence(),
	}
	for _, c := range x.candidates() {
		if r, ok := x.try(c); ok {
			dx.Remedies = append(dx.Remedies, r)
		}
	}
	slices.SortStableFunc(dx.Remedies, cheapest)
	return dx
}

// law is the rule by which the obstacles stop the rollout.
func (x *deploymentExam) law() Law {
	kinds := obstaclesAmong(x.pods)
	switch {
	case x.whole != 0:
		return x.whole.Law()
	case x.d.deleting:
		return ForegroundWaits
	case x.recreating():
		return RecreateWaits
	case len(x.blocked) > 0 && x.used >= x.budget:
		return NewOnesCount
	case len(kinds) == 1:
		return kinds[0].Law()
	}
	return EndsWhenComplete
}

// recreating says whether old pods are in the way of new ones.
func (x *deploymentExam) recreating() bool {
	current := x.sim.currentSet(x.d)
	return x.d.recreates() && !x.d.object.Spec.Paused && (current == nil || len(current.pods) == 0)
}

// sentence is the cause.
func (x *deploymentExam) sentence() string {
	var parts []string
	if x.whole != 0 {
		parts = append(parts, x.wholeWords())
	}
	for _, o := range obstaclesAmong(x.pods) {
		var pods, details []string
		for _, c := range x.pods {
			if c.Why == o {
				pods, details = append(pods, c.Pod), append(details, c.Detail)
			}
		}
		part := fmt.Sprintf(cmp.Or(obstacles[o].pods, obstacles[o].words), podsAre(pods))
		if details = slices.Compact(details); o == FitsNowhere {
			part += " (" + details[0] + ")"
		}
		parts = append(parts, part)
	}
	return x.d.key + " is stuck: " + strings.Join(parts, "; ") + x.consequence()
}

func (x *deploymentExam) wholeWords() string {
	switch {
	case x.whole == UnknownObstacle:
		return "it is not as wanted"
	case x.detail == "":
		return obstacles[x.whole].words
	}
	return obstacles[x.whole].words + ": " + x.detail
}

func podsAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return fmt.Sprintf("%d pods, %s, are", len(names), some(names))
}

// consequence is what the obstacles come to for the rest.
func (x *deploymentExam) consequence() string {
	surge, unavailable := x.d.budget()
	switch {
	case x.d.deleting:
		return "; its deletion waits for that"
	case x.recreating() && x.whole == 0:
		return "; Recreate makes no new pod before they are gone"
	case x.d.object.Spec.Paused && x.whole != IsPaused:
		return "; and it is paused"
	case len(x.blocked) > 0 && x.used >= x.budget:
		return fmt.Sprintf("; maxSurge %d and maxUnavailable %d are used up (%d of %d) and %s", surge, unavailable, x.used, x.budget, oldPodsWait(len(x.blocked)))
	}
	return ""
}

func oldPodsWait(n int) string {
	if n == 1 {
		return "1 old pod waits"
	}
	return fmt.Sprintf("%d old pods wait", n)
}

func (x *deploymentExam) owner() owner { return owner{deployment: x.d.key} }

func (x *deploymentExam) recovered(f *Sim, settled bool) (leaves []string, ok bool) {
	d := f.deployments.find(x.d.key)
	if d == nil {
		return nil, x.d.deleting
	}
	return nil, f.State("deployment/"+x.d.key) == Done
}

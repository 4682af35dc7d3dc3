package rollout

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// preempt evicts pods of lower priority from the node that a DaemonSet's pod is
// aimed at, if that makes room for it; whom, is placement's to say. Until they are
// gone the pod is nominated: nobody whose priority is not higher gets the room,
// and no others are evicted for it (plugins/defaultpreemption:
// PodEligibleToPreemptOthers). It says whether anybody was.
func (s *Sim) preempt(id int32) bool {
	p := &s.pods[id]
	if p.node == none || !s.nodes[p.node].there() || s.nodes[p.node].is(isOpen) || !s.mayPreempt(p) {
		return false
	}
	plan, ok := s.preemption(p)
	if !ok {
		return false
	}
	by := "by " + s.fullName(id) + fmt.Sprintf(" (priority %d)", plan.Priority)
	if plan.Violations > 0 {
		by += fmt.Sprintf(", against %d disruption budgets", plan.Violations)
	}
	victims := map[string]bool{}
	for _, v := range plan.Victims {
		victims[v.Pod] = true
	}
	s.pods[id].flags |= nominated
	evicted := false
	for other := range s.podsOn(p.node) {
		if victims[s.fullName(other)] && !s.pods[other].is(terminating) {
			s.emitPod(Preempted, other, Why{Rule: LowerPriority, Detail: by})
			s.pods[other].flags |= preempted
			s.deletePod(other)
			evicted = true
		}
	}
	return evicted
}

// mayPreempt says whether there is anybody to evict, and nobody is on the way out
// for the pod already.
func (s *Sim) mayPreempt(p *pod) bool {
	lower := false
	for other := range s.podsOn(p.node) {
		q := &s.pods[other]
		if q.terminal() || s.classes[q.class].priority >= s.classes[p.class].priority {
			continue
		}
		if q.is(terminating) && q.is(preempted) && p.is(nominated) {
			return false
		}
		lower = true
	}
	return lower
}

// preemption asks placement about the one node, with its pods and those to whom room
// is promised there (plugins/defaultpreemption: SelectVictimsOnNode), the budgets as
// they are now, and the priority classes.
func (s *Sim) preemption(p *pod) (placement.Preemption, bool) {
	b := s.cluster.Borrow()
	node, _ := b.Node(s.roster[p.node].name)
	objects := []runtime.Object{node}
	w := newPodWriter(s)
	for _, other := range append(s.appendPodsOn(nil, p.node), s.nominees(p)...) {
		object := w.write(other)
		object.OwnerReferences = nil // the pod's own predecessor counts too
		object.Spec.NodeName = node.Name
		object.Spec.Priority = &s.classes[s.pods[other].class].priority
		objects = append(objects, object)
	}
	for _, budget := range b.PodDisruptionBudgets() {
		objects = append(objects, s.counted(budget))
	}
	add(&objects, b.PriorityClasses())
	add(&objects, b.Namespaces())
	c, err := cluster.Adopt(objects...)
	if err != nil {
		return placement.Preemption{}, false // cannot be: the names are distinct
	}
	for plan := range s.classes[p.class].workload.Predict(c).Preemptions() {
		return plan, plan.Never == ""
	}
	return placement.Preemption{}, false
}

// roomFor is the account as the scheduler shows it to the pod: with the pods that
// are nominated to its node and no less important, whose room is not for it
// (pkg/scheduler/framework/runtime: RunFilterPluginsWithNominatedPods).
func (s *Sim) roomFor(p *pod) *placement.Room {
	nominees := s.nominees(p)
	if len(nominees) == 0 {
		return s.room
	}
	room := s.room.Clone()
	for _, id := range nominees {
		room.Add(s.loadOf(&s.pods[id]), int(s.position[p.node]))
	}
	return room
}

// nominees lists the other pods that are nominated to the pod's node and no less
// important. Only pods of DaemonSets are nominated, and stay so when they are orphaned.
func (s *Sim) nominees(p *pod) []int32 {
	list := s.nomineesIn(nil, s.loose[p.node], p)
	for _, slot := range s.order {
		list = s.nomineesIn(list, s.daemons[slot].head[p.node], p)
	}
	return list
}

func (s *Sim) nomineesIn(list []int32, head int32, p *pod) []int32 {
	for id := head; id != none; id = s.pods[id].next {
		if q := &s.pods[id]; q.is(nominated) && q != p && s.classes[q.class].priority >= s.classes[p.class].priority {
			list = append(list, id)
		}
	}
	return list
}

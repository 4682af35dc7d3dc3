package rollout

import (
	"slices"

	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/placement"
)

// preempt evicts pods of lower priority from the node that a DaemonSet's pod is
// bound for, if that makes room for it. placement selects the victims. Until they
// are gone the pod is nominated: no pod gets the room unless its priority is
// higher, and no others are evicted for it
// (pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go:
// PodEligibleToPreemptOthers). It reports whether it evicted any pod.
func (s *scheduler) preempt(id int32) bool {
	p := &s.pods[id]
	if p.node == none || !s.nodes[p.node].there() || s.nodes[p.node].is(isOpen) || !s.mayPreempt(p) {
		return false
	}
	plan, ok := s.preemption(p)
	if !ok {
		return false
	}
	by := "by " + s.fullName(id) + fmt.Sprintf(" (priority %d)", s.classes[p.class].priority)
	if plan.Violations > 0 {
		by += fmt.Sprintf(", against %d disruption budgets", plan.Violations)
	}
	victims := map[string]bool{}
	for _, v := range plan.Victims {
		victims[v] = true
	}
	s.pods[id].flags |= nominated
	evicted := false
	for other := range s.podsOn(p.node) {
		if victims[s.fullName(other)] && !s.pods[other].is(terminating) {
			s.emitPod(EventPreempted, other, cause{Reason: ReasonLowerPriority, Detail: by})
			s.pods[other].flags |= preempted
			s.kubelets.deletePod(other)
			evicted = true
		}
	}
	return evicted
}

// mayPreempt reports whether there are pods to evict and none is already
// terminating for the pod.
func (s *scheduler) mayPreempt(p *pod) bool {
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

// preemption returns what placement needs for the one node: its pods, the pods
// nominated to it
// (pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go:
// SelectVictimsOnNode), the budgets as they are now, and the priority classes.
func (s *scheduler) preemption(p *pod) (placement.Preemption, bool) {
	b := borrow.From(s.cluster)
	node, _ := b.Node(s.nodeNames[p.node].name)
	objects := []runtime.Object{node}
	var guards []*pdb // the budgets of these pods; others decide nothing here
	w := newPodWriter(s.kubelets)
	for _, other := range append(s.appendPodsOn(nil, p.node), s.nominees(p)...) {
		object := w.write(other)
		object.OwnerReferences = nil // the pod's own predecessor counts too
		object.Spec.NodeName = node.Name
		object.Spec.Priority = &s.classes[s.pods[other].class].priority
		objects = append(objects, object)
		for _, budget := range s.evictions.budgetsOf(&s.pods[other]) {
			if !slices.Contains(guards, budget) {
				guards = append(guards, budget)
			}
		}
	}
	for _, budget := range guards {
		objects = append(objects, s.evictions.counted(budget))
	}
	add(&objects, b.PriorityClasses())
	add(&objects, b.Namespaces())
	c, err := cluster.Adopt(objects...)
	if err != nil {
		return placement.Preemption{}, false // cannot be: the names are distinct
	}
	c = (*cluster.Cluster)(borrow.From(c).WithRelease(s.release()))
	for plan := range s.classes[p.class].workload.Predict(c).Preemptions() {
		return plan, plan.Impossible == ""
	}
	return placement.Preemption{}, false
}

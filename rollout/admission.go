package rollout

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/placement"
)

// rejects is the kubelet's last word on a pod that comes to it: one that it
// rejects is Failed (pkg/kubelet: rejectPod). The scheduler has let in what it
// bound; a pod whose template names its node has come past it.
func (s *Sim) rejects(id int32, t *trouble) bool {
	p := &s.pods[id]
	reason, message := "", ""
	switch {
	case p.is(pulls): // it has been let in
	case t.kind == rejection:
		reason = t.reason
	case s.direct(p):
		reason, message = s.unfit(p)
	}
	if reason == "" {
		return false
	}
	s.fail(id, reason, Why{Rule: Rejected, Detail: reason + message})
	return true
}

// direct says whether the pod names its node itself.
func (s *Sim) direct(p *pod) bool {
	t := s.classes[p.class].template
	return p.name >= 0 && t != nil && t.Spec.NodeName != ""
}

// unfit is why the pod does not fit beside the others on its node: what it lacks
// before ports that are taken (pkg/scheduler: AdmissionCheck;
// pkg/kubelet/lifecycle: Admit). A critical pod does not push others out here.
func (s *Sim) unfit(p *pod) (reason, message string) {
	c := s.classes[p.class]
	if s.nodes[p.node].is(isOpen) || s.room == nil || c.workload == nil {
		return "", ""
	}
	s.seat(p, false)
	reasons := s.room.Why(c.workload, int(s.position[p.node]))
	s.seat(p, true)
	for _, r := range reasons {
		if r.Shortfall != nil {
			return outOf(r.Shortfall)
		}
	}
	if slices.ContainsFunc(reasons, func(r placement.Reason) bool { return len(r.Ports) > 0 }) {
		return "NodePorts", ": Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
	}
	return "", ""
}

func outOf(short *placement.Shortfall) (reason, message string) {
	units := func(q resource.Quantity) int64 {
		if short.Resource == corev1.ResourceCPU {
			return q.MilliValue()
		}
		return q.Value()
	}
	reason = "OutOf" + string(short.Resource)
	used := units(short.Capacity) - units(short.Free)
	return reason, fmt.Sprintf(": Pod was rejected: Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d",
		short.Resource, units(short.Requested), used, units(short.Capacity))
}

// fail makes a pod Failed, for a reason that its status names.
func (s *Sim) fail(id int32, reason string, why Why) {
	p := &s.pods[id]
	s.endRuns(id)
	s.seat(p, false)
	p.phase, p.since, p.reason = failed, s.clock, s.intern(reason)
	if p.is(isReady) {
		p.flags &^= isReady
		p.readied = s.clock
	}
	s.changed(p)
	s.emitPod(Failed, id, why)
	s.arm(id)
}

// intern gives a reason its number; 0 is none. Of more than 255 the rest are lost.
func (s *Sim) intern(reason string) uint8 {
	if reason == "" {
		return 0
	}
	i := slices.Index(s.reasons, reason)
	if i < 0 && len(s.reasons) < 255 {
		i = len(s.reasons)
		s.reasons = append(s.reasons[:i:i], reason)
	}
	return uint8(i + 1)
}

// reasonOf is what kubectl get pods shows in place of a pod's phase.
func (s *Sim) reasonOf(p *pod) string {
	switch {
	case p.reason != 0:
		return s.reasons[p.reason-1]
	case p.phase == pending && p.is(pulls):
		return "ImagePullBackOff"
	case p.is(loops) && p.is(crashed) && int64(s.clock) >= s.runOf(p).ends:
		return "CrashLoopBackOff"
	}
	return ""
}

package rollout

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// rejects reports whether the kubelet rejects the pod, which is then Failed
// (pkg/kubelet/kubelet.go: rejectPod). The scheduler has checked the pods that it
// bound. A pod whose template names its node has bypassed the scheduler.
func (k *kubelets) rejects(id int32, t *fault) bool {
	p := &k.pods[id]
	reason, message := "", ""
	switch {
	case p.is(pulls): // it has been let in
	case k.nodes[p.node].is(shutsDown): // (pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go: Admit)
		reason, message = "NodeShutdown", ": Pod was rejected as the node is shutting down."
	case t.kind == rejection:
		reason = t.reason
	case k.direct(p):
		reason, message = k.unfit(p)
	}
	if reason == "" {
		return false
	}
	k.fail(id, reason, cause{Reason: ReasonRejected, Detail: reason + message})
	return true
}

// unfit returns why the pod does not fit beside the others on its node: missing
// resources before ports in use (pkg/scheduler/eventhandlers.go: AdmissionCheck;
// pkg/kubelet/lifecycle/predicate.go: predicateAdmitHandler.Admit). A critical
// pod does not preempt others here.
func (k *kubelets) unfit(p *pod) (reason, message string) {
	c := k.classes[p.class]
	if k.nodes[p.node].is(isOpen) || k.room == nil || c.workload == nil {
		return "", ""
	}
	var reasons []placement.FilterReason
	k.rebind(p, func() { reasons = room.Why(k.room, c.workload, int(k.position[p.node])) })
	for _, r := range reasons {
		if r.Shortfall != nil {
			return outOf(r.Shortfall)
		}
	}
	if slices.ContainsFunc(reasons, func(r placement.FilterReason) bool { return len(r.Ports) > 0 }) {
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

// fail makes a pod Failed, with the reason in its status.
func (k *kubelets) fail(id int32, reason string, why cause) {
	p := &k.pods[id]
	k.endRuns(id)
	k.unmark(id)
	k.bindPod(p, false)
	p.phase, p.since, p.reason = failed, k.clock, k.intern(reason)
	if p.is(isReady) {
		p.flags &^= isReady
		p.readied = k.clock
	}
	k.uncharge(p)
	k.changed(p)
	k.emitPod(EventFailed, id, why)
	k.arm(id)
}

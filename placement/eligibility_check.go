package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/snapshot"
)

// The messages of the plugins that look at the node object alone
// (pkg/scheduler/framework/plugins/nodename/node_name.go: ErrReason;
// pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go:
// ErrReasonUnschedulable;
// pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go: Filter;
// pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go: ErrReasonPod).
const (
	wrongNodeName   = "node(s) didn't match the requested node name"
	isUnschedulable = "node(s) were unschedulable"
	hasTaints       = "node(s) had untolerated taint(s)"
	noNode          = "there is no node"
	wrongAffinity   = "node(s) didn't match Pod's node affinity/selector"
)

// Check judges one node by the rules that look at the node object alone. For a
// DaemonSet that is the controller's eligibility
// (pkg/controller/daemon/daemon_controller.go: NodeShouldRunDaemonPod), for a
// pod the scheduler's filters NodeName, NodeUnschedulable, TaintToleration and
// NodeAffinity. Check does not judge whether the pod fits beside the pods
// there; Predict does.
func (w *Workload) Check(node *corev1.Node) Verdict {
	w = w.orNothing()
	if node == nil {
		return Verdict{Reasons: []FilterReason{{Plugin: pluginNodeName, Message: noNode}}}
	}
	return w.judge(node, 1)
}

// judge is Check with capacity for the given number of reasons, if there are
// any.
func (w *Workload) judge(node *corev1.Node, reasons int) Verdict {
	v := Verdict{Node: node.Name, Decision: w.decide(node), Reasons: []FilterReason{}}
	if v.Decision != Eligible {
		v.Reasons = w.reasons(make([]FilterReason, 0, reasons), node)
	}
	return v
}

// decide is Check without the reasons.
func (w *Workload) decide(n *corev1.Node) Decision {
	if !w.namesNode(n.Name) || !w.bearsUnschedulable(n) || !w.affinity.matches(n) {
		return Excluded
	}
	worst := Eligible
	for i := range n.Spec.Taints {
		t := &n.Spec.Taints[i]
		if !keepsAway(t) || w.tolerations.tolerate(t) {
			continue
		}
		if w.daemonSet == nil || t.Effect == corev1.TaintEffectNoExecute {
			return Excluded
		}
		worst = Kept
	}
	return worst
}

func (w *Workload) namesNode(name string) bool {
	return w.pod.Spec.NodeName == "" || w.pod.Spec.NodeName == name
}

// bearsUnschedulable reports whether the workload may run on the node despite
// spec.unschedulable. The DaemonSet controller does not look at
// spec.unschedulable, and its pods tolerate the corresponding taint.
func (w *Workload) bearsUnschedulable(n *corev1.Node) bool {
	return !n.Spec.Unschedulable || w.daemonSet != nil || w.tolerations.tolerate(&unschedulable)
}

// reasons appends every reason why decide rejected a node.
func (w *Workload) reasons(rs []FilterReason, n *corev1.Node) []FilterReason {
	if !w.namesNode(n.Name) {
		rs = append(rs, FilterReason{Plugin: pluginNodeName, Message: wrongNodeName, Unresolvable: true, WantedNode: w.pod.Spec.NodeName})
	}
	if !w.bearsUnschedulable(n) {
		rs = append(rs, FilterReason{Plugin: pluginUnschedulable, Message: isUnschedulable, Unresolvable: true,
			Taints: []Untolerated{w.tolerations.untolerated(unschedulable)}})
	}
	if taints := w.untolerated(n); len(taints) > 0 {
		rs = append(rs, FilterReason{Plugin: pluginTaints, Message: hasTaints, Unresolvable: true, Taints: taints})
	}
	if !w.affinity.matches(n) {
		rs = append(rs, FilterReason{Plugin: pluginAffinity, Message: wrongAffinity, Unresolvable: true, Mismatches: w.affinity.mismatches(n)})
	}
	return rs
}

func (w *Workload) untolerated(n *corev1.Node) []Untolerated {
	var us []Untolerated
	for _, t := range n.Spec.Taints {
		if keepsAway(&t) && !w.tolerations.tolerate(&t) {
			us = append(us, w.tolerations.untolerated(*t.DeepCopy()))
		}
	}
	return slices.Clip(us)
}

// decisions returns for all nodes what decide returns for one.
func (w *Workload) decisions(c *snapshot.Snapshot) (wanted, kept nodeBits) {
	noSchedule, noExecute := w.taintedAway(c)
	wanted = w.affinity.bits(c)
	wanted.keep(w.named(c))
	wanted.drop(w.unschedulable(c))
	wanted.drop(noExecute)
	kept = nodeBits{nodes: c}
	if w.daemonSet != nil && noSchedule.Len() > 0 {
		kept = wanted.clone()
		kept.keep(noSchedule)
	}
	wanted.drop(noSchedule)
	return wanted, kept
}

func (w *Workload) named(c *snapshot.Snapshot) snapshot.Set {
	if w.pod.Spec.NodeName == "" {
		return c.Nodes()
	}
	return c.Named(w.pod.Spec.NodeName)
}

// taintedAway returns the nodes with an untolerated taint, by effect.
func (w *Workload) taintedAway(c *snapshot.Snapshot) (noSchedule, noExecute snapshot.Set) {
	for _, t := range c.Taints() {
		switch {
		case !keepsAway(&t) || w.tolerations.tolerate(&t):
		case t.Effect == corev1.TaintEffectNoExecute:
			noExecute = noExecute.Or(c.WithTaint(t))
		default:
			noSchedule = noSchedule.Or(c.WithTaint(t))
		}
	}
	return noSchedule, noExecute
}

func (w *Workload) unschedulable(c *snapshot.Snapshot) snapshot.Set {
	if w.daemonSet != nil || w.tolerations.tolerate(&unschedulable) {
		return snapshot.Set{}
	}
	return c.Unschedulable()
}

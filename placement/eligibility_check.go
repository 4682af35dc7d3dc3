package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// The scheduler's plugins that look at the node object alone, and their words
// (pkg/scheduler/framework/plugins: nodename, nodeunschedulable, tainttoleration,
// nodeaffinity), in the order of the default profile.
const (
	pluginNodeName      = "NodeName"
	pluginUnschedulable = "NodeUnschedulable"
	pluginTaints        = "TaintToleration"
	pluginAffinity      = "NodeAffinity"

	wrongNodeName   = "node(s) didn't match the requested node name"
	isUnschedulable = "node(s) were unschedulable"
	hasTaints       = "node(s) had untolerated taint(s)"
	noNode          = "there is no node"
	wrongAffinity   = "node(s) didn't match Pod's node affinity/selector"
)

// Check judges one node by the rules that look at the node object alone: for a
// DaemonSet the controller's eligibility (pkg/controller/daemon,
// NodeShouldRunDaemonPod), for a pod the scheduler's filters NodeName,
// NodeUnschedulable, TaintToleration and NodeAffinity. Whether the pod fits
// beside the pods there is not judged: Predict does that.
func (w *Workload) Check(node *corev1.Node) Verdict {
	w = w.orNothing()
	if node == nil {
		return Verdict{Reasons: []Reason{{Plugin: pluginNodeName, Message: noNode}}}
	}
	return w.judge(node, 1)
}

// judge is Check with room for so many reasons, if there are any.
func (w *Workload) judge(node *corev1.Node, reasons int) Verdict {
	v := Verdict{Node: node.Name, Decision: w.decide(node)}
	if v.Decision != Eligible {
		v.Reasons = w.reasons(make([]Reason, 0, reasons), node)
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

// bearsUnschedulable: the DaemonSet controller does not look at
// spec.unschedulable, and its pods tolerate the taint that stands for it.
func (w *Workload) bearsUnschedulable(n *corev1.Node) bool {
	return !n.Spec.Unschedulable || w.daemonSet != nil || w.tolerations.tolerate(&unschedulable)
}

// reasons adds everything that keeps the workload off a node that decide has turned down.
func (w *Workload) reasons(rs []Reason, n *corev1.Node) []Reason {
	if !w.namesNode(n.Name) {
		rs = append(rs, Reason{Plugin: pluginNodeName, Message: wrongNodeName, Unresolvable: true, WantedNode: w.pod.Spec.NodeName})
	}
	if !w.bearsUnschedulable(n) {
		rs = append(rs, Reason{Plugin: pluginUnschedulable, Message: isUnschedulable, Unresolvable: true,
			Taints: []Untolerated{w.tolerations.untolerated(unschedulable)}})
	}
	if taints := w.untolerated(n); len(taints) > 0 {
		rs = append(rs, Reason{Plugin: pluginTaints, Message: hasTaints, Unresolvable: true, Taints: taints})
	}
	if !w.affinity.matches(n) {
		rs = append(rs, Reason{Plugin: pluginAffinity, Message: wrongAffinity, Unresolvable: true, Mismatches: w.affinity.mismatches(n)})
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

package kube

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeReady returns the status of the node's Ready condition, or "" if there is none
// (pkg/controller/util/node/controller_utils.go: GetNodeCondition).
func NodeReady(node *corev1.Node) corev1.ConditionStatus {
	if i := readyCondition(node); i >= 0 {
		return node.Status.Conditions[i].Status
	}
	return ""
}

// NodeNotReady reports whether the node has a Ready condition that is not True. A
// node without the condition, as in manifests written by hand, counts as ready;
// upstream it does not (pkg/util/node/node.go: IsNodeReady).
func NodeNotReady(node *corev1.Node) bool {
	status := NodeReady(node)
	return status != "" && status != corev1.ConditionTrue
}

// SetNodeReady sets the status of the node's Ready condition in place. A reason and a
// message of another status go.
func SetNodeReady(node *corev1.Node, status corev1.ConditionStatus) {
	i := readyCondition(node)
	if i < 0 {
		i = len(node.Status.Conditions)
		node.Status.Conditions = append(node.Status.Conditions, corev1.NodeCondition{Type: corev1.NodeReady})
	}
	if ready := &node.Status.Conditions[i]; ready.Status != status {
		ready.Status, ready.Reason, ready.Message = status, "", ""
	}
}

// SetReadyMessage sets the message of the node's Ready condition in place, with the
// reason that kubelets set (pkg/kubelet/nodestatus/setters.go: ReadyCondition).
func SetReadyMessage(node *corev1.Node, message string) {
	if i := readyCondition(node); i >= 0 {
		node.Status.Conditions[i].Reason, node.Status.Conditions[i].Message = "KubeletNotReady", message
	}
}

func readyCondition(node *corev1.Node) int {
	return slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady })
}

// SameReadiness reports whether the Ready conditions of two nodes say the same.
func SameReadiness(a, b *corev1.Node) bool {
	x, y := readyCondition(a), readyCondition(b)
	if x < 0 || y < 0 {
		return x < 0 && y < 0
	}
	p, q := &a.Status.Conditions[x], &b.Status.Conditions[y]
	return p.Status == q.Status && p.Reason == q.Reason && p.Message == q.Message
}

// SetNodeHeartbeat sets the time of the kubelet's last report in place.
func SetNodeHeartbeat(node *corev1.Node, at metav1.Time) {
	if i := readyCondition(node); i >= 0 {
		node.Status.Conditions[i].LastHeartbeatTime = at
	}
}

// pressures are the other conditions that a kubelet reports, and why they are False
// (pkg/kubelet/nodestatus/setters.go: MemoryPressureCondition).
var pressures = []struct {
	condition       corev1.NodeConditionType
	reason, message string
}{
	{corev1.NodeMemoryPressure, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"},
	{corev1.NodeDiskPressure, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
	{corev1.NodePIDPressure, "KubeletHasSufficientPID", "kubelet has sufficient PID available"},
}

// ReportNode sets a node's conditions in place as its kubelet does: Ready is True or
// False, with a message if it is False, and no other condition is Unknown.
func ReportNode(node *corev1.Node, ready corev1.ConditionStatus, message string, at metav1.Time) {
	reason := "KubeletNotReady"
	if ready == corev1.ConditionTrue {
		reason, message = "KubeletReady", "kubelet is posting ready status"
	}
	setCondition(node, corev1.NodeCondition{Type: corev1.NodeReady, Status: ready, Reason: reason, Message: message, LastHeartbeatTime: at, LastTransitionTime: at})
	for _, p := range pressures {
		i := slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == p.condition })
		if i >= 0 && node.Status.Conditions[i].Status == corev1.ConditionUnknown {
			setCondition(node, corev1.NodeCondition{Type: p.condition, Status: corev1.ConditionFalse, Reason: p.reason, Message: p.message, LastHeartbeatTime: at, LastTransitionTime: at})
		}
	}
}

// LoseNode makes the conditions that a kubelet reports Unknown in place
// (pkg/controller/nodelifecycle/node_lifecycle_controller.go: tryUpdateNodeHealth).
// never means that the kubelet has not reported even once.
func LoseNode(node *corev1.Node, never bool, at metav1.Time) {
	types := []corev1.NodeConditionType{corev1.NodeReady}
	for _, p := range pressures {
		types = append(types, p.condition)
	}
	for _, t := range types {
		i := slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == t })
		lost := corev1.NodeCondition{Type: t, Status: corev1.ConditionUnknown, LastTransitionTime: at}
		switch {
		case i < 0 && (never || t != corev1.NodeReady):
			lost.Reason, lost.Message, lost.LastHeartbeatTime = "NodeStatusNeverUpdated", "Kubelet never posted node status.", node.CreationTimestamp
		case i >= 0 && node.Status.Conditions[i].Status == corev1.ConditionUnknown:
			continue
		default:
			lost.Reason, lost.Message = "NodeStatusUnknown", "Kubelet stopped posting node status."
			if i >= 0 {
				lost.LastHeartbeatTime = node.Status.Conditions[i].LastHeartbeatTime
			}
		}
		setCondition(node, lost)
	}
}

// setCondition adds or replaces a condition. The time of its transition stays if its
// status does.
func setCondition(node *corev1.Node, c corev1.NodeCondition) {
	i := slices.IndexFunc(node.Status.Conditions, func(old corev1.NodeCondition) bool { return old.Type == c.Type })
	if i < 0 {
		node.Status.Conditions = append(node.Status.Conditions, c)
		return
	}
	if old := &node.Status.Conditions[i]; old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	node.Status.Conditions[i] = c
}

// HasTaint reports whether the node has a taint of the same key and effect.
func HasTaint(node *corev1.Node, taint *corev1.Taint) bool {
	return slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(taint) })
}

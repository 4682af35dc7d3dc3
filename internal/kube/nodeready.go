package kube

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
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
// reason that kubelets give (pkg/kubelet/nodestatus/setters.go: ReadyCondition).
func SetReadyMessage(node *corev1.Node, message string) {
	if i := readyCondition(node); i >= 0 {
		node.Status.Conditions[i].Reason, node.Status.Conditions[i].Message = "KubeletNotReady", message
	}
}

func readyCondition(node *corev1.Node) int {
	return slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady })
}

package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// NotReadyCause is what a kubelet does not do while its node is Ready=False.
type NotReadyCause struct {
	Network  bool // it starts only pods with hostNetwork
	Runtime  bool // it starts and stops nothing
	Shutdown bool // it rejects new pods
	Unknown  bool // the message names no cause: it is assumed to do everything
}

// notReadyCauses maps parts of the message of the Ready condition to what the kubelet does
// not do (pkg/kubelet/nodestatus/setters.go: ReadyCondition; pkg/kubelet/runtime.go:
// runtimeState; pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go:
// ShutdownStatus; pkg/volume/csi/csi_plugin.go: initializeCSINode).
var notReadyCauses = []struct {
	part string
	NotReadyCause
}{
	{"container runtime network not ready", NotReadyCause{Network: true}},
	{"NetworkPluginNotReady", NotReadyCause{Network: true}},
	{"network state unknown", NotReadyCause{Network: true}},
	{"container runtime is down", NotReadyCause{Runtime: true}},
	{"container runtime not ready", NotReadyCause{Runtime: true}},
	{"PLEG is not healthy", NotReadyCause{Runtime: true}},
	{"container runtime status check may not have completed yet", NotReadyCause{Runtime: true}},
	{"node is shutting down", NotReadyCause{Shutdown: true}},
	{"CSINode", NotReadyCause{}},
	{"missing node capacity for resources", NotReadyCause{}},
}

// NotReadyCauseOf returns what the node's kubelet does not do, by the message and the
// reason of a Ready condition that is False. It returns the zero NotReadyCause for other
// nodes.
func NotReadyCauseOf(node *corev1.Node) NotReadyCause {
	if NodeReady(node) != corev1.ConditionFalse {
		return NotReadyCause{}
	}
	ready := &node.Status.Conditions[readyCondition(node)]
	all := NotReadyCause{Unknown: true}
	for _, t := range notReadyCauses {
		if strings.Contains(ready.Message, t.part) || ready.Reason == t.part {
			all = NotReadyCause{all.Network || t.Network, all.Runtime || t.Runtime, all.Shutdown || t.Shutdown, false}
		}
	}
	return all
}

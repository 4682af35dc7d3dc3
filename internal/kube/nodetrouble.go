package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// NodeTrouble is what a kubelet that says Ready=False does not do.
type NodeTrouble struct {
	Network  bool // it starts only pods with hostNetwork
	Runtime  bool // it starts and stops nothing
	Shutdown bool // it rejects new pods
	Unknown  bool // the message names no cause: it is assumed to do everything
}

// troubles maps parts of the message of the Ready condition to what the kubelet does
// not do (pkg/kubelet/nodestatus/setters.go: ReadyCondition; pkg/kubelet/runtime.go:
// runtimeState; pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go:
// ShutdownStatus; pkg/volume/csi/csi_plugin.go: initializeCSINode).
var troubles = []struct {
	part string
	NodeTrouble
}{
	{"container runtime network not ready", NodeTrouble{Network: true}},
	{"NetworkPluginNotReady", NodeTrouble{Network: true}},
	{"network state unknown", NodeTrouble{Network: true}},
	{"container runtime is down", NodeTrouble{Runtime: true}},
	{"container runtime not ready", NodeTrouble{Runtime: true}},
	{"PLEG is not healthy", NodeTrouble{Runtime: true}},
	{"container runtime status check may not have completed yet", NodeTrouble{Runtime: true}},
	{"node is shutting down", NodeTrouble{Shutdown: true}},
	{"CSINode", NodeTrouble{}},
	{"missing node capacity for resources", NodeTrouble{}},
}

// TroubleOf returns what the node's kubelet does not do, by the message and the reason
// of a Ready condition that is False. It is the zero NodeTrouble for other nodes.
func TroubleOf(node *corev1.Node) NodeTrouble {
	if NodeReady(node) != corev1.ConditionFalse {
		return NodeTrouble{}
	}
	ready := &node.Status.Conditions[readyCondition(node)]
	all := NodeTrouble{Unknown: true}
	for _, t := range troubles {
		if strings.Contains(ready.Message, t.part) || ready.Reason == t.part {
			all = NodeTrouble{all.Network || t.Network, all.Runtime || t.Runtime, all.Shutdown || t.Shutdown, false}
		}
	}
	return all
}

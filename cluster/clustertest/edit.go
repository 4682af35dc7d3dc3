package clustertest

import (
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
)

// NodeChange is a change to a node. It has the fields of rollout.EditNode, so
// rollout.EditNode(edit) is the same change as an input of a simulation.
type NodeChange struct {
	Node  string             `json:"node"`
	Edits []cluster.NodeEdit `json:"edits"`
}

// Apply returns the cluster with the change. A change without a node has no effect.
func (e NodeChange) Apply(c *cluster.Cluster) (*cluster.Cluster, error) {
	if e.Node == "" {
		return c, nil
	}
	return c.Edit(e.Node, e.Edits...)
}

// NodeChanges draws changes that people make to nodes: labels and taints are added
// and removed, nodes are cordoned and uncordoned. For a cluster without nodes it
// draws a change without effect.
func NodeChanges(c *cluster.Cluster) *rapid.Generator[NodeChange] {
	s := vocabularyOf(c)
	return onSomeNode(c, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) cluster.NodeEdit { return drawEdit(t, s) }), 1, 2))
}

func drawEdit(t *rapid.T, s *vocabulary) cluster.NodeEdit {
	form := rapid.IntRange(0, 5).Draw(t, "form")
	l, taint := rapid.SampledFrom(s.labels).Draw(t, "label"), rapid.SampledFrom(s.taints).Draw(t, "taint")
	switch form {
	case 0:
		return cluster.Cordon()
	case 1:
		return cluster.Label(l.key, l.value)
	case 2:
		return cluster.Taint(taint)
	case 3:
		return cluster.Unlabel(l.key)
	case 4:
		return cluster.Untaint(taint)
	}
	return cluster.Uncordon()
}

// NodeFaults draws faults of nodes and their ends, as labels, taints and conditions
// show them: not ready, unreachable, under pressure, about to be taken away. It does
// not remove nodes; package rollout has inputs for that. For a cluster without nodes
// it draws a change without effect.
func NodeFaults(c *cluster.Cluster) *rapid.Generator[NodeChange] {
	return onSomeNode(c, rapid.SampledFrom(faults))
}

var faults = [][]cluster.NodeEdit{
	{cluster.NotReady()},
	{cluster.Taint(corev1.TaintNodeDiskPressure + ":NoSchedule")},
	{cluster.Taint(corev1.TaintNodeMemoryPressure + ":NoSchedule")},
	{cluster.Taint(corev1.TaintNodePIDPressure + ":NoSchedule")},
	{cluster.Taint(corev1.TaintNodeNetworkUnavailable + ":NoSchedule")},
	{cluster.Taint(corev1.TaintNodeUnreachable + ":NoSchedule"), cluster.Taint(corev1.TaintNodeUnreachable + ":NoExecute")},
	{cluster.Taint("ToBeDeletedByClusterAutoscaler:NoSchedule")}, // cluster-autoscaler/utils/taints
	{cluster.Taint("karpenter.sh/disrupted:NoSchedule")},
	{cluster.Taint("node.cloudprovider.kubernetes.io/shutdown:NoSchedule")}, // (k8s.io/cloud-provider/api/well_known_taints.go: TaintNodeShutdown)
	{cluster.Ready(), cluster.Uncordon()},
}

func onSomeNode(c *cluster.Cluster, edits *rapid.Generator[[]cluster.NodeEdit]) *rapid.Generator[NodeChange] {
	names := c.Nodes().Names()
	if len(names) == 0 {
		return rapid.Just(NodeChange{})
	}
	return rapid.Custom(func(t *rapid.T) NodeChange {
		return NodeChange{Node: rapid.SampledFrom(names).Draw(t, "node"), Edits: edits.Draw(t, "edits")}
	})
}

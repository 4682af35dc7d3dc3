package gen

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

// NodeNames are the names that nodes have and that pods ask for.
var NodeNames = []string{"node-a", "node-b", "node-c", "node-d", "node-e"}

var (
	labelKeys = []string{"zone", "disk", "n", "n", "spot", "example.com/pool"}
	plain     = []string{"a", "b", ""}
	// The numbers that labels.Requirement parses, and near misses: Gt and Lt want
	// exactly what strconv.ParseInt(s, 10, 64) takes.
	numbers = []string{
		"0", "1", "2", "3", "-1", "+1", "007", "-0",
		"9223372036854775806", "9223372036854775807", "9223372036854775808",
		"-9223372036854775807", "-9223372036854775808", "-9223372036854775809",
		"1.0", "1e1", "0x1", "1_0", " 1", "1a", "",
	}
	taintKeys = []string{
		"dedicated", "dedicated", "n",
		corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeUnschedulable,
		corev1.TaintNodeMemoryPressure, corev1.TaintNodeDiskPressure, corev1.TaintNodePIDPressure,
		corev1.TaintNodeNetworkUnavailable, "node.cloudprovider.kubernetes.io/uninitialized", "",
	}
	taintValues = []string{"", "", "gpu", "1", "2", "10", "9223372036854775808"}
	effects     = []corev1.TaintEffect{
		corev1.TaintEffectNoSchedule, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute,
		corev1.TaintEffectPreferNoSchedule, "", "NoAdmit",
	}
)

// value draws what the label of a key may hold.
func value(t *rapid.T, key string) string {
	if key == "n" {
		return pick(t, "number", numbers...)
	}
	return pick(t, "value", plain...)
}

// Labels draws the labels of a node; nil shrinks best.
func Labels(t *rapid.T) map[string]string {
	var labels map[string]string
	for range rapid.IntRange(0, 4).Draw(t, "labels") {
		if labels == nil {
			labels = map[string]string{}
		}
		key := pick(t, "key", labelKeys...)
		labels[key] = value(t, key)
	}
	return labels
}

// Taint draws one taint.
func Taint(t *rapid.T) corev1.Taint {
	return corev1.Taint{
		Key:    pick(t, "taint", taintKeys...),
		Value:  pick(t, "value", taintValues...),
		Effect: pick(t, "effect", effects...),
	}
}

// Taints draws no taints in half of the cases, and sometimes the pair that the node
// lifecycle controller sets.
func Taints(t *rapid.T) []corev1.Taint {
	switch rapid.IntRange(0, 7).Draw(t, "taints") {
	case 0, 1, 2, 3:
		return nil
	case 4:
		key := pick(t, "down", corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable)
		return []corev1.Taint{{Key: key, Effect: corev1.TaintEffectNoSchedule}, {Key: key, Effect: corev1.TaintEffectNoExecute}}
	case 5:
		return []corev1.Taint{{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}}
	}
	return append(fewest(t, 2, "more taints", Taint), Taint(t))
}

// Node draws a node that no more than labels, taints and spec.unschedulable
// tell from others. One in forty has no name.
func Node() *rapid.Generator[*corev1.Node] {
	return rapid.Custom(func(t *rapid.T) *corev1.Node {
		name := pick(t, "name", NodeNames...)
		if oneIn(t, 40, "nameless") {
			name = ""
		}
		return node(t, name)
	})
}

func node(t *rapid.T, name string) *corev1.Node {
	n := &corev1.Node{}
	n.Name, n.Labels = name, Labels(t)
	n.Spec.Taints = Taints(t)
	n.Spec.Unschedulable = oneIn(t, 6, "unschedulable")
	return n
}

// Nodes draws a given number of nodes with different names, NodeNames first.
func Nodes(count int) *rapid.Generator[[]*corev1.Node] {
	return rapid.Custom(func(t *rapid.T) []*corev1.Node {
		nodes := make([]*corev1.Node, count)
		for i := range nodes {
			name := fmt.Sprintf("node-%03d", i)
			if i < len(NodeNames) {
				name = NodeNames[i]
			}
			nodes[i] = node(t, name)
		}
		return nodes
	})
}

// Package gen draws nodes and workloads for berth's own property tests. It draws
// from few keys and values, so that rules interact, and includes cases that
// hand-written tests forget. The objects need not be well-formed: an API server may
// refuse them.
package gen

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"
)

var (
	keys    = []string{"a", "b", "disk", "kubernetes.io/os", "size"}
	numbers = []string{"1", "2", "007"} // possible label values
	values  = []string{"", "x", "y", "linux", "1", "2", "-3", "007", strconv.Itoa(math.MaxInt64), strconv.Itoa(math.MinInt64), "9223372036854775808", "1e3"}

	effects = []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule}
	taints  = []string{"a", "dedicated", corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeUnschedulable, corev1.TaintNodeDiskPressure, corev1.TaintNodeNetworkUnavailable}
)

// roll draws from 0 to n-1 with equal probability; 0 is the simplest. rapid.IntRange
// prefers small numbers, which is right for sizes and wrong for choices: premises
// that need two of them would hardly ever hold.
func roll(t *rapid.T, label string, n int) int {
	return rapid.Custom(func(t *rapid.T) int {
		bits := 0
		for range 10 {
			bits <<= 1
			if rapid.Bool().Draw(t, "bit") {
				bits |= 1
			}
		}
		return bits * n >> 10
	}).Draw(t, label)
}

func one[T any](t *rapid.T, label string, from ...T) T { return from[roll(t, label, len(from))] }

func several[T any](t *rapid.T, label string, most int, draw func(*rapid.T) T) []T {
	n := roll(t, label, most+1)
	if n == 0 {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		out[i] = draw(t)
	}
	return out
}

func chance(t *rapid.T, label string, percent int) bool {
	return roll(t, label, 100) >= 100-percent
}

// Labels draws up to four labels.
func Labels(t *rapid.T) map[string]string {
	labels := map[string]string{}
	for range roll(t, "labels", 5) {
		key := one(t, "key", keys...)
		if labels[key] = one(t, "value", values...); key == "size" && chance(t, "number", 80) {
			labels[key] = one(t, "value", numbers...)
		}
	}
	return labels
}

// Node draws a node of that name.
func Node(t *rapid.T, name string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: Labels(t)}}
	n.Spec.Taints = several(t, "taints", 3, Taint)
	n.Spec.Unschedulable = chance(t, "unschedulable", 20)
	return n
}

// Nodes draws up to most nodes, n00, n01, ...
func Nodes(t *rapid.T, most int) []*corev1.Node {
	nodes := make([]*corev1.Node, roll(t, "nodes", most+1))
	for i := range nodes {
		nodes[i] = Node(t, fmt.Sprintf("n%02d", i))
	}
	return nodes
}

// Taint draws a taint of any effect.
func Taint(t *rapid.T) corev1.Taint {
	return corev1.Taint{Key: one(t, "taint", taints...), Value: one(t, "value", "", "x", "y"), Effect: one(t, "effect", effects...)}
}

// Toleration draws a toleration in any form, impossible ones included.
func Toleration(t *rapid.T) corev1.Toleration {
	toleration := corev1.Toleration{
		Key:      one(t, "key", append(taints, "")...),
		Operator: one(t, "operator", corev1.TolerationOpExists, corev1.TolerationOpEqual, "", "Lt", "Gt", "Bad"),
		Value:    one(t, "value", "", "x", "y"),
		Effect:   one(t, "effect", append(effects, "")...),
	}
	if chance(t, "seconds", 20) {
		seconds := int64(300)
		toleration.TolerationSeconds = &seconds
	}
	return toleration
}

// Requirement draws a requirement on a label, sometimes with mistakes.
func Requirement(t *rapid.T) corev1.NodeSelectorRequirement {
	r := corev1.NodeSelectorRequirement{
		Key: one(t, "key", append(keys, "bad key!")...),
		Operator: one(t, "operator", corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists,
			corev1.NodeSelectorOpDoesNotExist, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt, "Bad"),
	}
	least, most, from := 1, 3, values
	switch r.Operator {
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		least, most = 0, 0
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
		least, most = 1, 1
		if chance(t, "number", 80) {
			r.Key, from = "size", numbers
		}
	}
	if chance(t, "mistake", 5) {
		least, most = 0, 2
	}
	for range least + roll(t, "values", most-least+1) {
		r.Values = append(r.Values, one(t, "value", from...))
	}
	return r
}

// Field draws a requirement on a node's field.
func Field(t *rapid.T) corev1.NodeSelectorRequirement {
	r := corev1.NodeSelectorRequirement{
		Key:      one(t, "field", "metadata.name", "metadata.name", "metadata.name", "metadata.uid"),
		Operator: one(t, "operator", corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpExists),
	}
	for range one(t, "values", 1, 1, 1, 0, 2) {
		r.Values = append(r.Values, one(t, "name", "n00", "n01", "n02", ""))
	}
	return r
}

// Term draws a nodeSelectorTerm, possibly empty.
func Term(t *rapid.T) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{
		MatchExpressions: several(t, "expressions", 3, Requirement),
		MatchFields:      several(t, "fields", one(t, "most fields", 0, 0, 2), Field),
	}
}

// Spec draws the parts of a pod spec that decide eligibility.
func Spec(t *rapid.T) corev1.PodSpec {
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}
	spec.Tolerations = several(t, "tolerations", 4, Toleration)
	spec.HostNetwork = chance(t, "hostNetwork", 30)
	if chance(t, "nodeName", 10) {
		spec.NodeName = one(t, "node name", "n00", "n01", "gone")
	}
	if chance(t, "selector", 25) {
		spec.NodeSelector = map[string]string{one(t, "key", keys...): one(t, "value", values...)}
	}
	spec.Affinity = Affinity(t)
	return spec
}

// Affinity draws a node affinity, sometimes with nil at any level.
func Affinity(t *rapid.T) *corev1.Affinity {
	switch roll(t, "affinity", 10) {
	case 0, 1, 2:
		return nil
	case 3:
		return &corev1.Affinity{}
	case 4:
		return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}}
	}
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: several(t, "terms", 3, Term)},
	}}
}

// DaemonSet draws a DaemonSet. Only the pod spec varies.
func DaemonSet(t *rapid.T) *appsv1.DaemonSet {
	labels := map[string]string{"app": "ds"}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ds"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: Spec(t)},
		},
	}
}

// Pod draws a pod. Only the spec varies.
func Pod(t *rapid.T) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "pod"}, Spec: Spec(t)}
}

// Edit draws edits as kubectl writes them, for cluster.Label and the like.
func Edit(t *rapid.T) (verb, key, value string) {
	valid := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return len(validation.IsValidLabelValue(v)) > 0 })
	return one(t, "verb", "label", "unlabel", "taint", "untaint", "cordon", "uncordon", "ready", "not-ready"),
		one(t, "key", keys...), one(t, "value", valid...)
}

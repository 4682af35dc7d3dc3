package gen

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// ScoredWorlds draws a world in which most nodes can take most pods, and differ in what
// scores look at: up to 20 nodes and 30 pods with preferences.
func ScoredWorlds() *rapid.Generator[World] {
	return rapid.Custom(func(t *rapid.T) World {
		w := World{Namespaces: namespaces()}
		for i := range rapid.IntRange(1, 20).Draw(t, "nodes") {
			w.Nodes = append(w.Nodes, wide(t, host(t, fmt.Sprintf("node-%02d", i))))
		}
		for i := range rapid.IntRange(0, 30).Draw(t, "pods") {
			pod := running(t, fmt.Sprintf("pod-%02d", i), w.Nodes)
			mild(t, pod)
			w.Pods = append(w.Pods, pod)
		}
		dropClashes(w.Pods)
		if oneIn(t, 2, "owners") {
			w.Services, w.ReplicaSets, w.StatefulSets = owners()
			if oneIn(t, 2, "no service") {
				w.Services = nil
			}
		}
		return w
	})
}

// ScoredPod draws a pod that fits on most nodes of the worlds that ScoredWorlds draws.
func ScoredPod() *rapid.Generator[*corev1.Pod] {
	return rapid.Custom(func(t *rapid.T) *corev1.Pod {
		pod := ordinary(t, "incoming")
		if !oneIn(t, 4, "indifferent") {
			_, pod.Spec.Affinity, pod.Spec.Tolerations = modest(t)
		}
		if pod.Spec.Affinity != nil && !oneIn(t, 6, "picky") {
			pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
		}
		meet(t, pod)
		mild(t, pod)
		if oneIn(t, 8, "image volume") {
			source := corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: pick(t, "image", imageNames...)}}
			pod.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: source}}
		}
		if oneIn(t, 30, "mistake") {
			mistake(t, pod)
		}
		dropClashes([]*corev1.Pod{pod})
		return pod
	})
}

// mistake makes the scheduler fail in scoring. The API server accepts the first
// mistake.
func mistake(t *rapid.T, pod *corev1.Pod) {
	if oneIn(t, 4, "in a constraint") {
		bad := Constraint(t)
		bad.WhenUnsatisfiable = corev1.ScheduleAnyway
		bad.LabelSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Bad"}}}
		pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, bad)
		return
	}
	affine(pod)
	if pod.Spec.Affinity.NodeAffinity == nil {
		pod.Spec.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	terms := &pod.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	for range rapid.IntRange(1, 2).Draw(t, "mistakes") {
		*terms = append(*terms, corev1.PreferredSchedulingTerm{Weight: pick[int32](t, "weight", 1, 1, 0), Preference: corev1.NodeSelectorTerm{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "n", Operator: pick(t, "operator", corev1.NodeSelectorOpGt, "Bad"), Values: []string{"many"}}},
			MatchFields:      some(t, 1, "fields", Field),
		}})
	}
}

// wide makes a node one with room, most of whose taints only repel.
func wide(t *rapid.T, n *corev1.Node) *corev1.Node {
	n.Spec.Unschedulable = false
	for i := range n.Spec.Taints {
		if !oneIn(t, 8, "hard") {
			n.Spec.Taints[i].Effect = corev1.TaintEffectPreferNoSchedule
		}
	}
	n.Spec.Taints = distinct(n.Spec.Taints)
	if n.Status.Allocatable != nil {
		n.Status.Allocatable[corev1.ResourceCPU] = quantity(t, "cpu", "32", "64", "96", "15890m", "4")
		n.Status.Allocatable[corev1.ResourceMemory] = quantity(t, "memory", "64Gi", "128Gi", "30000000001", "4Gi")
		n.Status.Allocatable[corev1.ResourcePods] = quantity(t, "pods", "110", "250")
	}
	return n
}

// mild makes most of a pod's requirements preferences, and drops most of its ports.
func mild(t *rapid.T, pod *corev1.Pod) {
	if a := pod.Spec.Affinity; a != nil && !oneIn(t, 4, "strict") {
		if a.PodAffinity != nil {
			a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
		}
		if a.PodAntiAffinity != nil {
			a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
		}
	}
	for i := range pod.Spec.TopologySpreadConstraints {
		if c := &pod.Spec.TopologySpreadConstraints[i]; !oneIn(t, 5, "hard") {
			c.WhenUnsatisfiable, c.MinDomains = corev1.ScheduleAnyway, nil
		}
	}
	for i := range pod.Spec.Containers {
		if !oneIn(t, 5, "ports") {
			pod.Spec.Containers[i].Ports = nil
		}
		delete(pod.Spec.Containers[i].Resources.Requests, "example.com/gpu")
		delete(pod.Spec.Containers[i].Resources.Requests, corev1.ResourceEphemeralStorage)
	}
}

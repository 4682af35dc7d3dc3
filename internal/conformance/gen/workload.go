package gen

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

// Placement draws the part of a pod's spec that looks at node objects alone.
func Placement(t *rapid.T) corev1.PodSpec {
	spec := corev1.PodSpec{
		NodeSelector: Selector(t),
		Affinity:     Affinity(t),
		Tolerations:  Tolerations(t),
		HostNetwork:  oneIn(t, 4, "hostNetwork"),
	}
	if oneIn(t, 12, "nodeName") {
		spec.NodeName = pick(t, "node", append([]string{"gone"}, NodeNames...)...)
	}
	return spec
}

// DaemonSet draws a stored DaemonSet by its placement: neither defaulted nor valid.
func DaemonSet() *rapid.Generator[*appsv1.DaemonSet] {
	return rapid.Custom(func(t *rapid.T) *appsv1.DaemonSet {
		ds := &appsv1.DaemonSet{}
		ds.Namespace, ds.Name = "default", "agent"
		ds.Spec.Template.Spec = Placement(t)
		return ds
	})
}

// Pod draws a pod by its placement: neither defaulted nor valid.
func Pod() *rapid.Generator[*corev1.Pod] {
	return rapid.Custom(func(t *rapid.T) *corev1.Pod {
		pod := &corev1.Pod{Spec: Placement(t)}
		pod.Namespace, pod.Name, pod.UID = "default", "pod", "pod"
		return pod
	})
}

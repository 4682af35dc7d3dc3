package placement_test

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"github.com/berthsim/berth/placement"
)

// The naive reference: node by node, with component-helpers' own matching.

func naiveDaemon(ds *appsv1.DaemonSet, n *corev1.Node) placement.Decision {
	spec := ds.Spec.Template.Spec
	tolerations := append([]corev1.Toleration(nil), spec.Tolerations...)
	for key, effect := range map[string]corev1.TaintEffect{
		corev1.TaintNodeNotReady: corev1.TaintEffectNoExecute, corev1.TaintNodeUnreachable: corev1.TaintEffectNoExecute,
		corev1.TaintNodeDiskPressure: corev1.TaintEffectNoSchedule, corev1.TaintNodeMemoryPressure: corev1.TaintEffectNoSchedule,
		corev1.TaintNodePIDPressure: corev1.TaintEffectNoSchedule, corev1.TaintNodeUnschedulable: corev1.TaintEffectNoSchedule,
	} {
		tolerations = append(tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: effect})
	}
	if spec.HostNetwork {
		tolerations = append(tolerations, corev1.Toleration{Key: corev1.TaintNodeNetworkUnavailable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule})
	}
	if !naiveMatch(&spec, n) {
		return placement.Excluded
	}
	switch {
	case naiveUntolerated(tolerations, n, corev1.TaintEffectNoExecute):
		return placement.Excluded
	case naiveUntolerated(tolerations, n, corev1.TaintEffectNoSchedule):
		return placement.Kept
	}
	return placement.Eligible
}

func naivePod(pod *corev1.Pod, n *corev1.Node) placement.Decision {
	cordon := &corev1.Node{Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}}}}
	if !naiveMatch(&pod.Spec, n) ||
		naiveUntolerated(pod.Spec.Tolerations, n, corev1.TaintEffectNoExecute) ||
		naiveUntolerated(pod.Spec.Tolerations, n, corev1.TaintEffectNoSchedule) ||
		n.Spec.Unschedulable && naiveUntolerated(pod.Spec.Tolerations, cordon, corev1.TaintEffectNoSchedule) {
		return placement.Excluded
	}
	return placement.Eligible
}

func naiveMatch(spec *corev1.PodSpec, n *corev1.Node) bool {
	match, _ := nodeaffinity.GetRequiredNodeAffinity(&corev1.Pod{Spec: *spec}).Match(n)
	return match && (spec.NodeName == "" || spec.NodeName == n.Name)
}

func naiveUntolerated(tolerations []corev1.Toleration, n *corev1.Node, effect corev1.TaintEffect) bool {
	for _, taint := range n.Spec.Taints {
		tolerated := taint.Effect != effect
		for _, t := range tolerations {
			tolerated = tolerated || t.ToleratesTaint(klog.Background(), &taint, false)
		}
		if !tolerated {
			return true
		}
	}
	return false
}

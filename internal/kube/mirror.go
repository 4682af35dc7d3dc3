package kube

import corev1 "k8s.io/api/core/v1"

// IsMirror reports whether the pod is the mirror of a static pod, which the kubelet
// runs by itself (pkg/kubelet/types/pod_update.go: IsMirrorPod).
func IsMirror(pod *corev1.Pod) bool {
	_, is := pod.Annotations[corev1.MirrorPodAnnotationKey]
	return is
}

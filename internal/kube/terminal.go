package kube

import corev1 "k8s.io/api/core/v1"

// IsTerminal reports whether a pod in the phase has ended
// (pkg/api/v1/pod/util.go: IsPodPhaseTerminal).
func IsTerminal(phase corev1.PodPhase) bool {
	return phase == corev1.PodFailed || phase == corev1.PodSucceeded
}

package placement

import (
	corev1 "k8s.io/api/core/v1"
)

// Load is what a pod takes from its node. It is made once and counted on many
// nodes. Safe for concurrent use.
type Load struct {
	name                    string // namespace/name of the pod, or of its DaemonSet
	requests                amounts
	scoredCPU, scoredMemory int64
	ports                   []hostPort
}

// LoadOf gives the load of a pod that runs or will: what its status says of
// in-place resizes counts. It costs a few µs.
func LoadOf(pod *corev1.Pod) *Load {
	l := &Load{name: pod.Namespace + "/" + pod.Name, ports: hostPorts(&pod.Spec)}
	l.requests, l.scoredCPU, l.scoredMemory = taken(pod)
	return l
}

// counts says whether the scheduler counts the pod where it is bound: one that
// has ended takes nothing (pkg/scheduler: NewInformerFactory), one that is being
// deleted does.
func counts(pod *corev1.Pod) bool {
	return pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
}

package placement

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/snapshot"
)

// podPriority is the priority of a pod and whether it may preempt others.
type podPriority struct {
	priority int32
	never    bool // preempts none
}

// podPriorityOf returns the priority of a pod that is to be placed.
func podPriorityOf(pod *corev1.Pod, b *snapshot.Snapshot) podPriority {
	return podPriority{kube.Priority(&pod.Spec, b), kube.NeverPreempts(&pod.Spec, b)}
}

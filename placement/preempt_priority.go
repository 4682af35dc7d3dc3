package placement

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
)

// standing is how important a pod is and whether it may push others out.
type standing struct {
	priority int32
	never    bool // preempts none
}

// standingOf returns the standing of a pod that is to be placed.
func standingOf(pod *corev1.Pod, b cluster.Borrowed) standing {
	return standing{kube.Priority(&pod.Spec, b), kube.NeverPreempts(&pod.Spec, b)}
}

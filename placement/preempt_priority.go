package placement

import (
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"

	"github.com/berthsim/berth/cluster"
)

// standing is how important a pod is and whether it may push others out.
type standing struct {
	priority int32
	never    bool // preempts none
}

// The classes that every cluster has (pkg/apis/scheduling/v1, SystemPriorityClasses).
var systemClasses = map[string]int32{"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}

// standingOf gives the standing of a pod that is to be placed: what its spec
// says, else its PriorityClass, else the cluster's default one, of several the
// lowest (plugin/pkg/admission/priority, admitPod). Of a class that there is not,
// with which an API server would refuse the pod, it is 0.
func standingOf(pod *corev1.Pod, b cluster.Borrowed) standing {
	var s standing
	policy := pod.Spec.PreemptionPolicy
	switch class := classOf(pod, b); {
	case pod.Spec.Priority != nil:
		s.priority = *pod.Spec.Priority
	case class != nil:
		s.priority = class.Value
		if policy == nil {
			policy = class.PreemptionPolicy
		}
	default:
		s.priority = systemClasses[pod.Spec.PriorityClassName]
	}
	s.never = policy != nil && *policy == corev1.PreemptNever
	return s
}

func classOf(pod *corev1.Pod, b cluster.Borrowed) *schedulingv1.PriorityClass {
	if name := pod.Spec.PriorityClassName; name != "" {
		class, _ := b.PriorityClass(name)
		return class
	}
	var lowest *schedulingv1.PriorityClass
	for _, class := range b.PriorityClasses() {
		if class.GlobalDefault && (lowest == nil || class.Value < lowest.Value) {
			lowest = class
		}
	}
	return lowest
}

// priorityOf gives the priority of a pod that runs: one without was made when
// there was no default class, and has 0 (component-helpers, PodPriority). A dump
// always has it; in manifests written by hand the name of the class stands for it.
func priorityOf(pod *corev1.Pod, b cluster.Borrowed) int32 {
	if pod.Spec.Priority != nil || pod.Spec.PriorityClassName != "" {
		return standingOf(pod, b).priority
	}
	return 0
}

package kube

import (
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PriorityClasses looks up the priority classes of a cluster.
type PriorityClasses interface {
	PriorityClass(name string) (*schedulingv1.PriorityClass, bool)
	PriorityClasses() []*schedulingv1.PriorityClass
}

// SystemPriority returns the value of a priority class that exists in every cluster
// (pkg/apis/scheduling/v1/helpers.go: SystemPriorityClasses).
func SystemPriority(class string) (value int32, ok bool) {
	switch class {
	case "system-node-critical":
		return 2_000_001_000, true
	case "system-cluster-critical":
		return 2_000_000_000, true
	}
	return 0, false
}

// ResolvePriorityClass returns the class that decides about a new pod with that
// class name, or without one (plugin/pkg/admission/priority/admission.go:
// establishPriority). Where no class is the default, that is a class without a name,
// with value 0. It returns false if there is no class of that name.
func ResolvePriorityClass(name string, classes PriorityClasses) (*schedulingv1.PriorityClass, bool) {
	if name == "" {
		return defaultPriorityClass(classes), true
	}
	if class, ok := classes.PriorityClass(name); ok {
		return class, true
	}
	if value, ok := SystemPriority(name); ok {
		return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: value, PreemptionPolicy: new(corev1.PreemptLowerPriority)}, true
	}
	return nil, false
}

// noDefaultClass stands for the default class where there is none. It is never
// modified.
var noDefaultClass = schedulingv1.PriorityClass{PreemptionPolicy: new(corev1.PreemptLowerPriority)}

// Priority returns the priority that admission sets on a new pod
// (plugin/pkg/admission/priority/admission.go: admitPod). It is 0 for a class that
// does not exist; an API server refuses such a pod.
func Priority(spec *corev1.PodSpec, classes PriorityClasses) int32 {
	if spec.Priority != nil {
		return *spec.Priority
	}
	if class, ok := ResolvePriorityClass(spec.PriorityClassName, classes); ok {
		return class.Value
	}
	return 0
}

// RunningPriority returns the priority of an existing pod
// (k8s.io/component-helpers/scheduling/corev1/helpers.go: PodPriority). A pod
// without priority and class was created when there was no default class and has 0.
// A dump always has the priority; in manifests written by hand it follows from the
// class.
func RunningPriority(spec *corev1.PodSpec, classes PriorityClasses) int32 {
	if spec.Priority == nil && spec.PriorityClassName == "" {
		return 0
	}
	return Priority(spec, classes)
}

// NeverPreempts reports whether a new pod preempts no other pod
// (plugin/pkg/admission/priority/admission.go: admitPod;
// pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go:
// PodEligibleToPreemptOthers).
func NeverPreempts(spec *corev1.PodSpec, classes PriorityClasses) bool {
	policy := spec.PreemptionPolicy
	if policy == nil && spec.Priority == nil {
		if class, ok := ResolvePriorityClass(spec.PriorityClassName, classes); ok {
			policy = class.PreemptionPolicy
		}
	}
	return policy != nil && *policy == corev1.PreemptNever
}

// HasPriorityClass reports whether the cluster has a class of that name.
func HasPriorityClass(name string, classes PriorityClasses) bool {
	_, system := SystemPriority(name)
	_, own := classes.PriorityClass(name)
	return system || own
}

// defaultPriorityClass returns the default class with the lowest value
// (plugin/pkg/admission/priority/admission.go: getDefaultPriorityClass,
// getDefaultPriority).
func defaultPriorityClass(classes PriorityClasses) *schedulingv1.PriorityClass {
	lowest := &noDefaultClass
	for _, class := range classes.PriorityClasses() {
		if class.GlobalDefault && (lowest == &noDefaultClass || class.Value < lowest.Value) {
			lowest = class
		}
	}
	return lowest
}

package kube

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	helper "k8s.io/component-helpers/resource"
)

// QOSClass returns the quality of service of a pod
// (pkg/apis/core/v1/helper/qos/qos.go: ComputePodQOS).
func QOSClass(pod *corev1.Pod) corev1.PodQOSClass {
	if helper.IsPodLevelResourcesSet(pod) {
		return requirementsQOS(pod.Spec.Resources)
	}
	var class corev1.PodQOSClass
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		switch own := requirementsQOS(&container.Resources); {
		case class == "":
			class = own
		case class != own:
			return corev1.PodQOSBurstable
		}
	}
	if class == "" {
		return corev1.PodQOSBestEffort
	}
	return class
}

// requirementsQOS follows requirementsQOS: of resources that differ in their class
// the whole is Burstable.
func requirementsQOS(r *corev1.ResourceRequirements) corev1.PodQOSClass {
	if len(r.Requests) == 0 && len(r.Limits) == 0 {
		return corev1.PodQOSBestEffort
	}
	cpu, memory := resourceQOS(r, corev1.ResourceCPU), resourceQOS(r, corev1.ResourceMemory)
	if cpu != memory {
		return corev1.PodQOSBurstable
	}
	return cpu
}

func resourceQOS(r *corev1.ResourceRequirements, name corev1.ResourceName) corev1.PodQOSClass {
	request, limit := r.Requests[name], r.Limits[name]
	switch {
	case !request.Equal(limit):
		return corev1.PodQOSBurstable
	case request.IsZero():
		return corev1.PodQOSBestEffort
	}
	return corev1.PodQOSGuaranteed
}

package defaults

import (
	"iter"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
)

// defaultPod sets the defaults of a pod, including those that templates lack.
//
// The protocol of an HTTP probe stays absent: the gate H2CContainerProbe is off.
// Pod-level resources are filled in later ([PrepareForCreate]), because they follow
// the rounded resources of the containers.
func defaultPod(release kube.Release, pod *corev1.Pod) {
	spec := &pod.Spec
	if grace := spec.TerminationGracePeriodSeconds; grace != nil && *grace < 0 {
		*grace = 1
	}
	defaultPointer(&spec.EnableServiceLinks, corev1.DefaultEnableServiceLinks)
	for _, containers := range [...][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			defaultRequests(&containers[i].Resources)
			if spec.HostNetwork {
				defaultHostPorts(containers[i].Ports)
			}
		}
	}
	if !release.Has(kube.PodResourcesCompleted) {
		setPodRequests(spec)
	}
	defaultPodSpec(spec)
	defaultPodStatus(&pod.Status)
}

// defaultHostPorts sets the host port of every container port of a pod in the host
// network.
func defaultHostPorts(ports []corev1.ContainerPort) {
	for i := range ports {
		defaultTo(&ports[i].HostPort, ports[i].ContainerPort)
	}
}

// defaultPodSpec sets the defaults that templates and pods have in common.
func defaultPodSpec(spec *corev1.PodSpec) {
	defaultTo(&spec.ServiceAccountName, spec.DeprecatedServiceAccount)
	spec.DeprecatedServiceAccount = spec.ServiceAccountName
	defaultTo(&spec.DNSPolicy, corev1.DNSClusterFirst)
	defaultTo(&spec.RestartPolicy, corev1.RestartPolicyAlways)
	defaultPointer(&spec.SecurityContext, corev1.PodSecurityContext{})
	defaultPointer(&spec.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	defaultTo(&spec.SchedulerName, corev1.DefaultSchedulerName)
	roundUp(spec.Overhead)
	roundUpBoth(spec.Resources)
	for i := range spec.Volumes {
		defaultVolume(&spec.Volumes[i])
	}
	for container := range allContainers(spec) {
		defaultContainer(container)
	}
}

// allContainers yields the init, ordinary and ephemeral containers, to be modified
// in place.
func allContainers(spec *corev1.PodSpec) iter.Seq[*corev1.Container] {
	return func(yield func(*corev1.Container) bool) {
		for _, containers := range [...][]corev1.Container{spec.InitContainers, spec.Containers} {
			for i := range containers {
				if !yield(&containers[i]) {
					return
				}
			}
		}
		for i := range spec.EphemeralContainers {
			if !yield((*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon)) {
				return
			}
		}
	}
}

// defaultPodStatus makes podIP and podIPs agree, with podIP taking precedence, and
// rounds the resources.
func defaultPodStatus(status *corev1.PodStatus) {
	switch {
	case status.PodIP == "" && len(status.PodIPs) > 0:
		status.PodIP = status.PodIPs[0].IP
	case status.PodIP != "" && (len(status.PodIPs) == 0 || status.PodIPs[0].IP != status.PodIP):
		status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	}
	roundUp(status.AllocatedResources)
	roundUpBoth(status.Resources)
	for _, containers := range [...][]corev1.ContainerStatus{
		status.InitContainerStatuses, status.ContainerStatuses, status.EphemeralContainerStatuses,
	} {
		for _, container := range containers {
			roundUp(container.AllocatedResources)
			roundUpBoth(container.Resources)
		}
	}
}

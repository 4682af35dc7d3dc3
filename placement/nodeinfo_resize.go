package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	helper "k8s.io/component-helpers/resource"

	"github.com/berthsim/berth/internal/kube"
)

// requestsDuringResize returns what a pod counts as while it is resized in place
// (k8s.io/component-helpers/resource/helpers.go: PodRequests). A container without a
// request of a resource counts with that of missing. The linked component-helpers has
// the rules of its own release only, and so is asked about pods without a status.
func requestsDuringResize(release kube.Release, pod *corev1.Pod, missing corev1.ResourceList) corev1.ResourceList {
	options := helper.PodResourcesOptions{NonMissingContainerRequests: missing}
	status, infeasible := &pod.Status, helper.IsPodResizeInfeasible(pod)
	if len(status.ContainerStatuses)+len(status.InitContainerStatuses) == 0 && status.Resources == nil && !infeasible {
		return helper.PodRequests(pod, options)
	}
	if release.Has(kube.ResizesSummed) {
		pod = withSums(pod, infeasible, options)
		options.NonMissingContainerRequests = nil
	} else {
		pod = withRequests(pod, func(c *corev1.Container, s *corev1.ContainerStatus, init bool) corev1.ResourceList {
			if s == nil || s.Resources == nil || init && !isSidecar(c) {
				return c.Resources.Requests
			}
			return largestOf(infeasible, c.Resources.Requests, s.Resources.Requests, s.AllocatedResources)
		})
	}
	if whole := pod.Spec.Resources; whole != nil && status.Resources != nil && release.Has(kube.PodResizes) {
		resources := *whole
		resources.Requests = largestOf(infeasible, whole.Requests, status.Resources.Requests, status.AllocatedResources)
		if !release.Has(kube.ResizesSummed) {
			resources.Requests = restricted(resources.Requests, whole.Requests)
		}
		if helper.IsPodLevelRequestsSet(pod) {
			pod.Spec.Resources = &resources
		}
	}
	return helper.PodRequests(pod, options)
}

// withSums returns the pod with one container, which requests the largest of what the
// containers request, are allocated and use, each summed.
func withSums(pod *corev1.Pod, infeasible bool, options helper.PodResourcesOptions) *corev1.Pod {
	sum := func(pick func(*corev1.Container, *corev1.ContainerStatus, bool) corev1.ResourceList) corev1.ResourceList {
		return helper.AggregateContainerRequests(withRequests(pod, pick), options)
	}
	fallback := func(c *corev1.Container) corev1.ResourceList {
		if infeasible {
			return nil
		}
		return c.Resources.Requests
	}
	allocatedTo := func(c *corev1.Container, s *corev1.ContainerStatus, _ bool) corev1.ResourceList {
		if s != nil && s.AllocatedResources != nil {
			return s.AllocatedResources
		}
		return fallback(c)
	}
	requested := sum(func(c *corev1.Container, _ *corev1.ContainerStatus, _ bool) corev1.ResourceList {
		return c.Resources.Requests
	})
	var allocated, actuated corev1.ResourceList
	if status := &pod.Status; status.AllocatedResources != nil && status.Resources != nil && status.Resources.Requests != nil {
		allocated, actuated = status.AllocatedResources, status.Resources.Requests
	} else {
		allocated = sum(allocatedTo)
		actuated = sum(func(c *corev1.Container, s *corev1.ContainerStatus, init bool) corev1.ResourceList {
			if s != nil && s.Resources != nil && s.Resources.Requests != nil {
				return s.Resources.Requests
			}
			return allocatedTo(c, s, init)
		})
	}
	again := *pod
	again.Spec.InitContainers = nil
	again.Spec.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: largestOf(infeasible, requested, actuated, allocated)}}}
	return &again
}

// withRequests returns the pod with other requests of its containers.
func withRequests(pod *corev1.Pod, pick func(c *corev1.Container, s *corev1.ContainerStatus, init bool) corev1.ResourceList) *corev1.Pod {
	statuses := slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses)
	replaced := func(containers []corev1.Container, init bool) []corev1.Container {
		containers = slices.Clone(containers)
		for i := range containers {
			c := &containers[i]
			var status *corev1.ContainerStatus
			if k := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == c.Name }); k >= 0 {
				status = &statuses[k]
			}
			c.Resources.Requests = pick(c, status, init)
		}
		return containers
	}
	again := *pod
	again.Spec.Containers, again.Spec.InitContainers = replaced(pod.Spec.Containers, false), replaced(pod.Spec.InitContainers, true)
	return &again
}

// restricted returns the quantities of a list whose resources are in another.
func restricted(list, to corev1.ResourceList) corev1.ResourceList {
	some := corev1.ResourceList{}
	for name := range to { // any order: a map into a map
		some[name] = list[name]
	}
	return some
}

// largestOf returns the largest quantity of each resource. What is requested does not
// count if the resize is infeasible.
func largestOf(infeasible bool, requested corev1.ResourceList, others ...corev1.ResourceList) corev1.ResourceList {
	largest := corev1.ResourceList{}
	if !infeasible {
		others = append(others, requested)
	}
	for _, list := range others {
		for name, quantity := range list { // any order: each is judged by itself
			if most, has := largest[name]; !has || quantity.Cmp(most) > 0 {
				largest[name] = quantity
			}
		}
	}
	return largest
}

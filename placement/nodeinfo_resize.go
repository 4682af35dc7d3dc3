package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	resourcehelper "k8s.io/component-helpers/resource"

	"github.com/berthsim/berth/internal/kube"
)

// resized returns the pod with what counts as its requests while it is resized in
// place, by the rules before kube.ResizesSummed: for each container the largest of what
// it requests, is allocated and uses
// (k8s.io/component-helpers/resource/helpers.go: AggregateContainerRequests).
func resized(release kube.Release, pod *corev1.Pod) *corev1.Pod {
	status := &pod.Status
	if len(status.ContainerStatuses)+len(status.InitContainerStatuses) == 0 && status.Resources == nil {
		return pod
	}
	infeasible := resourcehelper.IsPodResizeInfeasible(pod)
	again := *pod
	again.Spec.Containers = slices.Clone(pod.Spec.Containers)
	for i := range again.Spec.Containers {
		resizeContainer(&again.Spec.Containers[i], status, infeasible)
	}
	again.Spec.InitContainers = slices.Clone(pod.Spec.InitContainers)
	for i := range again.Spec.InitContainers {
		if c := &again.Spec.InitContainers[i]; isSidecar(c) {
			resizeContainer(c, status, infeasible)
		}
	}
	if whole := pod.Spec.Resources; release.Has(kube.PodResizes) && whole != nil && status.Resources != nil {
		largest := largestOf(infeasible, whole.Requests, status.Resources.Requests, status.AllocatedResources)
		resources := *whole
		resources.Requests = corev1.ResourceList{}
		for name := range whole.Requests { // any order: a map into a map
			resources.Requests[name] = largest[name]
		}
		again.Spec.Resources = &resources
	}
	return &again
}

func resizeContainer(c *corev1.Container, status *corev1.PodStatus, infeasible bool) {
	for _, s := range slices.Concat(status.ContainerStatuses, status.InitContainerStatuses) {
		if s.Name == c.Name && s.Resources != nil {
			c.Resources.Requests = largestOf(infeasible, c.Resources.Requests, s.Resources.Requests, s.AllocatedResources)
			return
		}
	}
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

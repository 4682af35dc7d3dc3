package defaults

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	helper "k8s.io/component-helpers/resource"

	"github.com/berthsim/berth/internal/kube"
)

// roundUp rounds quantities up to thousandths, the finest unit that the API server
// keeps.
func roundUp(list corev1.ResourceList) {
	for name, quantity := range list { // any order: each entry by itself
		quantity.RoundUp(resource.Milli)
		list[name] = quantity
	}
}

func roundUpBoth(r *corev1.ResourceRequirements) {
	if r != nil {
		roundUp(r.Limits)
		roundUp(r.Requests)
	}
}

// defaultRequests sets the missing requests of a container to its limits.
func defaultRequests(r *corev1.ResourceRequirements) {
	if r.Limits == nil {
		return
	}
	if r.Requests == nil {
		r.Requests = make(corev1.ResourceList, len(r.Limits))
	}
	r.Requests = filled(r.Requests, r.Limits, kube.AnyResource)
}

// filled returns list with the missing entries of from that wants selects. Like
// upstream it leaves an absent list absent if there is nothing to add.
func filled(list, from corev1.ResourceList, wants func(corev1.ResourceName) bool) corev1.ResourceList {
	for name, quantity := range from { // any order: a map into a map
		if _, has := list[name]; has || !wants(name) {
			continue
		}
		if list == nil {
			list = make(corev1.ResourceList, len(from))
		}
		list[name] = quantity.DeepCopy()
	}
	return list
}

// setPodResources completes the resources of the pod as a whole, if it has
// any, from those of its containers: limits of huge pages; requests of cpu and
// memory; requests from limits; and limits that every container has.
//
// Follows the API server (pkg/api/pod/util.go: DefaultPodLevelResources), which the
// registry calls for a new or resized pod once webhooks have added their
// containers.
func setPodResources(spec *corev1.PodSpec) {
	limits, partly := completePodResources(spec, false)
	if !partly {
		return
	}
	r := spec.Resources
	r.Limits = filled(r.Limits, atLeast(limits, r.Requests), func(name corev1.ResourceName) bool {
		return helper.IsSupportedPodLevelResource(name) && limitedByAll(spec, name)
	})
}

// setPodRequests is setPodResources before kube.PodResourcesCompleted: a default of
// the scheme, which completes requests if there are limits
// (pkg/apis/core/v1/defaults.go: defaultHugePagePodLimits, defaultPodRequests).
func setPodRequests(spec *corev1.PodSpec) { completePodResources(spec, true) }

// completePodResources completes the limits of huge pages, and the requests. It
// returns the sum of the containers' limits, and false if the pod as a whole has no
// resources.
func completePodResources(spec *corev1.PodSpec, needsLimits bool) (limits corev1.ResourceList, partly bool) {
	r := spec.Resources
	if r == nil || len(r.Requests)+len(r.Limits) == 0 {
		return nil, false
	}
	containers := &corev1.Pod{Spec: corev1.PodSpec{InitContainers: spec.InitContainers, Containers: spec.Containers}}
	requests := helper.AggregateContainerRequests(containers, helper.PodResourcesOptions{})
	limits = helper.AggregateContainerLimits(containers, helper.PodResourcesOptions{})

	r.Limits = filled(r.Limits, limits, func(name corev1.ResourceName) bool {
		_, requested := r.Requests[name]
		return kube.IsHugePages(name) && !requested
	})
	if needsLimits && len(r.Limits) == 0 {
		return limits, true
	}
	r.Requests = filled(r.Requests, requests, kube.IsCPUOrMemory)
	r.Requests = filled(r.Requests, r.Limits, helper.IsSupportedPodLevelResource)
	return limits, true
}

// atLeast returns the quantities that have a floor, raised to it. As upstream, it
// calls Cmp on the floor: Cmp may change how its receiver holds its value.
func atLeast(list, floor corev1.ResourceList) corev1.ResourceList {
	raised := make(corev1.ResourceList, len(floor))
	for name, least := range floor { // any order: a map into a map
		if quantity, has := list[name]; has && least.Cmp(quantity) <= 0 {
			raised[name] = quantity
		} else if has {
			raised[name] = least
		}
	}
	return raised
}

// limitedByAll reports whether every container limits a resource. Ephemeral
// containers count, although they cannot have limits: VisitContainers with
// AllContainers.
func limitedByAll(spec *corev1.PodSpec, name corev1.ResourceName) bool {
	for container := range allContainers(spec) {
		if _, limited := container.Resources.Limits[name]; !limited {
			return false
		}
	}
	return true
}

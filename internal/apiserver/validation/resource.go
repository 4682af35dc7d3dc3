package validation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	helper "k8s.io/component-helpers/resource"

	"github.com/berthsim/berth/internal/kube"
)

// resourceRule checks which resources a list may name.
type resourceRule func(at fieldErrors, name corev1.ResourceName)

// checkResources follows the API server (pkg/apis/core/validation/validation.go:
// validateResourceRequirements), without resource claims. A request that conflicts
// with its limit is reported for all requests together.
func checkResources(at fieldErrors, r *corev1.ResourceRequirements, rule resourceRule) {
	checkResourceList(at.child("limits"), r.Limits, rule)
	checkResourceList(at.child("requests"), r.Requests, rule)
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		checkWithinLimit(at, name, r)
	}
	if lists(r, kube.IsHugePages) && !lists(r, kube.IsCPUOrMemory) {
		at.forbidden("HugePages require cpu or memory")
	}
}

func checkResourceList(at fieldErrors, list corev1.ResourceList, rule resourceRule) {
	for _, name := range slices.Sorted(maps.Keys(list)) {
		here, quantity := at.key(string(name)), list[name]
		rule(here, name)
		checkQuantity(here, name, quantity)
		if kube.IsHugePages(name) && !kube.IsWholePages(name, quantity) {
			here.invalid(quantity.String(), fmt.Sprintf("%s is not positive integer multiple of %s", quantity.String(), name))
		}
	}
}

func checkWithinLimit(at fieldErrors, name corev1.ResourceName, r *corev1.ResourceRequirements) {
	request := r.Requests[name]
	limit, limited := r.Limits[name]
	switch order := request.Cmp(limit); {
	case !limited:
		if !kube.MayOvercommit(name) {
			at.child("limits").required("Limit must be set for non overcommitable resources")
		}
	case order != 0 && !kube.MayOvercommit(name):
		at.child("requests").invalid(request.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String()))
	case order > 0:
		at.child("requests").invalid(request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String()))
	}
}

// lists reports whether a wanted resource is among the requests or limits.
func lists(r *corev1.ResourceRequirements, wanted func(corev1.ResourceName) bool) bool {
	names := slices.AppendSeq(slices.Collect(maps.Keys(r.Limits)), maps.Keys(r.Requests))
	return slices.ContainsFunc(names, wanted)
}

// checkQuantity follows ValidateResourceQuantityValue.
func checkQuantity(at fieldErrors, name corev1.ResourceName, quantity resource.Quantity) {
	if quantity.Sign() < 0 {
		at.invalid(quantity.String(), "must be greater than or equal to 0")
	}
	if kube.IsCountedResource(name) && quantity.MilliValue()%1000 != 0 {
		at.invalid(quantity, "must be an integer")
	}
}

// checkResourceName follows validateResourceName. It reports whether the name is
// valid.
func checkResourceName(at fieldErrors, name corev1.ResourceName) bool {
	if wrong := validation.IsQualifiedName(string(name)); len(wrong) > 0 {
		at.invalidFor(name, wrong)
		return false
	}
	if !strings.Contains(string(name), "/") && !kube.IsStandardResource(name) {
		at.invalid(name, "must be a standard resource type or fully qualified")
		return false
	}
	return true
}

// checkContainerResource follows ValidateContainerResourceName.
func checkContainerResource(at fieldErrors, name corev1.ResourceName) {
	checkResourceName(at, name)
	switch plain := !strings.Contains(string(name), "/"); {
	case plain && !kube.IsCPUOrMemory(name) && name != corev1.ResourceEphemeralStorage && !kube.IsHugePages(name):
		at.invalid(name, "must be a standard resource for containers")
	case !plain && !kube.IsNativeResource(name) && !kube.IsExtendedResource(name):
		at.invalid(name, "doesn't follow extended resource name standard")
	}
}

// checkPodLevelResource follows validatePodResourceName.
func checkPodLevelResource(at fieldErrors, name corev1.ResourceName) {
	if checkResourceName(at, name) && !helper.IsSupportedPodLevelResource(name) {
		unsupported(at, name, slices.Sorted(maps.Keys(helper.SupportedPodLevelResources()))...)
	}
}

// checkPodResources follows validatePodResources and validatePodResourceConsistency:
// the pod-level resources must cover those of its containers.
func checkPodResources(at fieldErrors, spec *corev1.PodSpec) {
	if spec.Resources == nil {
		return
	}
	if spec.OS != nil && spec.OS.Name == corev1.Windows {
		at.forbidden("may not be set for a windows pod")
		return
	}
	checkResources(at, spec.Resources, checkPodLevelResource)
	pod := &corev1.Pod{Spec: *spec}
	checkHolds(at.child("requests"), spec.Resources.Requests,
		helper.AggregateContainerRequests(pod, helper.PodResourcesOptions{}), kube.AnyResource, "requests")
	checkHolds(at.child("limits"), spec.Resources.Limits,
		helper.AggregateContainerLimits(pod, helper.PodResourcesOptions{}), kube.IsHugePages, "limits")
	for i := range spec.Containers {
		checkWithinPod(at.child("containers").item(i), spec.Containers[i].Resources.Limits, spec.Resources.Limits)
	}
}

func checkHolds(at fieldErrors, pod, containers corev1.ResourceList, wanted func(corev1.ResourceName) bool, what string) {
	for _, name := range slices.Sorted(maps.Keys(containers)) {
		sum := containers[name]
		if quantity, ok := pod[name]; ok && wanted(name) && sum.Cmp(quantity) > 0 {
			at.key(string(name)).invalid(quantity.String(),
				fmt.Sprintf("must be greater than or equal to aggregate container %s of %s", what, sum.String()))
		}
	}
}

func checkWithinPod(at fieldErrors, container, pod corev1.ResourceList) {
	for _, name := range slices.Sorted(maps.Keys(container)) {
		quantity := container[name]
		if limit, ok := pod[name]; ok && quantity.Cmp(limit) > 0 {
			at.key(string(name)).child("limits").invalid(quantity.String(),
				fmt.Sprintf("must be less than or equal to pod limits of %s", limit.String()))
		}
	}
}

package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	helper "k8s.io/component-helpers/resource"

	"github.com/berthsim/berth/internal/kube"
)

// LimitRanger (plugin/pkg/admission/limitranger/admission.go: runLimitFunc). Upstream goes through
// LimitRanges and resources in the order of a map; here they are in the order of names.

// setLimitRangeDefaults follows PodMutateLimitFunc: the first LimitRange that has a
// default sets it for a container.
func setLimitRangeDefaults(r *request) *Refusal {
	for _, ranges := range r.objects.LimitRanges(r.pod.Namespace) {
		requests, limits := containerDefaults(ranges)
		mergeResources(r.pod, requests, limits)
	}
	return nil
}

// containerDefaults follows defaultContainerResourceRequirements: a later item
// overrides an earlier one.
func containerDefaults(ranges *corev1.LimitRange) (requests, limits corev1.ResourceList) {
	requests, limits = corev1.ResourceList{}, corev1.ResourceList{}
	for _, item := range ranges.Spec.Limits {
		if item.Type == corev1.LimitTypeContainer {
			maps.Copy(requests, item.DefaultRequest)
			maps.Copy(limits, item.Default)
		}
	}
	return requests, limits
}

// mergeResources follows mergePodResourceRequirements. The annotation tells what was
// set by the last LimitRange that set anything.
func mergeResources(pod *corev1.Pod, requests, limits corev1.ResourceList) {
	var notes []string
	for _, group := range [...]struct {
		name       string
		containers []corev1.Container
	}{{"container", pod.Spec.Containers}, {"init container", pod.Spec.InitContainers}} {
		for i := range group.containers {
			container := &group.containers[i]
			notes = addDefaults(notes, &container.Resources.Requests, requests, "request for "+group.name+" "+container.Name)
			notes = addDefaults(notes, &container.Resources.Limits, limits, "limit for "+group.name+" "+container.Name)
		}
	}
	if len(notes) == 0 {
		return
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations["kubernetes.io/limit-ranger"] = "LimitRanger plugin set: " + strings.Join(notes, "; ")
}

// addDefaults adds the missing entries to a list, and a note of what it added. Like
// upstream, it leaves no list absent.
func addDefaults(notes []string, list *corev1.ResourceList, from corev1.ResourceList, where string) []string {
	if *list == nil {
		*list = corev1.ResourceList{}
	}
	var added []string
	for name, quantity := range kube.Sorted(from) {
		if _, has := (*list)[name]; !has {
			(*list)[name] = quantity.DeepCopy()
			added = append(added, string(name))
		}
	}
	if len(added) == 0 {
		return notes
	}
	return append(notes, strings.Join(added, ", ")+" "+where)
}

// checkLimitRanges follows PodValidateLimitFunc: the first LimitRange that the pod
// violates is the one that is told, with everything that it violates.
func checkLimitRanges(r *request) *Refusal {
	for _, ranges := range r.objects.LimitRanges(r.pod.Namespace) {
		var broken []error
		for _, item := range ranges.Spec.Limits {
			broken = append(broken, checkLimitRangeItem(item, r.pod)...)
		}
		if len(broken) > 0 {
			return r.forbid("LimitRange "+kube.Key(ranges), utilerrors.NewAggregate(broken))
		}
	}
	return nil
}

func checkLimitRangeItem(item corev1.LimitRangeItem, pod *corev1.Pod) []error {
	switch item.Type {
	case corev1.LimitTypePod:
		return checkBounds(item, podResources(pod))
	case corev1.LimitTypeContainer:
		var broken []error
		for _, container := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
			broken = append(broken, checkBounds(item, container.Resources)...)
		}
		return broken
	}
	return nil
}

// podResources follows podRequests and podLimits: the overhead is left out, and of the
// resources of the pod as a whole only cpu and memory count.
func podResources(pod *corev1.Pod) corev1.ResourceRequirements {
	sums := corev1.ResourceRequirements{
		Requests: helper.AggregateContainerRequests(pod, helper.PodResourcesOptions{}),
		Limits:   helper.AggregateContainerLimits(pod, helper.PodResourcesOptions{}),
	}
	if own := pod.Spec.Resources; own != nil {
		overrideCPUAndMemory(sums.Requests, own.Requests)
		overrideCPUAndMemory(sums.Limits, own.Limits)
	}
	return sums
}

func overrideCPUAndMemory(sums, own corev1.ResourceList) {
	for _, name := range [...]corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if quantity, has := own[name]; has {
			sums[name] = quantity
		}
	}
}

// checkBounds checks what a container or a pod asks for against one item.
func checkBounds(item corev1.LimitRangeItem, asked corev1.ResourceRequirements) []error {
	var broken []error
	check := func(bounds corev1.ResourceList, rule func(bound) error) {
		for name, quantity := range kube.Sorted(bounds) {
			b := bound{per: item.Type, resource: name, at: quantity}
			b.request, b.requested = asked.Requests[name]
			b.limit, b.limited = asked.Limits[name]
			if err := rule(b); err != nil {
				broken = append(broken, err)
			}
		}
	}
	check(item.Min, bound.minimum)
	check(item.Max, bound.maximum)
	check(item.MaxLimitRequestRatio, bound.ratio)
	return broken
}

// bound is one bound of an item, and what is asked for of its resource.
type bound struct {
	per                corev1.LimitType
	resource           corev1.ResourceName
	at, request, limit resource.Quantity
	requested, limited bool
}

// minimum follows minConstraint.
func (b bound) minimum() error {
	request, limit, at := b.values()
	switch {
	case !b.requested:
		return b.errorf("minimum", ".  No request is specified")
	case request < at:
		return b.errorf("minimum", ", but request is %s", b.request.String())
	case b.limited && limit < at:
		return b.errorf("minimum", ", but limit is %s", b.limit.String())
	}
	return nil
}

// maximum follows maxConstraint.
func (b bound) maximum() error {
	request, limit, at := b.values()
	switch {
	case !b.limited:
		return b.errorf("maximum", ".  No limit is specified")
	case limit > at:
		return b.errorf("maximum", ", but limit is %s", b.limit.String())
	case b.requested && request > at:
		return b.errorf("maximum", ", but request is %s", b.request.String())
	}
	return nil
}

func (b bound) errorf(which, format string, args ...any) error {
	return fmt.Errorf("%s %s usage per %s is %s%s", which, b.resource, b.per, b.at.String(), fmt.Sprintf(format, args...))
}

// ratio follows limitRequestRatioConstraint.
func (b bound) ratio() error {
	request, limit, _ := b.values()
	text := fmt.Sprintf("%s max limit to request ratio per %s is %s", b.resource, b.per, b.at.String())
	switch {
	case !b.requested || request == 0:
		return fmt.Errorf("%s, but no request is specified or request is 0", text)
	case !b.limited || limit == 0:
		return fmt.Errorf("%s, but no limit is specified or limit is 0", text)
	}
	ratio := float64(limit) / float64(request)
	observed, most := ratio, float64(b.at.Value())
	if b.at.Value() <= resource.MaxMilliValue {
		observed, most = ratio*1000, float64(b.at.MilliValue())
	}
	if observed > most {
		return fmt.Errorf("%s, but provided ratio is %f", text, ratio)
	}
	return nil
}

// values follows requestLimitEnforcedValues: thousandths, if they do not overflow.
func (b bound) values() (request, limit, at int64) {
	request, limit, at = b.request.Value(), b.limit.Value(), b.at.Value()
	if max(request, limit, at) <= resource.MaxMilliValue {
		return b.request.MilliValue(), b.limit.MilliValue(), b.at.MilliValue()
	}
	return request, limit, at
}

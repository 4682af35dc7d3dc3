package admission

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	helper "k8s.io/component-helpers/resource"

	"github.com/berthsim/berth/internal/kube"
)

// ResourceQuota (k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go:
// CheckRequest) and what it knows of pods (pkg/quota/v1/evaluator/core/pods.go:
// NewPodEvaluator). It reads a quota's status and never its spec's limits: a quota whose
// status is empty refuses nothing.

const countPods corev1.ResourceName = "count/pods"

// chargedResources are the names of resources that pods use up in a quota.
var chargedResources = []corev1.ResourceName{
	countPods, corev1.ResourcePods,
	corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage,
	corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceRequestsEphemeralStorage,
	corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourceLimitsEphemeralStorage,
}

// mustBeSet are the resources that every container has to name where a quota has them
// (validationSet).
var mustBeSet = []corev1.ResourceName{
	corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory,
	corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory,
}

// Charge returns the quotas of the pod's namespace after a new pod, or why one of them
// refuses it (CheckRequest). Quotas that change are copied. The pod is one that Admit
// returned.
func Charge(quotas []*corev1.ResourceQuota, pod *corev1.Pod) ([]*corev1.ResourceQuota, *Refusal) {
	var matching []int
	for i, quota := range quotas {
		matches, refusal := quotaMatches(quota, pod)
		if refusal != nil {
			return nil, refusal
		}
		if matches {
			matching = append(matching, i)
		}
	}
	usage := PodUsage(pod, time.Time{})
	if refusal := checkNotNegative(usage, pod); refusal != nil {
		return nil, refusal
	}
	charged := slices.Clone(quotas)
	for _, i := range matching {
		used, refusal := charge(quotas[i], usage, pod)
		if refusal != nil {
			return nil, refusal
		}
		charged[i] = quotas[i].DeepCopy()
		charged[i].Status.Used = used
	}
	return charged, nil
}

// quotaMatches reports whether a quota counts the pod, and refuses a pod that lacks
// what the quota counts.
func quotaMatches(quota *corev1.ResourceQuota, pod *corev1.Pod) (bool, *Refusal) {
	matches, err := inScopes(quota, pod)
	if err != nil {
		message := fmt.Sprintf("error matching scopes of quota %s, err: %v", quota.Name, err)
		return false, &Refusal{Plugin: ResourceQuota, Object: quotaObject(quota), Message: message}
	}
	counted := countedBy(quota.Status.Hard)
	if !matches || len(counted) == 0 {
		return false, nil
	}
	if missing := missingResources(pod, counted); missing != "" {
		return false, quotaRefusal(quota, pod, fmt.Errorf("failed quota: %s: must specify %s", quota.Name, missing))
	}
	for _, name := range counted {
		if _, known := quota.Status.Used[name]; !known {
			return false, quotaRefusal(quota, pod, fmt.Errorf("status unknown for quota: %s, resources: %s", quota.Name, joined(counted)))
		}
	}
	return true, nil
}

// charge returns the used amounts of a quota with the pod.
func charge(quota *corev1.ResourceQuota, usage corev1.ResourceList, pod *corev1.Pod) (corev1.ResourceList, *Refusal) {
	used := quota.Status.Used.DeepCopy()
	var over []corev1.ResourceName
	for name, amount := range kube.Sorted(usage) {
		hard, limited := quota.Status.Hard[name]
		if amount.IsZero() || !limited {
			continue
		}
		sum := used[name]
		sum.Add(amount)
		if sum.Cmp(hard) > 0 {
			over = append(over, name)
		}
		used[name] = sum
	}
	if len(over) == 0 {
		return used, nil
	}
	return nil, quotaRefusal(quota, pod, fmt.Errorf("exceeded quota: %s, requested: %s, used: %s, limited: %s", quota.Name,
		amounts(usage, over), amounts(quota.Status.Used, over), amounts(quota.Status.Hard, over)))
}

func checkNotNegative(usage corev1.ResourceList, pod *corev1.Pod) *Refusal {
	var negative []corev1.ResourceName
	for name, amount := range kube.Sorted(usage) {
		if amount.Sign() < 0 {
			negative = append(negative, name)
		}
	}
	if len(negative) == 0 {
		return nil
	}
	return &Refusal{Plugin: ResourceQuota, Message: forbidden(pod.Name, "quota usage is negative for resource(s): "+joined(negative))}
}

func quotaObject(quota *corev1.ResourceQuota) string { return "ResourceQuota " + kube.Key(quota) }

func quotaRefusal(quota *corev1.ResourceQuota, pod *corev1.Pod, reason error) *Refusal {
	return &Refusal{Plugin: ResourceQuota, Object: quotaObject(quota), Message: forbidden(pod.Name, reason.Error())}
}

// amounts follows prettyPrint.
func amounts(list corev1.ResourceList, names []corev1.ResourceName) string {
	var parts []string
	for _, name := range names {
		if quantity, has := list[name]; has {
			parts = append(parts, string(name)+"="+quantity.String())
		}
	}
	return strings.Join(parts, ",")
}

// joined follows prettyPrintResourceNames.
func joined(names []corev1.ResourceName) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	slices.Sort(texts)
	return strings.Join(texts, ",")
}

// countedBy follows MatchingResources: the resources of a quota that pods use up.
func countedBy(hard corev1.ResourceList) []corev1.ResourceName {
	var counted []corev1.ResourceName
	for name := range kube.Sorted(hard) {
		if slices.Contains(chargedResources, name) || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix) ||
			strings.HasPrefix(string(name), corev1.ResourceRequestsHugePagesPrefix) || isExtendedRequest(name) {
			counted = append(counted, name)
		}
	}
	return counted
}

// isExtendedRequest follows isExtendedResourceNameForQuota.
func isExtendedRequest(name corev1.ResourceName) bool {
	extended, isRequest := strings.CutPrefix(string(name), corev1.DefaultResourceRequestsPrefix)
	return isRequest && (!kube.IsNativeResource(name) || strings.HasPrefix(extended, resourcev1.ResourceDeviceClassPrefix))
}

// missingResources follows Constraints: it lists what containers must name and do not,
// with their names. A pod with resources of its own need not.
func missingResources(pod *corev1.Pod, counted []corev1.ResourceName) string {
	if helper.IsPodLevelResourcesSet(pod) {
		return ""
	}
	var missing []string
	for _, name := range counted {
		if !slices.Contains(mustBeSet, name) {
			continue
		}
		var without []string
		for _, container := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
			if _, has := quotaUsage(container.Resources.Requests, container.Resources.Limits)[name]; !has {
				without = append(without, container.Name)
			}
		}
		if slices.Sort(without); len(without) > 0 {
			missing = append(missing, string(name)+" for: "+strings.Join(slices.Compact(without), ","))
		}
	}
	return strings.Join(missing, "; ")
}

// PodUsage follows PodUsageFunc: what a pod uses up in a quota. A pod that has ended, or
// whose grace period is over, only counts as an object.
func PodUsage(pod *corev1.Pod, now time.Time) corev1.ResourceList {
	usage := corev1.ResourceList{}
	if isCharged(pod, now) {
		options := helper.PodResourcesOptions{UseStatusResources: true}
		usage = quotaUsage(helper.PodRequests(pod, options), helper.PodLimits(pod, options))
	}
	usage[countPods] = *resource.NewQuantity(1, resource.DecimalSI)
	return usage
}

// isCharged follows QuotaV1Pod.
func isCharged(pod *corev1.Pod, now time.Time) bool {
	if kube.IsTerminal(pod.Status.Phase) {
		return false
	}
	if pod.DeletionTimestamp == nil || pod.DeletionGracePeriodSeconds == nil {
		return true
	}
	grace := time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
	return !now.After(pod.DeletionTimestamp.Add(grace))
}

// quotaUsage follows podComputeUsageHelper.
func quotaUsage(requests, limits corev1.ResourceList) corev1.ResourceList {
	usage := corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(1, resource.DecimalSI)}
	for name, quantity := range requests { // any order: a map into a map
		prefixed := corev1.DefaultResourceRequestsPrefix + name
		switch {
		case kube.IsCPUOrMemory(name), name == corev1.ResourceEphemeralStorage, kube.IsHugePages(name):
			usage[name], usage[prefixed] = quantity, quantity
		case kube.IsExtendedResource(name), strings.HasPrefix(string(name), resourcev1.ResourceDeviceClassPrefix):
			usage[prefixed] = quantity
		}
	}
	for name, quantity := range limits { // any order: a map into a map
		if kube.IsCPUOrMemory(name) || name == corev1.ResourceEphemeralStorage {
			usage["limits."+name] = quantity
		}
	}
	return usage
}

// inScopes reports whether a pod matches all scopes of a quota.
func inScopes(quota *corev1.ResourceQuota, pod *corev1.Pod) (bool, error) {
	all := true
	for _, scope := range quota.Spec.Scopes {
		in, err := inScope(corev1.ScopedResourceSelectorRequirement{ScopeName: scope, Operator: corev1.ScopeSelectorOpExists}, pod)
		if err != nil {
			return false, err
		}
		all = all && in
	}
	if quota.Spec.ScopeSelector == nil {
		return all, nil
	}
	for _, selector := range quota.Spec.ScopeSelector.MatchExpressions {
		in, err := inScope(selector, pod)
		if err != nil {
			return false, fmt.Errorf("error on matching scope %v: %v", selector, err)
		}
		all = all && in
	}
	return all, nil
}

// inScope follows podMatchesScopeFunc. Only PriorityClass has values.
func inScope(selector corev1.ScopedResourceSelectorRequirement, pod *corev1.Pod) (bool, error) {
	bestEffort := kube.QOSClass(pod) == corev1.PodQOSBestEffort
	terminating := pod.Spec.ActiveDeadlineSeconds != nil && *pod.Spec.ActiveDeadlineSeconds >= 0
	switch selector.ScopeName {
	case corev1.ResourceQuotaScopeTerminating:
		return terminating, nil
	case corev1.ResourceQuotaScopeNotTerminating:
		return !terminating, nil
	case corev1.ResourceQuotaScopeBestEffort:
		return bestEffort, nil
	case corev1.ResourceQuotaScopeNotBestEffort:
		return !bestEffort, nil
	case corev1.ResourceQuotaScopePriorityClass:
		return hasPriorityClass(selector, pod)
	case corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return crossesNamespaces(pod), nil
	}
	return false, nil
}

// hasPriorityClass follows podMatchesSelector.
func hasPriorityClass(selector corev1.ScopedResourceSelectorRequirement, pod *corev1.Pod) (bool, error) {
	class := pod.Spec.PriorityClassName
	var operator selection.Operator
	switch selector.Operator {
	case corev1.ScopeSelectorOpExists:
		return class != "", nil
	case corev1.ScopeSelectorOpIn:
		operator = selection.In
	case corev1.ScopeSelectorOpNotIn:
		operator = selection.NotIn
	case corev1.ScopeSelectorOpDoesNotExist:
		operator = selection.DoesNotExist
	default:
		return false, fmt.Errorf("failed to parse and convert selector: %q is not a valid scope selector operator", selector.Operator)
	}
	requirement, err := labels.NewRequirement(string(selector.ScopeName), operator, selector.Values)
	if err != nil {
		return false, fmt.Errorf("failed to parse and convert selector: %v", err)
	}
	set := labels.Set{}
	if class != "" {
		set[string(selector.ScopeName)] = class
	}
	return requirement.Matches(set), nil
}

// crossesNamespaces follows usesCrossNamespacePodAffinity.
func crossesNamespaces(pod *corev1.Pod) bool {
	affinity := pod.Spec.Affinity
	if affinity == nil {
		return false
	}
	if with := affinity.PodAffinity; with != nil &&
		anyCrosses(with.RequiredDuringSchedulingIgnoredDuringExecution, with.PreferredDuringSchedulingIgnoredDuringExecution) {
		return true
	}
	anti := affinity.PodAntiAffinity
	return anti != nil &&
		anyCrosses(anti.RequiredDuringSchedulingIgnoredDuringExecution, anti.PreferredDuringSchedulingIgnoredDuringExecution)
}

func anyCrosses(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) bool {
	crosses := func(term corev1.PodAffinityTerm) bool {
		return len(term.Namespaces) != 0 || term.NamespaceSelector != nil
	}
	return slices.ContainsFunc(required, crosses) ||
		slices.ContainsFunc(preferred, func(w corev1.WeightedPodAffinityTerm) bool { return crosses(w.PodAffinityTerm) })
}

// Recount returns the status that the quota controller writes to a quota: the limits of its
// spec, and what the pods of its namespace use up
// (pkg/controller/resourcequota/resource_quota_controller.go: syncResourceQuota). What
// objects of other kinds use up stays as it was, or is 0.
func Recount(quota *corev1.ResourceQuota, pods []*corev1.Pod, now time.Time) corev1.ResourceQuotaStatus {
	status := corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard.DeepCopy(), Used: corev1.ResourceList{}}
	counted := countedBy(quota.Spec.Hard)
	for name := range kube.Sorted(quota.Spec.Hard) {
		before, known := quota.Status.Used[name]
		if known && !slices.Contains(counted, name) {
			status.Used[name] = before.DeepCopy()
		} else {
			status.Used[name] = resource.Quantity{Format: resource.DecimalSI}
		}
	}
	for _, pod := range pods {
		if matches, err := inScopes(quota, pod); err != nil || !matches || pod.Namespace != quota.Namespace {
			continue
		}
		usage := PodUsage(pod, now)
		for _, name := range counted {
			sum := status.Used[name]
			sum.Add(usage[name])
			status.Used[name] = sum
		}
	}
	return status
}

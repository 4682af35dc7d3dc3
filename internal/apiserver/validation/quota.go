package validation

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/berthsim/berth/internal/kube"
)

// checkServiceAccount follows the API server
// (pkg/apis/core/validation/validation.go: ValidateServiceAccount).
func checkServiceAccount(root fieldErrors, account *corev1.ServiceAccount) {
	checkMeta(root.child("metadata"), &account.ObjectMeta, namespaced, apivalidation.NameIsDNSSubdomain)
}

// checkRuntimeClass follows the API server
// (pkg/apis/node/validation/validation.go: ValidateRuntimeClass).
func checkRuntimeClass(root fieldErrors, class *nodev1.RuntimeClass) {
	checkAnyMeta(root.child("metadata"), &class.ObjectMeta, clusterWide, apivalidation.NameIsDNSSubdomain)
	checkRuntimeClassFields(root, class)
}

// checkRuntimeClassFields checks what a class has beside its metadata.
func checkRuntimeClassFields(root fieldErrors, class *nodev1.RuntimeClass) {
	checkHandler(root.child("handler"), class.Handler)
	if class.Overhead != nil {
		checkResources(root.child("overhead"), &corev1.ResourceRequirements{Limits: class.Overhead.PodFixed}, checkContainerResource)
	}
	if class.Scheduling == nil {
		return
	}
	at := root.child("scheduling")
	checkLabels(at.child("nodeSelector"), class.Scheduling.NodeSelector)
	checkTolerations(at.child("tolerations"), class.Scheduling.Tolerations)
	checkTolerationsUnique(at.child("tolerations"), class.Scheduling.Tolerations)
}

func checkHandler(at fieldErrors, handler string) {
	if handler == "" {
		at.required("")
		return
	}
	at.invalidFor(handler, apivalidation.NameIsDNSLabel(handler, false))
}

func checkTolerationsUnique(at fieldErrors, tolerations []corev1.Toleration) {
	known := map[corev1.Toleration]bool{}
	for i, t := range tolerations {
		key := corev1.Toleration{Key: t.Key, Operator: t.Operator, Value: t.Value, Effect: t.Effect}
		if known[key] {
			at.item(i).duplicate(t)
		}
		known[key] = true
	}
}

// checkLimitRange follows the API server (pkg/apis/core/validation/validation.go:
// ValidateLimitRange; pkg/registry/core/limitrange/strategy.go: PrepareForCreate):
// a LimitRange without a name is named by the server.
func checkLimitRange(root fieldErrors, ranges *corev1.LimitRange) {
	meta := ranges.ObjectMeta
	if meta.Name == "" {
		meta.Name = "named-by-the-server"
	}
	checkMeta(root.child("metadata"), &meta, namespaced, apivalidation.NameIsDNSSubdomain)
	checkLimits(root, ranges)
}

func checkLimits(root fieldErrors, ranges *corev1.LimitRange) {
	known := map[corev1.LimitType]bool{}
	for i, item := range ranges.Spec.Limits {
		at := root.child("spec", "limits").item(i)
		checkLimitType(at.child("type"), item.Type)
		if known[item.Type] {
			at.child("type").duplicate(item.Type)
		}
		known[item.Type] = true
		checkLimitNames(at, item)
		checkLimitValues(at, item)
	}
}

// checkLimitType follows validateLimitRangeTypeName.
func checkLimitType(at fieldErrors, name corev1.LimitType) {
	if wrong := validation.IsQualifiedName(string(name)); len(wrong) > 0 {
		at.invalidFor(name, wrong)
		return
	}
	switch name {
	case corev1.LimitTypePod, corev1.LimitTypeContainer, corev1.LimitTypePersistentVolumeClaim:
	default:
		if !strings.Contains(string(name), "/") {
			at.invalid(name, "must be a standard limit type or fully qualified")
		}
	}
}

// checkLimitNames checks which resources an item names, and where.
func checkLimitNames(at fieldErrors, item corev1.LimitRangeItem) {
	check := func(field string, list corev1.ResourceList) {
		for name := range kube.Sorted(list) {
			if item.Type == corev1.LimitTypePod || item.Type == corev1.LimitTypeContainer {
				checkContainerResource(at.child(field).key(string(name)), name)
			} else {
				checkResourceName(at.child(field).key(string(name)), name)
			}
		}
	}
	check("max", item.Max)
	check("min", item.Min)
	if item.Type == corev1.LimitTypePod {
		checkNoDefaults(at, item)
	} else {
		check("default", item.Default)
		check("defaultRequest", item.DefaultRequest)
	}
	_, least := item.Min[corev1.ResourceStorage]
	_, most := item.Max[corev1.ResourceStorage]
	if item.Type == corev1.LimitTypePersistentVolumeClaim && !least && !most {
		at.child("limits").required("either minimum or maximum storage value is required, but neither was provided")
	}
	check("maxLimitRequestRatio", item.MaxLimitRequestRatio)
}

func checkNoDefaults(at fieldErrors, item corev1.LimitRangeItem) {
	const detail = "may not be specified when `type` is 'Pod'"
	if len(item.Default) > 0 {
		at.child("default").forbidden(detail)
	}
	if len(item.DefaultRequest) > 0 {
		at.child("defaultRequest").forbidden(detail)
	}
}

// limits holds what an item says about one resource. A nil value is absent.
type limits struct {
	min, max, byDefault, byRequest, ratio *resource.Quantity
}

// checkLimitValues checks that the values of each resource agree.
func checkLimitValues(at fieldErrors, item corev1.LimitRangeItem) {
	if item.Type == corev1.LimitTypePod {
		item.Default, item.DefaultRequest = nil, nil
	}
	names := map[corev1.ResourceName]bool{}
	for _, list := range []corev1.ResourceList{item.Max, item.Min, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio} {
		for name := range kube.Sorted(list) {
			names[name] = true
		}
	}
	for name := range kube.Sorted(names) {
		l := limits{valueOf(item.Min, name), valueOf(item.Max, name), valueOf(item.Default, name), valueOf(item.DefaultRequest, name), valueOf(item.MaxLimitRequestRatio, name)}
		l.check(func(field string) fieldErrors { return at.child(field).key(string(name)) }, name)
	}
}

func valueOf(list corev1.ResourceList, name corev1.ResourceName) *resource.Quantity {
	if quantity, has := list[name]; has {
		return &quantity
	}
	return nil
}

// above reports whether both values are there and the first is greater.
func above(a, b *resource.Quantity) bool { return a != nil && b != nil && a.Cmp(*b) > 0 }

func (l limits) check(in func(field string) fieldErrors, name corev1.ResourceName) {
	greater := func(field string, bad, a *resource.Quantity, what string, b *resource.Quantity, than string) {
		if above(a, b) {
			in(field).invalid(*bad, fmt.Sprintf("%s value %s is greater than %s value %s", what, a.String(), than, b.String()))
		}
	}
	greater("min", l.min, l.min, "min", l.max, "max")
	greater("defaultRequest", l.byRequest, l.min, "min", l.byRequest, "default request")
	greater("defaultRequest", l.byRequest, l.byRequest, "default request", l.max, "max")
	greater("defaultRequest", l.byRequest, l.byRequest, "default request", l.byDefault, "default limit")
	greater("default", l.min, l.min, "min", l.byDefault, "default")
	greater("default", l.max, l.byDefault, "default", l.max, "max")
	l.checkRatio(in("maxLimitRequestRatio"))
	if !kube.MayOvercommit(name) && l.byDefault != nil && l.byRequest != nil && l.byDefault.Cmp(*l.byRequest) != 0 {
		in("defaultRequest").invalid(*l.byRequest, fmt.Sprintf("default value %s must equal to defaultRequest value %s in %s", l.byDefault.String(), l.byRequest.String(), name))
	}
}

func (l limits) checkRatio(at fieldErrors) {
	if l.ratio == nil {
		return
	}
	if l.ratio.Cmp(*resource.NewQuantity(1, resource.DecimalSI)) < 0 {
		at.invalid(*l.ratio, fmt.Sprintf("ratio %s is less than 1", l.ratio.String()))
	}
	if l.min == nil || l.max == nil {
		return
	}
	ratio, least, most := float64(l.ratio.Value()), l.min.Value(), l.max.Value()
	if l.ratio.Value() < resource.MaxMilliValue && least < resource.MaxMilliValue && most < resource.MaxMilliValue {
		ratio, least, most = float64(l.ratio.MilliValue())/1000, l.min.MilliValue(), l.max.MilliValue()
	}
	if limit := float64(most) / float64(least); ratio > limit {
		at.invalid(*l.ratio, fmt.Sprintf("ratio %s is greater than max/min = %f", l.ratio.String(), limit))
	}
}

// checkResourceQuota follows the API server (pkg/apis/core/validation/validation.go:
// ValidateResourceQuota). A new quota has no status.
func checkResourceQuota(root fieldErrors, quota *corev1.ResourceQuota) {
	checkMeta(root.child("metadata"), &quota.ObjectMeta, namespaced, apivalidation.NameIsDNSSubdomain)
	checkResourceQuotaSpec(root.child("spec"), &quota.Spec)
}

// checkResourceQuotaSpec follows ValidateResourceQuotaSpec.
func checkResourceQuotaSpec(at fieldErrors, spec *corev1.ResourceQuotaSpec) {
	for name, quantity := range kube.Sorted(spec.Hard) {
		here := at.child("hard").key(string(name))
		checkResourceName(here, name)
		if !strings.Contains(string(name), "/") && !isQuotaResource(name) {
			here.invalid(name, "must be a standard resource for quota")
		}
		checkQuantity(here, name, quantity)
	}
	checkQuotaScopes(at.child("scopes"), spec)
	if spec.ScopeSelector != nil {
		checkScopeSelector(at.child("scopeSelector", "matchExpressions"), spec)
	}
}

// isQuotaResource follows IsStandardQuotaResourceName.
func isQuotaResource(name corev1.ResourceName) bool {
	return name != corev1.ResourceStorage && kube.IsStandardResource(name)
}

// checkQuotaScopes follows validateResourceQuotaScopes.
func checkQuotaScopes(at fieldErrors, spec *corev1.ResourceQuotaSpec) {
	known := map[corev1.ResourceQuotaScope]bool{}
	for _, scope := range spec.Scopes {
		if !isQuotaScope(scope) {
			at.invalid(spec.Scopes, "unsupported scope")
		}
		for name := range kube.Sorted(spec.Hard) {
			if isQuotaResource(name) && !scopeCounts(scope, name) {
				at.invalid(spec.Scopes, "unsupported scope applied to resource")
			}
		}
		known[scope] = true
	}
	checkConflictingScopes(at, known, spec.Scopes)
}

func checkConflictingScopes(at fieldErrors, known map[corev1.ResourceQuotaScope]bool, scopes []corev1.ResourceQuotaScope) {
	for _, pair := range [...][2]corev1.ResourceQuotaScope{
		{corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeNotBestEffort},
		{corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeNotTerminating},
	} {
		if known[pair[0]] && known[pair[1]] {
			at.invalid(scopes, "conflicting scopes")
		}
	}
}

func isQuotaScope(scope corev1.ResourceQuotaScope) bool {
	switch scope {
	case corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeBestEffort,
		corev1.ResourceQuotaScopeNotBestEffort, corev1.ResourceQuotaScopePriorityClass, corev1.ResourceQuotaScopeVolumeAttributesClass,
		corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return true
	}
	return false
}

// scopeCounts follows IsResourceQuotaScopeValidForResource.
func scopeCounts(scope corev1.ResourceQuotaScope, name corev1.ResourceName) bool {
	switch scope {
	case corev1.ResourceQuotaScopeBestEffort:
		return name == corev1.ResourcePods
	case corev1.ResourceQuotaScopeVolumeAttributesClass:
		return name == corev1.ResourcePersistentVolumeClaims || name == corev1.ResourceRequestsStorage
	case corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeNotBestEffort,
		corev1.ResourceQuotaScopePriorityClass, corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		switch name {
		case corev1.ResourcePods, corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory,
			corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory:
			return true
		}
		return false
	}
	return true
}

// checkScopeSelector follows validateScopedResourceSelectorRequirement.
func checkScopeSelector(at fieldErrors, spec *corev1.ResourceQuotaSpec) {
	known := map[corev1.ResourceQuotaScope]bool{}
	for _, requirement := range spec.ScopeSelector.MatchExpressions {
		scope := requirement.ScopeName
		if !isQuotaScope(scope) {
			at.child("scopeName").invalid(scope, "unsupported scope")
		}
		for name := range kube.Sorted(spec.Hard) {
			if isQuotaResource(name) && !scopeCounts(scope, name) {
				at.invalid(spec.ScopeSelector, "unsupported scope applied to resource")
			}
		}
		checkScopeRequirement(at, requirement)
		known[scope] = true
	}
	checkConflictingScopes(at, known, spec.Scopes)
}

func checkScopeRequirement(at fieldErrors, requirement corev1.ScopedResourceSelectorRequirement) {
	operator, values := at.child("operator"), at.child("values")
	switch requirement.ScopeName {
	case corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeNotBestEffort, corev1.ResourceQuotaScopeTerminating,
		corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		if requirement.Operator != corev1.ScopeSelectorOpExists {
			operator.invalid(requirement.Operator, "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "+
				"ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity")
		}
	}
	switch requirement.Operator {
	case corev1.ScopeSelectorOpIn, corev1.ScopeSelectorOpNotIn:
		if len(requirement.Values) == 0 {
			values.required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
		}
	case corev1.ScopeSelectorOpExists, corev1.ScopeSelectorOpDoesNotExist:
		if len(requirement.Values) != 0 {
			values.invalid(requirement.Values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")
		}
	default:
		operator.invalid(requirement.Operator, "not a valid selector operator")
	}
}

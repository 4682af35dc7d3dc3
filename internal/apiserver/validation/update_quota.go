package validation

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
)

// updateServiceAccount follows the API server
// (pkg/apis/core/validation/validation.go: ValidateServiceAccountUpdate).
func updateServiceAccount(root fieldErrors, account, old *corev1.ServiceAccount) {
	checkCoreMetaUpdate(root.child("metadata"), &account.ObjectMeta, &old.ObjectMeta, namespaced)
	checkNameAs(root.child("metadata"), &account.ObjectMeta, apivalidation.NameIsDNSSubdomain)
}

// updateRuntimeClass follows the API server
// (pkg/registry/node/runtimeclass/strategy.go: ValidateUpdate): a changed class is
// checked like a new one, and its handler is immutable.
func updateRuntimeClass(root fieldErrors, class, old *nodev1.RuntimeClass) {
	checkMetaUpdate(root.child("metadata"), &class.ObjectMeta, &old.ObjectMeta, clusterWide)
	checkNameAs(root.child("metadata"), &class.ObjectMeta, apivalidation.NameIsDNSSubdomain)
	checkRuntimeClassFields(root, class)
	checkImmutable(root.child("handler"), class.Handler, old.Handler)
}

// updateLimitRange follows the API server (pkg/registry/core/limitrange/strategy.go:
// ValidateUpdate): a changed LimitRange is checked like a new one.
func updateLimitRange(root fieldErrors, ranges, old *corev1.LimitRange) {
	checkCoreMetaUpdate(root.child("metadata"), &ranges.ObjectMeta, &old.ObjectMeta, namespaced)
	checkNameAs(root.child("metadata"), &ranges.ObjectMeta, apivalidation.NameIsDNSSubdomain)
	checkLimits(root, ranges)
}

// updateResourceQuota follows the API server
// (pkg/apis/core/validation/validation.go: ValidateResourceQuotaUpdate). Only the
// quota controller writes the status.
func updateResourceQuota(root fieldErrors, quota, old *corev1.ResourceQuota) {
	quota.Status = old.Status
	checkCoreMetaUpdate(root.child("metadata"), &quota.ObjectMeta, &old.ObjectMeta, namespaced)
	checkResourceQuotaSpec(root.child("spec"), &quota.Spec)
	if !sameScopes(quota.Spec.Scopes, old.Spec.Scopes) {
		root.child("spec", "scopes").invalid(quota.Spec.Scopes, apivalidation.FieldImmutableErrorMsg)
	}
}

// sameScopes reports whether two lists have the same members.
func sameScopes(a, b []corev1.ResourceQuotaScope) bool {
	return !slices.ContainsFunc(a, func(s corev1.ResourceQuotaScope) bool { return !slices.Contains(b, s) }) &&
		!slices.ContainsFunc(b, func(s corev1.ResourceQuotaScope) bool { return !slices.Contains(a, s) })
}

package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Classes of resource names (pkg/apis/core/helper/helpers.go:
// IsStandardResourceName, IsIntegerResourceName, IsExtendedResourceName).

// countedResources are the standard resources that are counted in whole numbers.
var countedResources = []corev1.ResourceName{
	corev1.ResourcePods, corev1.ResourceQuotas, corev1.ResourceServices, corev1.ResourceReplicationControllers,
	corev1.ResourceSecrets, corev1.ResourceConfigMaps, corev1.ResourcePersistentVolumeClaims,
	corev1.ResourceServicesNodePorts, corev1.ResourceServicesLoadBalancers,
}

var measuredResources = []corev1.ResourceName{
	corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage, corev1.ResourceStorage,
	corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceRequestsEphemeralStorage,
	corev1.ResourceRequestsStorage,
	corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourceLimitsEphemeralStorage,
}

// IsStandardResource follows IsStandardResourceName.
func IsStandardResource(name corev1.ResourceName) bool {
	return slices.Contains(countedResources, name) || slices.Contains(measuredResources, name) ||
		IsHugePages(name) || strings.HasPrefix(string(name), corev1.ResourceRequestsHugePagesPrefix)
}

// IsCountedResource follows IsIntegerResourceName.
func IsCountedResource(name corev1.ResourceName) bool {
	return slices.Contains(countedResources, name) || IsExtendedResource(name)
}

// AnyResource returns true.
func AnyResource(corev1.ResourceName) bool { return true }

// IsHugePages follows IsHugePageResourceName.
func IsHugePages(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// IsCPUOrMemory reports whether name is cpu or memory.
func IsCPUOrMemory(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory
}

// IsNativeResource follows IsNativeResource: a name that has no domain or
// contains kubernetes.io/.
func IsNativeResource(name corev1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

// IsExtendedResource follows IsExtendedResourceName: a quota must be able to name it too.
func IsExtendedResource(name corev1.ResourceName) bool {
	return !IsNativeResource(name) && !strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix) &&
		len(validation.IsQualifiedName(corev1.DefaultResourceRequestsPrefix+string(name))) == 0
}

// MayOvercommit follows IsOvercommitAllowed: a limit may be above the request.
func MayOvercommit(name corev1.ResourceName) bool {
	return IsNativeResource(name) && !IsHugePages(name)
}

// IsWholePages follows IsHugePageResourceValueDivisible. The name holds
// the size of a page.
func IsWholePages(name corev1.ResourceName, quantity resource.Quantity) bool {
	page, err := resource.ParseQuantity(strings.TrimPrefix(string(name), corev1.ResourceHugePagesPrefix))
	if err != nil || page.Sign() <= 0 || page.MilliValue()%1000 != 0 || page.Value() == 0 {
		return false
	}
	return quantity.Value()%page.Value() == 0
}

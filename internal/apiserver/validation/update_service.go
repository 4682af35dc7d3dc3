package validation

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// updateService follows the strategy of pkg/registry/core/service/strategy.go and
// ValidateServiceUpdate of pkg/apis/core/validation/validation.go, but for what
// concerns load balancers.
func updateService(root spot, service, old *corev1.Service) {
	service.Status = old.Status
	keepAddresses(&service.Spec, &old.Spec)
	dropTypeFields(&service.Spec, &old.Spec)
	checkMetaUpdate(root.child("metadata"), &service.ObjectMeta, &old.ObjectMeta, namespaced)
	at := root.child("spec")
	checkServiceSpec(at, &service.Spec)
	if service.Spec.Type == corev1.ServiceTypeExternalName || old.Spec.Type == corev1.ServiceTypeExternalName {
		return
	}
	checkAddressUpdate(at, &service.Spec, &old.Spec)
	checkFamilyUpdate(at, &service.Spec, &old.Spec)
}

// keepAddresses follows normalizeClusterIPs and patchAllocatedValues of
// pkg/registry/core/service/storage: an update without an address keeps that of
// the stored service, and clusterIPs follows clusterIP.
func keepAddresses(spec, old *corev1.ServiceSpec) {
	if len(old.ClusterIPs) == 0 && old.ClusterIP != "" {
		old.ClusterIPs = []string{old.ClusterIP}
	}
	unchanged := len(spec.ClusterIPs) == 0 || slices.Equal(spec.ClusterIPs, old.ClusterIPs)
	switch {
	case !unchanged || spec.Type == corev1.ServiceTypeExternalName:
	case spec.ClusterIP == "" || spec.ClusterIP == old.ClusterIP:
		spec.ClusterIP, spec.ClusterIPs = old.ClusterIP, slices.Clone(old.ClusterIPs)
	default:
		spec.ClusterIPs = []string{spec.ClusterIP}
	}
}

// dropTypeFields follows dropTypeDependentFields: what the new type has no use for
// goes, if the update leaves it as it was.
func dropTypeFields(spec, old *corev1.ServiceSpec) {
	external := spec.Type == corev1.ServiceTypeExternalName && old.Type != corev1.ServiceTypeExternalName
	if external && spec.ClusterIP == old.ClusterIP && slices.Equal(spec.ClusterIPs, old.ClusterIPs) {
		spec.ClusterIP, spec.ClusterIPs = "", nil
	}
	if external && slices.Equal(spec.IPFamilies, old.IPFamilies) {
		spec.IPFamilies = nil
	}
	if external && orZero(spec.IPFamilyPolicy) == orZero(old.IPFamilyPolicy) {
		spec.IPFamilyPolicy = nil
	}
	if hasNodePorts(old) && !hasNodePorts(spec) && slices.Equal(nodePorts(spec), nodePorts(old)) {
		for i := range spec.Ports {
			spec.Ports[i].NodePort = 0
		}
	}
}

// hasNodePorts follows needsNodePort.
func hasNodePorts(spec *corev1.ServiceSpec) bool {
	if spec.Type == corev1.ServiceTypeLoadBalancer {
		return spec.AllocateLoadBalancerNodePorts == nil || *spec.AllocateLoadBalancerNodePorts
	}
	return spec.Type == corev1.ServiceTypeNodePort
}

// nodePorts returns the node ports ascending, none twice.
func nodePorts(spec *corev1.ServiceSpec) []int32 {
	var ports []int32
	for _, port := range spec.Ports {
		if port.NodePort != 0 {
			ports = append(ports, port.NodePort)
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

const (
	mayNotChange    = "may not change once set"
	singleStackOnly = "must be set to 'SingleStack' when releasing the secondary "
)

// checkAddressUpdate follows validateUpgradeDowngradeClusterIPs: the first address
// stays, a second may come or go.
func checkAddressUpdate(at spot, spec, old *corev1.ServiceSpec) {
	if isHeadless(spec) && isHeadless(old) {
		return
	}
	addresses, before := spec.ClusterIPs, old.ClusterIPs
	list := at.child("clusterIPs")
	switch {
	case len(addresses) == len(before):
		for i := range addresses {
			if addresses[i] != before[i] {
				list.item(i).invalid(addresses, mayNotChange)
			}
		}
	case len(addresses) == 0:
		list.item(0).invalid(addresses, "primary clusterIP can not be unset")
	case len(before) > 0 && addresses[0] != before[0]:
		list.item(0).invalid(addresses, mayNotChange)
	}
	if len(before) > len(addresses) && len(addresses) == 1 {
		checkSingleStack(at.child("ipFamilyPolicy"), spec.IPFamilyPolicy, "clusterIP")
	}
}

// checkFamilyUpdate follows validateUpgradeDowngradeIPFamilies, which reports
// everything at the first family.
func checkFamilyUpdate(at spot, spec, old *corev1.ServiceSpec) {
	if isHeadless(spec) || isHeadless(old) {
		return
	}
	families, before := spec.IPFamilies, old.IPFamilies
	first := at.child("ipFamilies").item(0)
	switch {
	case len(families) == len(before):
		if !slices.Equal(families, before) {
			first.invalid(families, mayNotChange)
		}
		return
	case len(families) < len(before) && len(spec.ClusterIPs) == 0:
		first.invalid(families, "primary ipFamily can not be unset")
	}
	if len(families) > 0 && len(before) > 0 && families[0] != before[0] {
		first.invalid(spec.ClusterIPs, mayNotChange)
	}
	if len(before) > len(families) && len(families) == 1 {
		checkSingleStack(at.child("ipFamilyPolicy"), spec.IPFamilyPolicy, "ipFamily")
	}
}

func checkSingleStack(at spot, policy *corev1.IPFamilyPolicy, released string) {
	if orZero(policy) != corev1.IPFamilyPolicySingleStack {
		at.invalid(policy, singleStackOnly+released)
	}
}

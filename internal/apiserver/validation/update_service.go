package validation

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// updateService follows the API server
// (pkg/registry/core/service/storage/storage.go: REST.beginUpdate;
// pkg/registry/core/service/strategy.go: svcStrategy.PrepareForUpdate,
// svcStrategy.ValidateUpdate; pkg/apis/core/validation/validation.go:
// ValidateServiceUpdate), but for what concerns load balancers.
func updateService(root fieldErrors, service, old *corev1.Service) {
	service.Status = old.Status
	if old.Spec.ClusterIP != "" && len(old.Spec.ClusterIPs) == 0 {
		old.Spec.ClusterIPs = []string{old.Spec.ClusterIP}
	}
	keepAllocated(&service.Spec, &old.Spec)
	joinAddresses(&service.Spec, &old.Spec)
	dropTypeFields(&service.Spec, &old.Spec)
	checkCoreMetaUpdate(root.child("metadata"), &service.ObjectMeta, &old.ObjectMeta, namespaced)
	at := root.child("spec")
	checkServiceSpec(at, &service.Spec)
	if service.Spec.Type == corev1.ServiceTypeExternalName || old.Spec.Type == corev1.ServiceTypeExternalName {
		return
	}
	checkAddressUpdate(at, &service.Spec, &old.Spec)
	checkFamilyUpdate(at, &service.Spec, &old.Spec)
}

// keepAllocated follows the API server
// (pkg/registry/core/service/storage/storage.go: patchAllocatedValues): values that
// the server allocated stay if the update omits them. Node ports are matched by the
// port's name.
func keepAllocated(spec, old *corev1.ServiceSpec) {
	if spec.Type != corev1.ServiceTypeExternalName && old.Type != corev1.ServiceTypeExternalName {
		spec.ClusterIP = cmp.Or(spec.ClusterIP, old.ClusterIP)
		if len(spec.ClusterIPs) == 0 {
			spec.ClusterIPs = slices.Clone(old.ClusterIPs)
		}
	}
	if !allocatesNodePorts(spec) || !allocatesNodePorts(old) {
		return
	}
	before, now := nodePorts(old), nodePorts(spec)
	byName := map[string]int32{}
	for _, port := range old.Ports {
		byName[port.Name] = port.NodePort
	}
	for i := range spec.Ports {
		port := &spec.Ports[i]
		known := byName[port.Name]
		if taken := slices.Contains(before, known) && slices.Contains(now, known); port.NodePort == 0 && !taken {
			port.NodePort = known
		}
	}
}

// allocatesNodePorts follows the API server
// (pkg/registry/core/service/storage/storage.go: needsNodePort).
func allocatesNodePorts(spec *corev1.ServiceSpec) bool {
	if allocate := spec.AllocateLoadBalancerNodePorts; spec.Type == corev1.ServiceTypeLoadBalancer && allocate != nil {
		return *allocate
	}
	return usesNodePorts(spec)
}

// joinAddresses follows the API server (pkg/registry/core/service/storage/storage.go:
// normalizeClusterIPs): clusterIPs follows a change of clusterIP.
func joinAddresses(spec, old *corev1.ServiceSpec) {
	switch changed := spec.ClusterIP != old.ClusterIP; {
	case !changed && len(spec.ClusterIPs) == 0:
		spec.ClusterIPs = slices.Clone(old.ClusterIPs)
	case !changed || !slices.Equal(spec.ClusterIPs, old.ClusterIPs):
	case spec.ClusterIP == "":
		spec.ClusterIPs = nil
	default:
		spec.ClusterIPs = []string{spec.ClusterIP}
	}
}

// dropTypeFields follows dropTypeDependentFields: fields that the new type does not
// use are removed if the update did not change them.
func dropTypeFields(spec, old *corev1.ServiceSpec) {
	if spec.Type == corev1.ServiceTypeExternalName && old.Type != corev1.ServiceTypeExternalName {
		if spec.ClusterIP == old.ClusterIP && slices.Equal(spec.ClusterIPs, old.ClusterIPs) {
			spec.ClusterIP, spec.ClusterIPs = "", nil
		}
		if slices.Equal(spec.IPFamilies, old.IPFamilies) {
			spec.IPFamilies = nil
		}
		if orZero(spec.IPFamilyPolicy) == orZero(old.IPFamilyPolicy) {
			spec.IPFamilyPolicy = nil
		}
	}
	if usesNodePorts(old) && !usesNodePorts(spec) && isSubset(nodePorts(spec), nodePorts(old)) {
		for i := range spec.Ports {
			spec.Ports[i].NodePort = 0
		}
	}
}

// usesNodePorts follows the API server (pkg/registry/core/service/strategy.go:
// needsNodePort).
func usesNodePorts(spec *corev1.ServiceSpec) bool {
	return spec.Type == corev1.ServiceTypeNodePort || spec.Type == corev1.ServiceTypeLoadBalancer
}

func nodePorts(spec *corev1.ServiceSpec) []int32 {
	var ports []int32
	for _, port := range spec.Ports {
		if port.NodePort != 0 {
			ports = append(ports, port.NodePort)
		}
	}
	return ports
}

func isSubset(some, all []int32) bool {
	return !slices.ContainsFunc(some, func(port int32) bool { return !slices.Contains(all, port) })
}

const (
	mayNotChange    = "may not change once set"
	singleStackOnly = "must be set to 'SingleStack' when releasing the secondary "
)

// checkAddressUpdate follows validateUpgradeDowngradeClusterIPs: the first address
// must stay, a second may be added or removed.
func checkAddressUpdate(at fieldErrors, spec, old *corev1.ServiceSpec) {
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
func checkFamilyUpdate(at fieldErrors, spec, old *corev1.ServiceSpec) {
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

func checkSingleStack(at fieldErrors, policy *corev1.IPFamilyPolicy, released string) {
	if orZero(policy) != corev1.IPFamilyPolicySingleStack {
		at.invalid(policy, singleStackOnly+released)
	}
}

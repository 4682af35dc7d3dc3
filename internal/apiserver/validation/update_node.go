package validation

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
)

// updateNode follows the API server (pkg/registry/core/node/strategy.go:
// nodeStrategy.PrepareForUpdate, nodeStrategy.ValidateUpdate;
// pkg/apis/core/validation/validation.go: ValidateNodeUpdate). This update keeps a
// node's status, which has its own.
func updateNode(root fieldErrors, node, old *corev1.Node) {
	node.Status = old.Status
	//lint:ignore SA1019 the API server still drops the field
	if old.Spec.ConfigSource == nil {
		//lint:ignore SA1019 the API server still drops the field
		node.Spec.ConfigSource = nil
	}
	before := podCIDRs(&old.Spec)
	setPodCIDRs(&node.Spec, podCIDRs(&node.Spec))
	meta, spec := root.child("metadata"), root.child("spec")
	checkCoreMetaUpdate(meta, &node.ObjectMeta, &old.ObjectMeta, clusterWide)
	checkNameAs(meta, &node.ObjectMeta, apivalidation.NameIsDNSSubdomain)
	checkNodeBody(root, node)
	checkCIDRUpdate(spec.child("podCIDRs"), node.Spec.PodCIDRs, before)
	checkProviderUpdate(spec.child("providerID"), node.Spec.ProviderID, old.Spec.ProviderID)
	if node.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		spec.child("externalID").forbidden("may not be updated")
	}
}

// podCIDRs follows the API server (pkg/apis/core/v1/conversion.go:
// Convert_v1_NodeSpec_To_core_NodeSpec): if the two fields disagree, podCIDR takes
// precedence.
func podCIDRs(spec *corev1.NodeSpec) []string {
	if first := spec.PodCIDR; first != "" && (len(spec.PodCIDRs) == 0 || spec.PodCIDRs[0] != first) {
		return []string{first}
	}
	return spec.PodCIDRs
}

func setPodCIDRs(spec *corev1.NodeSpec, ranges []string) {
	spec.PodCIDR, spec.PodCIDRs = "", ranges
	if len(ranges) > 0 {
		spec.PodCIDR = ranges[0]
	}
}

func checkCIDRUpdate(at fieldErrors, ranges, old []string) {
	if len(old) > 0 && !slices.Equal(ranges, old) {
		at.forbidden("node updates may not change podCIDR except from \"\" to valid")
	}
}

func checkProviderUpdate(at fieldErrors, id, old string) {
	switch {
	case old == "" || id == old:
	case id == "":
		at.invalid(nil, "field cannot be cleared once set")
	default:
		at.invalid(nil, "field cannot be modified once set")
	}
}

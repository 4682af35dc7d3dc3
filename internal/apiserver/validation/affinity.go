package validation

import (
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkAffinity follows the API server (pkg/apis/core/validation/validation.go:
// validateAffinity).
func checkAffinity(at fieldErrors, affinity *corev1.Affinity) {
	if affinity == nil {
		return
	}
	if a := affinity.NodeAffinity; a != nil {
		checkNodeAffinity(at.child("nodeAffinity"), a)
	}
	if a := affinity.PodAffinity; a != nil {
		checkPodTerms(at.child("podAffinity"),
			a.RequiredDuringSchedulingIgnoredDuringExecution, a.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a := affinity.PodAntiAffinity; a != nil {
		checkPodTerms(at.child("podAntiAffinity"),
			a.RequiredDuringSchedulingIgnoredDuringExecution, a.PreferredDuringSchedulingIgnoredDuringExecution)
	}
}

const (
	requiredField  = "requiredDuringSchedulingIgnoredDuringExecution"
	preferredField = "preferredDuringSchedulingIgnoredDuringExecution"
)

// checkNodeAffinity follows validateNodeAffinity. An empty term is valid (and
// matches nothing), an empty list of terms is not. Values in preferred terms need
// not be valid label values.
func checkNodeAffinity(at fieldErrors, affinity *corev1.NodeAffinity) {
	if required := affinity.RequiredDuringSchedulingIgnoredDuringExecution; required != nil {
		terms := at.child(requiredField, "nodeSelectorTerms")
		if len(required.NodeSelectorTerms) == 0 {
			terms.required("must have at least one node selector term")
		}
		for i, term := range required.NodeSelectorTerms {
			checkNodeTerm(terms.item(i), term)
			checkLabelValues(terms.item(i).child("matchExpressions"), term.MatchExpressions)
		}
	}
	for i, term := range affinity.PreferredDuringSchedulingIgnoredDuringExecution {
		here := at.child(preferredField).item(i)
		checkWeight(here.child("weight"), term.Weight)
		checkNodeTerm(here.child("preference"), term.Preference)
	}
}

func checkWeight(at fieldErrors, weight int32) {
	if weight < 1 || weight > 100 {
		at.invalid(weight, "must be in the range 1-100")
	}
}

// checkNodeTerm follows ValidateNodeSelectorTerm.
func checkNodeTerm(at fieldErrors, term corev1.NodeSelectorTerm) {
	for i, r := range term.MatchExpressions {
		checkNodeLabel(at.child("matchExpressions").item(i), r)
	}
	for i, r := range term.MatchFields {
		checkNodeField(at.child("matchFields").item(i), r)
	}
}

// checkNodeLabel follows ValidateNodeSelectorRequirement. The value of Gt and Lt
// need not be a number.
func checkNodeLabel(at fieldErrors, r corev1.NodeSelectorRequirement) {
	values := at.child("values")
	switch r.Operator {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) == 0 {
			values.required("must be specified when `operator` is 'In' or 'NotIn'")
		}
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
		}
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
		if len(r.Values) != 1 {
			values.required("must be specified single value when `operator` is 'Lt' or 'Gt'")
		}
	default:
		at.child("operator").invalid(r.Operator, "not a valid selector operator")
	}
	checkLabelKey(at.child("key"), r.Key)
}

func checkLabelValues(at fieldErrors, requirements []corev1.NodeSelectorRequirement) {
	for i, r := range requirements {
		for j, value := range r.Values {
			at.item(i).child("values").item(j).invalidFor(value, validation.IsValidLabelValue(value))
		}
	}
}

// checkNodeField follows ValidateNodeFieldSelectorRequirement: the only field is
// metadata.name, and there must be one value.
func checkNodeField(at fieldErrors, r corev1.NodeSelectorRequirement) {
	switch r.Operator {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) != 1 {
			at.child("values").required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
		}
	default:
		at.child("operator").invalid(r.Operator, "not a valid selector operator")
	}
	if r.Key != metav1.ObjectNameField {
		at.child("key").invalid(r.Key, "not a valid field selector key")
		return
	}
	for i, value := range r.Values {
		at.child("values").item(i).invalidFor(value, apivalidation.NameIsDNSSubdomain(value, false))
	}
}

// checkPodTerms follows validatePodAffinity and validatePodAntiAffinity.
func checkPodTerms(at fieldErrors, required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
	for i, term := range required {
		checkPodTerm(at.child(requiredField).item(i), term)
	}
	for i, weighted := range preferred {
		here := at.child(preferredField).item(i)
		checkWeight(here.child("weight"), weighted.Weight)
		checkPodTerm(here.child("podAffinityTerm"), weighted.PodAffinityTerm)
	}
}

// checkPodTerm follows validatePodAffinityTerm. Namespaces are reported at "namespace".
func checkPodTerm(at fieldErrors, term corev1.PodAffinityTerm) {
	checkSelector(at.child("labelSelector"), term.LabelSelector)
	checkSelector(at.child("namespaceSelector"), term.NamespaceSelector)
	for _, name := range term.Namespaces {
		at.child("namespace").invalidFor(name, apivalidation.ValidateNamespaceName(name, false))
	}
	checkLabelKeys(at, term.MatchLabelKeys, term.MismatchLabelKeys, term.LabelSelector)
	if term.TopologyKey == "" {
		at.child("topologyKey").required("can not be empty")
	}
	checkLabelKey(at.child("topologyKey"), term.TopologyKey)
}

package validation

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkNode follows the API server (pkg/apis/core/validation/validation.go:
// ValidateNode). A node's status is checked on creation too, and its taints are
// reported under metadata.
func checkNode(root fieldErrors, node *corev1.Node) {
	checkMeta(root.child("metadata"), &node.ObjectMeta, clusterWide, apivalidation.NameIsDNSSubdomain)
	checkNodeBody(root, node)
}

func checkNodeBody(root fieldErrors, node *corev1.Node) {
	meta, status := root.child("metadata"), root.child("status")
	checkTaints(meta.child("taints"), node.Spec.Taints)
	checkNodeResources(status.child("capacity"), node.Status.Capacity)
	checkNodeResources(status.child("allocatable"), node.Status.Allocatable)
	checkDeclaredFeatures(status.child("declaredFeatures"), node.Status.DeclaredFeatures)
}

func checkNodeResources(at fieldErrors, resources corev1.ResourceList) {
	for _, name := range slices.Sorted(maps.Keys(resources)) {
		checkQuantity(at.child(string(name)), name, resources[name])
	}
}

// checkTaints follows validateNodeTaints.
func checkTaints(at fieldErrors, taints []corev1.Taint) {
	type identity struct {
		key    string
		effect corev1.TaintEffect
	}
	known := map[identity]bool{}
	for i, t := range taints {
		here := at.item(i)
		checkLabelKey(here.child("key"), t.Key)
		if wrong := validation.IsValidLabelValue(t.Value); len(wrong) > 0 {
			here.child("value").invalid(t.Value, strings.Join(wrong, ";"))
		}
		checkOneOf(here.child("effect"), t.Effect, TaintEffects...)
		if id := (identity{t.Key, t.Effect}); known[id] {
			here.duplicateFor(t, "taints must be unique by key and effect pair")
		} else {
			known[id] = true
		}
	}
}

// TaintEffects lists the effects that a taint can have.
var TaintEffects = []corev1.TaintEffect{
	corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute,
}

var declaredFeature = regexp.MustCompile(`^[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*$`)

// checkDeclaredFeatures follows validateNodeDeclaredFeatures: names must be in
// ascending order and distinct.
func checkDeclaredFeatures(at fieldErrors, features []string) {
	for i, name := range features {
		here := at.item(i)
		switch longest := validation.DNS1123SubdomainMaxLength; {
		case len(name) > longest:
			here.invalid(name, fmt.Sprintf("invalid feature name %q: must be no more than %d characters", name, longest))
		case !declaredFeature.MatchString(name):
			here.invalid(name, fmt.Sprintf("invalid feature name %q: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes", name))
		}
		switch {
		case i > 0 && name == features[i-1]:
			here.duplicate(name)
		case i > 0 && name < features[i-1]:
			here.invalid(name, "list must be sorted alphabetically")
		}
	}
}

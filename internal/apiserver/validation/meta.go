package validation

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scope is whether objects of a kind are namespaced.
type scope bool

const (
	namespaced  scope = true
	clusterWide scope = false
)

// checkAnyMeta checks the rules for objects of every kind. The server sets the
// generation, so it ignores that of a new object.
func checkAnyMeta(at fieldErrors, meta *metav1.ObjectMeta, s scope, name apivalidation.ValidateNameFunc) {
	meta.Generation = 0
	at.include(apivalidation.ValidateObjectMeta(meta, bool(s), name, at.path))
}

// checkMeta follows the API server (pkg/apis/core/validation/validation.go:
// ValidateObjectMeta), which adds a rule for finalizers.
func checkMeta(at fieldErrors, meta *metav1.ObjectMeta, s scope, name apivalidation.ValidateNameFunc) {
	checkAnyMeta(at, meta, s, name)
	checkFinalizers(at.child("finalizers"), meta.Finalizers)
}

// checkFinalizers follows validateKubeFinalizerName.
func checkFinalizers(at fieldErrors, finalizers []string) {
	for i, finalizer := range finalizers {
		if !strings.Contains(finalizer, "/") && !slices.Contains(standardFinalizers, finalizer) {
			at.item(i).invalid(finalizer, "name is neither a standard finalizer name nor is it fully qualified")
		}
	}
}

// checkNameAs checks the name and the prefix of names as ValidateObjectMeta does.
func checkNameAs(at fieldErrors, meta *metav1.ObjectMeta, name apivalidation.ValidateNameFunc) {
	if meta.GenerateName != "" {
		at.child("generateName").invalidFor(meta.GenerateName, name(meta.GenerateName, true))
	}
	if meta.Name != "" {
		at.child("name").invalidFor(meta.Name, name(meta.Name, false))
	}
}

var standardFinalizers = []string{
	string(corev1.FinalizerKubernetes), metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents,
}

// checkNamespace follows the API server (pkg/apis/core/validation/validation.go:
// ValidateNamespace).
func checkNamespace(root fieldErrors, ns *corev1.Namespace) {
	checkMeta(root.child("metadata"), &ns.ObjectMeta, clusterWide, apivalidation.ValidateNamespaceName)
}

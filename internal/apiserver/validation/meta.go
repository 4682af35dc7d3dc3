package validation

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scope says whether objects of a kind live in namespaces.
type scope bool

const (
	namespaced  scope = true
	clusterWide scope = false
)

// checkAnyMeta checks what holds for objects of every kind. The generation is
// the server's to count: whatever a new object says of it is forgotten.
func checkAnyMeta(at fieldErrors, meta *metav1.ObjectMeta, s scope, name apivalidation.ValidateNameFunc) {
	meta.Generation = 0
	at.include(apivalidation.ValidateObjectMeta(meta, bool(s), name, at.path))
}

// checkMeta follows the API server (pkg/apis/core/validation/validation.go:
// ValidateObjectMeta), which adds a rule for finalizers.
func checkMeta(at fieldErrors, meta *metav1.ObjectMeta, s scope, name apivalidation.ValidateNameFunc) {
	checkAnyMeta(at, meta, s, name)
	for i, finalizer := range meta.Finalizers {
		if !strings.Contains(finalizer, "/") && !slices.Contains(standardFinalizers, finalizer) {
			at.child("finalizers").item(i).invalid(finalizer, "name is neither a standard finalizer name nor is it fully qualified")
		}
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

package validation

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/kube"
)

// Update returns the object that the API server stores when updated replaces old, or
// every mistake for which it refuses the update. It follows the API server of a release
// (k8s.io/apiserver/pkg/registry/rest/update.go: BeforeUpdate) with the strategy of
// each kind. Status, generation and the other fields that the server owns are kept
// from old, and a changed spec increases the generation.
//
// old must be an object that the server has accepted: the rules that Kubernetes
// relaxes for objects that were already invalid are not relaxed here. Missing
// defaults are filled in on both sides, and no argument is modified. An update
// without a resource version is unconditional. The API server reports some mistakes
// twice; Update reports each once.
func Update(release kube.Release, old, updated runtime.Object) (stored runtime.Object, mistakes field.ErrorList) {
	root := fieldErrors{list: &mistakes}
	switch {
	case kinds.IsNil(old), kinds.IsNil(updated):
		root.child("metadata").required("object is nil")
	case kinds.Of(updated).Name == "":
		unsupported(root.child("kind"), kinds.NameOf(updated), kinds.Names()...)
	case kinds.Of(updated).Name != kinds.Of(old).Name:
		root.child("kind").invalid(kinds.NameOf(updated), apivalidation.FieldImmutableErrorMsg)
	default:
		old = defaults.ForUpdate(release, old)
		stored = defaults.ForUpdate(release, updated)
		defaults.DropDisabled(release, stored, old)
		updateObject(root, stored, old)
	}
	if len(mistakes) > 0 {
		return nil, once(mistakes)
	}
	return stored, nil
}

// updateObject prepares and checks an object with its defaults. It may modify both
// objects.
func updateObject(root fieldErrors, object, old runtime.Object) {
	keepServerFields(object.(metav1.Object), old.(metav1.Object))
	switch o := object.(type) {
	case *corev1.Node:
		updateNode(root, o, old.(*corev1.Node))
	case *corev1.Pod:
		updatePod(root, o, old.(*corev1.Pod))
	case *corev1.Namespace:
		updateNamespace(root, o, old.(*corev1.Namespace))
	case *appsv1.DaemonSet:
		updateDaemonSet(root, o, old.(*appsv1.DaemonSet))
	case *appsv1.ControllerRevision:
		updateControllerRevision(root, o, old.(*appsv1.ControllerRevision))
	case *appsv1.Deployment:
		updateDeployment(root, o, old.(*appsv1.Deployment))
	case *appsv1.ReplicaSet:
		updateReplicaSet(root, o, old.(*appsv1.ReplicaSet))
	case *appsv1.StatefulSet:
		updateStatefulSet(root, o, old.(*appsv1.StatefulSet))
	case *corev1.Service:
		updateService(root, o, old.(*corev1.Service))
	case *policyv1.PodDisruptionBudget:
		updatePodDisruptionBudget(root, o, old.(*policyv1.PodDisruptionBudget))
	case *schedulingv1.PriorityClass:
		updatePriorityClass(root, o, old.(*schedulingv1.PriorityClass))
	case *corev1.ServiceAccount:
		updateServiceAccount(root, o, old.(*corev1.ServiceAccount))
	case *corev1.LimitRange:
		updateLimitRange(root, o, old.(*corev1.LimitRange))
	case *corev1.ResourceQuota:
		updateResourceQuota(root, o, old.(*corev1.ResourceQuota))
	case *nodev1.RuntimeClass:
		updateRuntimeClass(root, o, old.(*nodev1.RuntimeClass))
	}
}

// keepServerFields follows BeforeUpdate. A difference in a field that it does not
// keep is a mistake: see checkMetaUpdate.
func keepServerFields(meta, old metav1.Object) {
	meta.SetGeneration(old.GetGeneration())
	if meta.GetResourceVersion() == "" {
		meta.SetResourceVersion(old.GetResourceVersion())
	}
	if meta.GetUID() == "" {
		meta.SetUID(old.GetUID())
	}
	if created := old.GetCreationTimestamp(); !created.IsZero() {
		meta.SetCreationTimestamp(created)
	}
	if deleted := old.GetDeletionTimestamp(); !deleted.IsZero() {
		meta.SetDeletionTimestamp(deleted)
	}
	if grace := old.GetDeletionGracePeriodSeconds(); grace != nil && meta.GetDeletionGracePeriodSeconds() == nil {
		meta.SetDeletionGracePeriodSeconds(grace)
	}
}

// once removes repeated mistakes.
func once(mistakes field.ErrorList) field.ErrorList {
	known := map[string]bool{}
	return slices.DeleteFunc(mistakes, func(m *field.Error) bool {
		key := fmt.Sprint(m.Type, m.Field, m.Detail, m.BadValue)
		repeated := known[key]
		known[key] = true
		return repeated
	})
}

// checkMetaUpdate follows the API server
// (k8s.io/apiserver/pkg/registry/rest/update.go: validateCommonFields).
func checkMetaUpdate(at fieldErrors, meta, old *metav1.ObjectMeta, s scope) {
	at.include(apivalidation.ValidateObjectMeta(meta, bool(s), isPathSegment, at.path))
	versioned := *meta
	versioned.ResourceVersion = "any" // objects that were never stored have none
	at.include(apivalidation.ValidateObjectMetaUpdate(&versioned, old, at.path))
}

// checkCoreMetaUpdate follows the API server
// (pkg/apis/core/validation/validation.go: ValidateObjectMetaUpdate), which
// adds a rule for finalizers.
func checkCoreMetaUpdate(at fieldErrors, meta, old *metav1.ObjectMeta, s scope) {
	checkMetaUpdate(at, meta, old, s)
	checkFinalizers(at.child("finalizers"), meta.Finalizers)
}

// checkImmutable follows ValidateImmutableField.
func checkImmutable(at fieldErrors, value, old any) {
	at.include(apivalidation.ValidateImmutableField(value, old, at.path))
}

// differ reports whether two values differ, as the strategies compare them: an empty
// list or map equals an absent one.
func differ(a, b any) bool { return !equality.Semantic.DeepEqual(a, b) }

// updateNamespace follows the API server (pkg/registry/core/namespace/strategy.go:
// namespaceStrategy.PrepareForUpdate, namespaceStrategy.ValidateUpdate).
func updateNamespace(root fieldErrors, ns, old *corev1.Namespace) {
	ns.Spec.Finalizers, ns.Status = old.Spec.Finalizers, old.Status
	meta := root.child("metadata")
	checkCoreMetaUpdate(meta, &ns.ObjectMeta, &old.ObjectMeta, clusterWide)
	checkNameAs(meta, &ns.ObjectMeta, apivalidation.ValidateNamespaceName)
}

// updatePriorityClass follows the API server
// (pkg/apis/scheduling/validation/validation.go: ValidatePriorityClassUpdate).
func updatePriorityClass(root fieldErrors, class, old *schedulingv1.PriorityClass) {
	checkCoreMetaUpdate(root.child("metadata"), &class.ObjectMeta, &old.ObjectMeta, clusterWide)
	if class.Value != old.Value {
		root.child("value").forbidden("may not be changed in an update.")
	}
	checkImmutable(root.child("preemptionPolicy"), class.PreemptionPolicy, old.PreemptionPolicy)
}

// updatePodDisruptionBudget follows the API server
// (pkg/registry/policy/poddisruptionbudget/strategy.go:
// podDisruptionBudgetStrategy.PrepareForUpdate,
// podDisruptionBudgetStrategy.ValidateUpdate). Every field may change.
func updatePodDisruptionBudget(root fieldErrors, budget, old *policyv1.PodDisruptionBudget) {
	budget.Status = old.Status
	if differ(budget.Spec, old.Spec) {
		budget.Generation++
	}
	checkMetaUpdate(root.child("metadata"), &budget.ObjectMeta, &old.ObjectMeta, namespaced)
	checkPodDisruptionBudgetSpec(root.child("spec"), &budget.Spec)
}

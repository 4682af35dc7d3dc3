// Package validation finds the mistakes for which the API server of Kubernetes 1.37,
// with feature gates at their defaults, would refuse to create an object.
//
// It follows the Validate method of each kind's strategy after its PrepareForCreate,
// for example of pods (pkg/registry/core/pod/strategy.go: PrepareForCreate,
// Validate), and the rules for all kinds
// (k8s.io/apiserver/pkg/registry/rest/create.go: BeforeCreate).
package validation

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/kube"
)

// Validate returns every mistake of an object, in the order of the checks. It checks
// a copy with its defaults. An object of a kind that is not in package kinds is
// NotSupported at "kind", and a nil object is Required at "metadata".
func Validate(object runtime.Object) field.ErrorList { return ValidateAt(0, object) }

// ValidateAt is Validate for the API server of a release. What differs are the
// defaults and the fields that the server drops.
func ValidateAt(release kube.Release, object runtime.Object) field.ErrorList {
	var mistakes field.ErrorList
	root := fieldErrors{list: &mistakes}
	if kinds.IsNil(object) {
		root.child("metadata").required("object is nil")
		return mistakes
	}
	if kinds.Of(object).Name == "" {
		unsupported(root.child("kind"), kinds.NameOf(object), kinds.Names()...)
		return mistakes
	}
	checkObject(root, defaults.ApplyAt(release, object))
	return mistakes
}

// ValidateDefaulted returns what Validate returns, for an object of package kinds
// that has its defaults. It copies only objects that the check modifies: new pods,
// whose matchLabelKeys become part of their selectors.
func ValidateDefaulted(object runtime.Object) field.ErrorList {
	if pod, ok := object.(*corev1.Pod); ok && pod.ResourceVersion == "" {
		object = pod.DeepCopy()
	}
	var mistakes field.ErrorList
	checkObject(fieldErrors{list: &mistakes}, object)
	return mistakes
}

// checkObject checks an object with its defaults. It may modify it.
func checkObject(root fieldErrors, object runtime.Object) {
	switch o := object.(type) {
	case *corev1.Node:
		checkNode(root, o)
	case *corev1.Pod:
		checkPod(root, o)
	case *corev1.Namespace:
		checkNamespace(root, o)
	case *appsv1.DaemonSet:
		checkDaemonSet(root, o)
	case *appsv1.ControllerRevision:
		checkControllerRevision(root, o)
	case *appsv1.Deployment:
		checkDeployment(root, o)
	case *appsv1.ReplicaSet:
		checkReplicaSet(root, o)
	case *appsv1.StatefulSet:
		checkStatefulSet(root, o)
	case *corev1.Service:
		checkService(root, o)
	case *policyv1.PodDisruptionBudget:
		checkPodDisruptionBudget(root, o)
	case *schedulingv1.PriorityClass:
		checkPriorityClass(root, o)
	case *corev1.ServiceAccount:
		checkServiceAccount(root, o)
	case *corev1.LimitRange:
		checkLimitRange(root, o)
	case *corev1.ResourceQuota:
		checkResourceQuota(root, o)
	case *nodev1.RuntimeClass:
		checkRuntimeClass(root, o)
	}
}

package cluster

import (
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate returns what the API server of Kubernetes 1.37, feature gates at
// their defaults, would refuse if it were asked to create object: every mistake
// in the fields that berth uses, with the server's field path, error type and
// words. Defaults are filled in first; object is not modified. The errors stand
// in the order of the checks, which is the same for equal objects.
//
// It knows the kinds of a [Manifest]; any other is one error, NotSupported at
// "kind", and a nil one is Required at "metadata". As in the server's own rules,
// the name has been generated and the namespace of the request filled in before:
// without a metadata.name, or a metadata.namespace where the kind has one, an
// object is refused.
//
// What berth does not use is not looked at: volumes, probes, lifecycle hooks,
// environment, security contexts, DNS, resource claims, a Service's addresses,
// status other than a node's. An object with a resourceVersion was stored by a
// server, which refuses to create it again: it is judged as what is stored, so a
// pod may have ephemeral containers, and its matchLabelKeys are in its selectors.
//
// Follows Validate of the strategies in pkg/registry, after their
// PrepareForCreate, and BeforeCreate of k8s.io/apiserver/pkg/registry/rest. The
// declarative rules that 1.37 enforces for these kinds (zz_generated.validations.go)
// are all about fields that berth does not use. One thing differs: the metadata of
// a PodDisruptionBudget is checked even if its spec has mistakes.
func Validate(object runtime.Object) field.ErrorList {
	var mistakes field.ErrorList
	root := spot{list: &mistakes}
	if object == nil || reflect.ValueOf(object).Kind() == reflect.Pointer && reflect.ValueOf(object).IsNil() {
		root.child("metadata").required("object is nil")
		return mistakes
	}
	if kindOfObject(object).kind == "" {
		unsupported(root.child("kind"), kindName(object), kindNames()...)
		return mistakes
	}
	checkObject(root, Default(object))
	return mistakes
}

// checkObject checks an object with its defaults; it may change it.
func checkObject(root spot, object runtime.Object) {
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
	}
}

// kindName is what an object of a kind that the model has no use for calls itself.
func kindName(object runtime.Object) string {
	if kind := object.GetObjectKind(); kind != nil && kind.GroupVersionKind().Kind != "" {
		return kind.GroupVersionKind().Kind
	}
	t := reflect.TypeOf(object)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

func kindNames() []string {
	names := make([]string, len(modelledKinds))
	for i, k := range modelledKinds {
		names[i] = k.kind
	}
	return names
}

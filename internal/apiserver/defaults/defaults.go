// Package defaults fills in the fields that the API server of Kubernetes 1.37 fills
// in, with feature gates at their own defaults.
//
// It follows the defaulting function of each kind, for example of pods
// (pkg/apis/core/v1/zz_generated.defaults.go: SetObjectDefaults_Pod), and for pods
// what the registry adds (pkg/api/pod/util.go: DefaultPodLevelResources). No kind of
// policy/v1 has defaults.
package defaults

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/kube"
)

// Apply returns a copy of object with its defaults. An object of a kind without
// defaults is only copied; nil is returned as it is.
func Apply[T runtime.Object](object T) T { return ApplyAt(0, object) }

// ApplyAt is Apply for the API server of a release. It also drops the fields of new
// objects whose feature gates are off in that release.
func ApplyAt[T runtime.Object](release kube.Release, object T) T {
	copied := ForUpdate(release, object)
	PrepareForCreate(release, copied)
	return copied
}

// PrepareForCreate does to a new object with its defaults what the registry of its
// kind does before validation: it drops the fields whose feature gates are off in the
// release, and completes the resources of a pod as a whole
// (pkg/registry/core/pod/strategy.go: PrepareForCreate).
func PrepareForCreate(release kube.Release, object runtime.Object) {
	DropDisabled(release, object, nil)
	if pod, ok := object.(*corev1.Pod); ok && pod != nil && release.Has(kube.PodResourcesCompleted) {
		setPodResources(&pod.Spec)
	}
}

// ForUpdate is ApplyAt without what the registry does to new objects only.
func ForUpdate[T runtime.Object](release kube.Release, object T) T {
	if any(object) == nil {
		return object
	}
	copied, ok := object.DeepCopyObject().(T)
	if !ok { // the copy of a nil pointer is not a T
		return object
	}
	setDefaults(release, copied)
	return copied
}

// SetPodStatus sets the defaults of a pod's status.
func SetPodStatus(status *corev1.PodStatus) { defaultPodStatus(status) }

func setDefaults(release kube.Release, object runtime.Object) {
	switch o := object.(type) {
	case *corev1.Node:
		defaultNode(o)
	case *corev1.Pod:
		defaultPod(release, o)
	case *corev1.Namespace:
		defaultNamespace(o)
	case *corev1.Service:
		defaultService(o)
	case *appsv1.DaemonSet:
		defaultDaemonSet(o)
	case *appsv1.Deployment:
		defaultDeployment(o)
	case *appsv1.ReplicaSet:
		defaultReplicaSet(o)
	case *appsv1.StatefulSet:
		defaultStatefulSet(release, o)
	case *corev1.LimitRange:
		defaultLimitRange(o)
	case *corev1.ResourceQuota:
		roundUp(o.Spec.Hard)
		roundUp(o.Status.Hard)
		roundUp(o.Status.Used)
	case *schedulingv1.PriorityClass:
		defaultPointer(&o.PreemptionPolicy, corev1.PreemptLowerPriority)
	}
}

// defaultTo sets a field that is zero.
func defaultTo[T comparable](field *T, value T) {
	*field = cmp.Or(*field, value)
}

// defaultPointer sets an optional field that is absent.
func defaultPointer[T any](field **T, value T) {
	if *field == nil {
		*field = new(value)
	}
}

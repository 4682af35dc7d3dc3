package defaults

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/kube"
)

// dropDisabled drops the fields of a new object whose feature gates are off in a
// release but on in the latest, as the strategies of the kinds do
// (pkg/registry/core/pod/strategy.go: PrepareForCreate).
func dropDisabled(release kube.Release, object runtime.Object) {
	if kinds.IsNil(object) {
		return
	}
	if set, ok := object.(*appsv1.StatefulSet); ok && !release.Has(kube.StatefulSetUnavailable) {
		dropUnavailable(&set.Spec.UpdateStrategy)
	}
	if release.Has(kube.ContainerRestartRules) {
		return
	}
	if spec := podSpecOf(object); spec != nil {
		dropRestartRules(spec)
	}
}

// podSpecOf returns the spec of a pod or of a workload's template, or nil for an
// object without one.
func podSpecOf(object runtime.Object) *corev1.PodSpec {
	switch o := object.(type) {
	case *corev1.Pod:
		return &o.Spec
	case *appsv1.DaemonSet:
		return &o.Spec.Template.Spec
	case *appsv1.Deployment:
		return &o.Spec.Template.Spec
	case *appsv1.ReplicaSet:
		return &o.Spec.Template.Spec
	case *appsv1.StatefulSet:
		return &o.Spec.Template.Spec
	}
	return nil
}

// dropRestartRules leaves only the restartPolicy of sidecars
// (pkg/api/pod/util.go: dropContainerRestartRules).
func dropRestartRules(spec *corev1.PodSpec) {
	for c := range allContainers(spec) {
		c.RestartPolicyRules = nil
	}
	for i := range spec.InitContainers {
		if p := spec.InitContainers[i].RestartPolicy; p != nil && *p != corev1.ContainerRestartPolicyAlways {
			spec.InitContainers[i].RestartPolicy = nil
		}
	}
	for i := range spec.Containers {
		spec.Containers[i].RestartPolicy = nil
	}
	for i := range spec.EphemeralContainers {
		spec.EphemeralContainers[i].RestartPolicy = nil
	}
}

// dropUnavailable follows the strategy of StatefulSets
// (pkg/registry/apps/statefulset/strategy.go: dropStatefulSetDisabledFields).
func dropUnavailable(strategy *appsv1.StatefulSetUpdateStrategy) {
	if strategy.RollingUpdate != nil {
		strategy.RollingUpdate.MaxUnavailable = nil
	}
}

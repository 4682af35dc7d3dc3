package defaults

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/kube"
)

// gated are fields whose feature gate is off in some release and on in the latest.
// drop removes them from an object and reports whether it had any.
var gated = []struct {
	since *kube.Change
	drop  func(runtime.Object) bool
}{
	{kube.StatefulSetUnavailable, dropUnavailable},
	{kube.ContainerRestartRules, dropRestartRules},
}

// DropDisabled drops the fields of an object whose feature gates are off in a release,
// as the registry of its kind does. It keeps those that old, the object to replace,
// already uses; old is nil for a new object
// (pkg/api/pod/util.go: dropDisabledFields).
func DropDisabled(release kube.Release, object, old runtime.Object) {
	if kinds.IsNil(object) {
		return
	}
	for _, g := range gated {
		if !release.Has(g.since) && (old == nil || !g.drop(old.DeepCopyObject())) {
			g.drop(object)
		}
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
func dropRestartRules(object runtime.Object) (dropped bool) {
	spec := podSpecOf(object)
	if spec == nil {
		return false
	}
	for c := range allContainers(spec) {
		dropped = dropped || len(c.RestartPolicyRules) > 0
		c.RestartPolicyRules = nil
	}
	drop := func(policy **corev1.ContainerRestartPolicy) {
		dropped = dropped || *policy != nil
		*policy = nil
	}
	for i := range spec.InitContainers {
		if p := &spec.InitContainers[i].RestartPolicy; *p != nil && **p != corev1.ContainerRestartPolicyAlways {
			drop(p)
		}
	}
	for i := range spec.Containers {
		drop(&spec.Containers[i].RestartPolicy)
	}
	for i := range spec.EphemeralContainers {
		drop(&spec.EphemeralContainers[i].RestartPolicy)
	}
	return dropped
}

// dropUnavailable follows the strategy of StatefulSets
// (pkg/registry/apps/statefulset/strategy.go: dropStatefulSetDisabledFields).
func dropUnavailable(object runtime.Object) (dropped bool) {
	set, ok := object.(*appsv1.StatefulSet)
	if !ok || set.Spec.UpdateStrategy.RollingUpdate == nil {
		return false
	}
	dropped = set.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable != nil
	set.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = nil
	return dropped
}

package placement

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/cluster"
)

// defaultSelector finds the pods among which a pod without constraints of its own
// is spread: those of the Services that select it and of the ReplicaSet or
// StatefulSet that controls it (plugins/helper, DefaultSelector). Without any it
// is empty. ReplicationControllers are not modelled.
func defaultSelector(pod *corev1.Pod, b cluster.Borrowed) labels.Selector {
	merged := labels.Set{}
	for _, s := range b.ServicesIn(pod.Namespace) {
		if s.Spec.Selector != nil && labels.SelectorFromValidatedSet(s.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			merged = labels.Merge(merged, s.Spec.Selector)
		}
	}
	selector := merged.AsSelector()
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return selector
	}
	if of := controllerSelector(pod.Namespace, owner, b); of != nil {
		if parsed, err := metav1.LabelSelectorAsSelector(of); err == nil {
			requirements, _ := parsed.Requirements()
			selector = selector.Add(requirements...)
		}
	}
	return selector
}

func controllerSelector(namespace string, owner *metav1.OwnerReference, b cluster.Borrowed) *metav1.LabelSelector {
	if owner.APIVersion != "apps/v1" {
		return nil
	}
	switch owner.Kind {
	case "ReplicaSet":
		if rs, ok := b.ReplicaSet(namespace, owner.Name); ok {
			return rs.Spec.Selector
		}
	case "StatefulSet":
		if sts, ok := b.StatefulSet(namespace, owner.Name); ok {
			return sts.Spec.Selector
		}
	}
	return nil
}

package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ControllerOf returns the reference to the object's controller if that is of the
// kind, else nil (pkg/controller/daemon/daemon_controller.go: resolveControllerRef).
func ControllerOf(object metav1.Object, kind string) *metav1.OwnerReference {
	ref := metav1.GetControllerOfNoCopy(object)
	if ref == nil || ref.Kind != kind {
		return nil
	}
	return ref
}

// RefersTo reports whether the reference is to this owner, if the owner is of the
// reference's kind and in its namespace. The UID decides
// (k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go: IsControlledBy), and the
// name where the owner or the reference has no UID, as in a manifest.
func RefersTo(ref *metav1.OwnerReference, owner metav1.Object) bool {
	return ref.Name == owner.GetName() && SameUID(ref.UID, owner.GetUID())
}

// Controls reports whether the owner, which is of the kind, controls the object.
func Controls(owner metav1.Object, kind string, object metav1.Object) bool {
	ref := ControllerOf(object, kind)
	return ref != nil && owner.GetNamespace() == object.GetNamespace() && RefersTo(ref, owner)
}

// SameUID reports whether two objects of one name can be the same: their UIDs are
// equal, or one has none.
func SameUID(a, b types.UID) bool { return a == b || a == "" || b == "" }

package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ControllerOf returns the reference to the object's controller if that is of the
// kind, or nil (pkg/controller/daemon/daemon_controller.go: resolveControllerRef).
func ControllerOf(object metav1.Object, kind string) *metav1.OwnerReference {
	ref := metav1.GetControllerOfNoCopy(object)
	if ref == nil || ref.Kind != kind {
		return nil
	}
	return ref
}

// RefersTo reports whether ref refers to owner. The owner must be of the reference's
// kind and in its namespace. The UIDs are compared
// (k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go: IsControlledBy), or the
// names if the owner or the reference has no UID, as in a manifest.
func RefersTo(ref *metav1.OwnerReference, owner metav1.Object) bool {
	return ref.Name == owner.GetName() && SameUID(ref.UID, owner.GetUID())
}

// Controls reports whether owner, an object of the kind, controls the object.
func Controls(owner metav1.Object, kind string, object metav1.Object) bool {
	ref := ControllerOf(object, kind)
	return ref != nil && owner.GetNamespace() == object.GetNamespace() && RefersTo(ref, owner)
}

// SameUID reports whether two objects of one name can be the same: their UIDs are
// equal, or one is empty.
func SameUID(a, b types.UID) bool { return a == b || a == "" || b == "" }

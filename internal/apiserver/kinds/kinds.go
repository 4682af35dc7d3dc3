// Package kinds is the table of the kinds that berth models.
package kinds

import (
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind describes one kind of object, in the version that Kubernetes 1.37 serves.
type Kind struct {
	APIVersion, Name string
	Namespaced       bool
	Zero             runtime.Object // copied, never modified
	// Live is a field that only stored objects of this kind have. It identifies a dump
	// that lacks kind and apiVersion.
	Live string
}

// All holds every kind. It is never modified.
var All = []Kind{
	{"v1", "Node", false, &corev1.Node{}, "status.nodeInfo"},
	{"v1", "Pod", true, &corev1.Pod{}, "status.qosClass"},
	{"v1", "Namespace", false, &corev1.Namespace{}, ""},
	{"apps/v1", "DaemonSet", true, &appsv1.DaemonSet{}, "status.desiredNumberScheduled"},
	{"apps/v1", "ControllerRevision", true, &appsv1.ControllerRevision{}, ""},
	{"apps/v1", "Deployment", true, &appsv1.Deployment{}, ""},
	{"apps/v1", "ReplicaSet", true, &appsv1.ReplicaSet{}, ""},
	{"apps/v1", "StatefulSet", true, &appsv1.StatefulSet{}, ""},
	{"v1", "Service", true, &corev1.Service{}, ""},
	{"policy/v1", "PodDisruptionBudget", true, &policyv1.PodDisruptionBudget{}, ""},
	{"scheduling.k8s.io/v1", "PriorityClass", false, &schedulingv1.PriorityClass{}, ""},
	{"v1", "ServiceAccount", true, &corev1.ServiceAccount{}, ""},
	{"v1", "LimitRange", true, &corev1.LimitRange{}, ""},
	{"v1", "ResourceQuota", true, &corev1.ResourceQuota{}, ""},
	{"node.k8s.io/v1", "RuntimeClass", false, &nodev1.RuntimeClass{}, ""},
}

// GVK returns the group, version and kind.
func (k Kind) GVK() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(k.APIVersion, k.Name)
}

// Of returns the kind of an object by its Go type, or the zero Kind if it is not in
// the table.
func Of(object runtime.Object) Kind {
	for i := range All {
		if reflect.TypeOf(All[i].Zero) == reflect.TypeOf(object) {
			return All[i]
		}
	}
	return Kind{}
}

// Named returns the kind with that name, ignoring case, or the zero Kind. It reports
// whether the case matches.
func Named(name string) (k Kind, exact bool) {
	for _, k := range All {
		if strings.EqualFold(k.Name, name) {
			return k, k.Name == name
		}
	}
	return Kind{}, false
}

// Names returns the names of all kinds.
func Names() []string {
	names := make([]string, len(All))
	for i, k := range All {
		names[i] = k.Name
	}
	return names
}

// NameOf returns the kind named in an object, or else the name of its Go type. The
// object need not be of a kind in the table.
func NameOf(object runtime.Object) string {
	if kind := object.GetObjectKind(); kind != nil && kind.GroupVersionKind().Kind != "" {
		return kind.GroupVersionKind().Kind
	}
	t := reflect.TypeOf(object)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// ObjectName returns an object's name in messages: "Node a", "Pod kube-system/b".
func ObjectName(kind, namespace, name string) string {
	if namespace != "" {
		name = namespace + "/" + name
	}
	return strings.TrimSpace(kind + " " + name)
}

// IsNil reports whether object is nil or a nil pointer. Nodes and pods, which are
// numerous, are checked without reflection.
func IsNil(object runtime.Object) bool {
	switch o := object.(type) {
	case nil:
		return true
	case *corev1.Node:
		return o == nil
	case *corev1.Pod:
		return o == nil
	}
	return reflect.ValueOf(object).Kind() == reflect.Pointer && reflect.ValueOf(object).IsNil()
}

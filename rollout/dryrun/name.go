package dryrun

import (
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/kube"
)

func keyOf(o metav1.Object) string { return kube.Key(o) }

// namespaced says whether objects of the kind live in a namespace.
func namespaced(o runtime.Object) bool {
	switch o.(type) {
	case *corev1.Node, *corev1.Namespace, *schedulingv1.PriorityClass:
		return false
	}
	return true
}

// nameOf is how messages name an object: "DaemonSet kube-system/agent".
func nameOf(o runtime.Object) string {
	if o == nil {
		return "nothing"
	}
	kind := reflect.TypeOf(o).Elem().Name()
	meta, ok := o.(metav1.Object)
	switch {
	case !ok:
		return kind
	case meta.GetNamespace()+meta.GetName() == "":
		return kind + " without a name"
	case meta.GetNamespace() == "":
		return kind + " " + meta.GetName()
	}
	return kind + " " + keyOf(meta)
}

func namesOf(objects []runtime.Object) string {
	if len(objects) == 0 {
		return "nothing"
	}
	names := make([]string, len(objects))
	for i, o := range objects {
		names[i] = nameOf(o)
	}
	return strings.Join(names, ", ")
}

func split(key string) (namespace, name string) {
	namespace, name, _ = strings.Cut(key, "/")
	return namespace, name
}

package dryrun

import (
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/kube"
)

// workloadName returns the name of a workload for messages, from its key with the kind.
func workloadName(key string) string {
	if rest, ok := strings.CutPrefix(key, kube.DeploymentKind); ok {
		return "Deployment " + rest
	}
	return "DaemonSet " + strings.TrimPrefix(key, kube.DaemonSetKind)
}

// setNamespace sets the namespace of an object that needs one and has none. An object
// that berth does not model counts as namespaced.
func setNamespace(o runtime.Object) {
	kind := kinds.Of(o)
	if meta, ok := o.(metav1.Object); ok && meta.GetNamespace() == "" && (kind.Namespaced || kind.Name == "") {
		meta.SetNamespace(metav1.NamespaceDefault)
	}
}

// nameOf returns the name of an object for messages: "DaemonSet kube-system/agent".
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
	return kind + " " + kube.Key(meta)
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

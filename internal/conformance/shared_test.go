package conformance

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

// discard is a logger for real code that insists on one.
func discard(testing.TB) klog.Logger { return klog.Logger{} }

// plainDaemonSet asks nothing of a node.
func plainDaemonSet() *appsv1.DaemonSet {
	ds := &appsv1.DaemonSet{}
	ds.Namespace, ds.Name = "default", "agent"
	return ds
}

// shown is a Kubernetes object for people: rapid prints pointers.
func shown(object any) string {
	b, err := yaml.Marshal(object)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

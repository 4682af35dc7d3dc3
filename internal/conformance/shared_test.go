package conformance

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/klog/v2"
)

// discard is a logger for real code that insists on one.
func discard(testing.TB) klog.Logger { return klog.Logger{} }

// plainDaemonSet asks nothing of a node.
func plainDaemonSet() *appsv1.DaemonSet {
	ds := &appsv1.DaemonSet{}
	ds.Namespace, ds.Name = "default", "agent"
	return ds
}

package placement_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// runningWorld returns nodes with room. On each node another DaemonSet runs a
// pod, and the benchmark's own DaemonSet may.
func runningWorld(b *testing.B, n int, own bool) *cluster.Cluster {
	objects := benchNodes(n)
	controller := true
	for i := range n {
		node := objects[i].(*corev1.Node)
		node.Status.Allocatable = corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("110"),
		}
		pod := func(name string, owners ...metav1.OwnerReference) runtime.Object {
			return &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprint(name, "-", i), OwnerReferences: owners},
				Spec:       corev1.PodSpec{NodeName: node.Name, Containers: []corev1.Container{{Name: "c", Image: "i"}}},
				Status:     corev1.PodStatus{Phase: corev1.PodRunning},
			}
		}
		objects = append(objects, pod("web"))
		if own {
			objects = append(objects, pod("agent", metav1.OwnerReference{Kind: "DaemonSet", Name: "agent", Controller: &controller}))
		}
	}
	c, err := cluster.Adopt(objects...)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// One question on a cluster that has been asked before: a node is tainted, the
// workload is predicted again, fit included, and compared with the prediction
// before. With "own" the workload's own pods run on every node and are left out
// of the room.
func BenchmarkWhatIf(b *testing.B) {
	for _, own := range []bool{false, true} {
		b.Run(fmt.Sprintf("5000/own=%v", own), func(b *testing.B) {
			c, w := runningWorld(b, 5_000, own), benchWorkload(b)
			before := w.Predict(c)
			placement.Diff(before, before)
			b.ReportAllocs()
			for b.Loop() {
				edited, err := c.Edit("node-0002501", cluster.Taint("maintenance:NoExecute"))
				if err != nil {
					b.Fatal(err)
				}
				if lost := placement.Diff(before, w.Predict(edited)).Nodes(placement.Eligible, placement.Excluded); lost.Len() != 1 {
					b.Fatal(lost)
				}
			}
		})
	}
}

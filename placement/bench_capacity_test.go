package placement_test

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

// Thirty agents, two in conflict, on 5,000 nodes. Every tenth node is small.
func BenchmarkCapacityReport(b *testing.B) {
	var objects []runtime.Object
	for i := range 5000 {
		cpu := "cpu:16"
		if i%10 == 0 {
			cpu = "cpu:2"
		}
		objects = append(objects, clustertest.Object[*corev1.Node](b, clustertest.Node(fmt.Sprintf("n%04d", i), "hostname", cpu)))
	}
	for i := range 30 {
		words := []string{"cpu:100m", "memory:64Mi"}
		if i < 2 {
			words = append(words, "port:4317")
		}
		objects = append(objects, clustertest.Object[*appsv1.DaemonSet](b, clustertest.DaemonSet(fmt.Sprintf("agents/a%02d", i), words...)))
	}
	c, err := cluster.New(objects...)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		l := placement.NewCapacityReport(c)
		if over, conflicting := l.Overloaded().Len(), l.Conflicting().Len(); over != 500 || conflicting != 5000 || len(l.MinimumNodes()) != 1 {
			b.Fatalf("%v", l)
		}
	}
}

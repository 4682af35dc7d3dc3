package rollout

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
)

// fleet is a settled cluster with one DaemonSet on every node.
func fleet(tb testing.TB, nodes int, budget string) *Sim {
	tb.Helper()
	objects := make([]runtime.Object, 0, nodes)
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("32Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	for i := range nodes {
		objects = append(objects, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%07d", i)},
			Status:     corev1.NodeStatus{Allocatable: room},
		})
	}
	c, err := cluster.Adopt(objects...)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := New(c, Config{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Apply(fleetSet("v1", budget)); err != nil {
		tb.Fatal(err)
	}
	for range s.Run(10) {
	}
	if s.State("default/agent") != Done {
		tb.Fatal(s.State("default/agent"))
	}
	return s
}

func fleetSet(image, budget string) *appsv1.DaemonSet {
	app := map[string]string{"app": "agent"}
	amount := intstr.Parse(budget)
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "agent"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: app},
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{
				Type:          appsv1.RollingUpdateDaemonSetStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &amount},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "main", Image: image,
					Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}},
				}}},
			},
		},
	}
}

// roll runs a whole rollout and counts what happened to pods.
func roll(tb testing.TB, s *Sim, budget string) (transitions int) {
	if err := s.Apply(fleetSet("v2", budget)); err != nil {
		tb.Fatal(err)
	}
	for events := range s.Run(10_000_000) {
		for i := range events {
			if events[i].Kind >= Created && events[i].Kind <= Released {
				transitions++
			}
		}
	}
	return transitions
}

// BenchmarkRollout is a rollout from the first sync to the last, per pod
// transition (deleted, created, ready).
func BenchmarkRollout(b *testing.B) {
	for _, budget := range []string{"1", "10%"} {
		for _, nodes := range []int{100, 1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("budget=%s/nodes=%d", budget, nodes), func(b *testing.B) {
				settled := fleet(b, nodes, budget)
				transitions := 0
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					s := settled.Fork()
					b.StartTimer()
					n := roll(b, s, budget)
					if n != 3*nodes {
						b.Fatalf("%d transitions", n)
					}
					transitions += n
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(transitions), "ns/transition")
			})
		}
	}
}

// BenchmarkFork forks in the middle of a rollout.
func BenchmarkFork(b *testing.B) {
	for _, nodes := range []int{1_000, 5_000, 100_000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			s := fleet(b, nodes, "10%")
			if err := s.Apply(fleetSet("v2", "10%")); err != nil {
				b.Fatal(err)
			}
			s.Tick()
			b.ReportAllocs()
			for b.Loop() {
				if f := s.Fork(); len(f.pods) != len(s.pods) {
					b.Fatal("not a copy")
				}
			}
		})
	}
}

// BenchmarkSweep is 1,000 rollouts of 1,000 nodes, one budget each.
func BenchmarkSweep(b *testing.B) {
	settled := fleet(b, 1_000, "1")
	for b.Loop() {
		total := 0
		for budget := 1; budget <= 1_000; budget++ {
			total += roll(b, settled.Fork(), fmt.Sprint(budget))
		}
		if total != 3_000*1_000 {
			b.Fatal(total)
		}
	}
}

// BenchmarkIdleTick is a tick in which nothing is due.
func BenchmarkIdleTick(b *testing.B) {
	s := fleet(b, 100_000, "1")
	b.ReportAllocs()
	for b.Loop() {
		if events := s.Tick(); events != nil {
			b.Fatal(events)
		}
	}
}

package rollout

import (
	"fmt"
	"sync"
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
	if s.State("default/agent") != StateDone {
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

// beginRoll updates the DaemonSet, runs the tick in which the update takes effect
// and counts the pod transitions in it.
func beginRoll(tb testing.TB, s *Sim, budget string) (transitions int) {
	tb.Helper()
	if err := s.Apply(fleetSet("v2", budget)); err != nil {
		tb.Fatal(err)
	}
	return podEvents(s.Tick())
}

func podEvents(events []Event) (n int) {
	for i := range events {
		if events[i].Pod != "" {
			n++
		}
	}
	return n
}

// BenchmarkRollout is a rollout from the tick after its update to the last, per pod
// transition (deleted, created, ready), with events and without. Small clusters are
// rolled many in a row, so that the clock is seldom stopped. The update itself is
// BenchmarkUpdate.
func BenchmarkRollout(b *testing.B) {
	for _, events := range []string{"all", "none"} {
		for _, budget := range []string{"1", "10%"} {
			for _, nodes := range []int{100, 1_000, 10_000, 100_000} {
				b.Run(fmt.Sprintf("events=%s/budget=%s/nodes=%d", events, budget, nodes), func(b *testing.B) {
					settled, all := fleet(b, nodes, budget), 0
					rolls := make([]*Sim, max(1, 10_000/nodes))
					b.ReportAllocs()
					for b.Loop() {
						b.StopTimer()
						due := 0
						for i := range rolls {
							rolls[i] = settled.Fork()
							due += 3*nodes - beginRoll(b, rolls[i], budget)
						}
						all += due
						b.StartTimer()
						seen := 0
						for _, s := range rolls {
							seen += roll(s, events == "all")
						}
						b.StopTimer()
						if events == "all" && seen != due {
							b.Fatalf("%d transitions of %d", seen, due)
						}
						for _, s := range rolls {
							if status, _ := daemonSetStatus(s, "default/agent"); int(status.UpdatedNumberScheduled) != nodes || s.State("default/agent") != StateDone {
								b.Fatal(status)
							}
						}
						b.StartTimer()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(all), "ns/transition")
				})
			}
		}
	}
}

// roll passes a rollout and counts what it tells of pods.
func roll(s *Sim, told bool) (seen int) {
	if !told {
		s.Advance(10_000_000)
		return 0
	}
	for some := range s.Run(10_000_000) {
		seen += podEvents(some)
	}
	return seen
}

// BenchmarkUpdate is what an update costs before any pod moves, and the first pod
// of 100: validation, defaults, hash, revision.
func BenchmarkUpdate(b *testing.B) {
	settled := fleet(b, 100, "1")
	for b.Loop() {
		b.StopTimer()
		s := settled.Fork()
		b.StartTimer()
		if n := beginRoll(b, s, "1"); n != 2 {
			b.Fatal(n)
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

// BenchmarkSweep is what 1,000 budgets would mean to a rollout over 1,000 nodes,
// half of them on each of two cores.
func BenchmarkSweep(b *testing.B) {
	settled := fleet(b, 1_000, "1")
	for b.Loop() {
		var halves sync.WaitGroup
		for half := range 2 {
			s, budgets := settled.Fork(), make([]UpdateLimit, 500)
			for i := range budgets {
				budgets[i].MaxUnavailable = fmt.Sprint(1 + half + 2*i)
			}
			halves.Go(func() {
				estimates, err := s.Estimate(fleetSet("v2", "1"), 10_000, budgets...)
				for i, e := range estimates {
					if budget := 1 + half + 2*i; e.State != StateDone || e.Waves != (1_000+budget-1)/budget {
						b.Error(e)
					}
				}
				if err != nil || len(estimates) != len(budgets) {
					b.Error(err)
				}
			})
		}
		halves.Wait()
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

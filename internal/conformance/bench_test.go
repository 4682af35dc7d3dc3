package conformance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

var fleetSizes = []int{1_000, 10_000, 100_000, 1_000_000}

// BenchmarkDesired finds the nodes of a DaemonSet: Kubernetes by the loop of its
// controller, in which affinity and tolerations are parsed once a sync, and by the
// function that it exports; berth node by node, on a cluster that it has never
// seen (cold: of nodes that may be kept, as Kubernetes does; copied: of copies),
// and on one whose index another DaemonSet has built before.
func BenchmarkDesired(b *testing.B) {
	for _, clauses := range []int{0, 6} {
		for _, size := range fleetSizes {
			if size > 100_000 && (clauses == 0 || testing.Short()) {
				continue // a million nodes take some GB
			}
			b.Run(fmt.Sprintf("clauses=%d/nodes=%d", clauses, size), func(b *testing.B) { benchmarkDesired(b, clauses, size) })
		}
	}
}

func benchmarkDesired(b *testing.B, clauses, size int) {
	nodes, ds := gen.Fleet(size), gen.FleetDaemonSet(clauses)
	c := must(cluster.Adopt(objects(nodes)...))(b)
	other := must(placement.ForDaemonSet(gen.FleetDaemonSet(6), placement.Unvalidated()))(b)
	other.Predict(c).Eligible().Len() // builds the index
	r := race{items: size, want: size - size/10*min(clauses, 1), baseline: func() int { return wanted(ds, nodes) }}
	r.kubernetes(b, "kubernetes/loop")
	if size <= 10_000 {
		r.berth(b, "kubernetes/exported", func() int {
			count := 0
			for _, n := range nodes {
				if run, _ := upstream.ShouldRun(ds, n); run {
					count++
				}
			}
			return count
		})
	}
	compile := func() *placement.Workload {
		return must(placement.ForDaemonSet(ds, placement.Unvalidated()))(b)
	}
	r.berth(b, "berth/check", func() int {
		w, count := compile(), 0
		for _, n := range nodes {
			if w.Check(n).Decision == placement.Eligible {
				count++
			}
		}
		return count
	})
	r.berth(b, "berth/cold", func() int {
		return compile().Predict(must(cluster.Adopt(objects(nodes)...))(b)).Eligible().Len()
	})
	r.berth(b, "berth/copied", func() int {
		return compile().Predict(must(cluster.New(objects(nodes)...))(b)).Eligible().Len()
	})
	r.berth(b, "berth/warm", func() int { return compile().Predict(c).Eligible().Len() })
}

// wanted counts as the controller's loops do.
func wanted(ds *appsv1.DaemonSet, nodes []*corev1.Node) int {
	loop, count := upstream.NewLoop(ds), 0
	for _, n := range nodes {
		if run, _ := loop.ShouldRun(n); run {
			count++
		}
	}
	return count
}

// BenchmarkEdit puts one node into the pool that the DaemonSet stays out of, or
// takes it out again, and asks once more: Kubernetes by its loop, over nodes that
// were edited already; berth edit and question together, each edit upon the one before.
func BenchmarkEdit(b *testing.B) {
	for _, size := range []int{5_000, 100_000} {
		b.Run(fmt.Sprintf("nodes=%d", size), func(b *testing.B) {
			nodes, ds := gen.Fleet(size), gen.FleetDaemonSet(6)
			workload := must(placement.ForDaemonSet(ds, placement.Unvalidated()))(b)
			c := must(cluster.Adopt(objects(nodes)...))(b)
			workload.Predict(c)
			r := race{items: size, want: size - size/10, baseline: func() int { return wanted(ds, nodes) }}
			r.kubernetes(b, "kubernetes/loop")
			edits := 0
			r.berth(b, "berth/warm", func() int {
				node, pool := nodes[(edits/2*10+1)%size].Name, []string{"pool-0", "pool-1"}[edits%2]
				edits++
				c = must(c.Edit(node, cluster.Label("pool", pool)))(b)
				return workload.Predict(c).Eligible().Len() + edits%2 // one less after every other edit
			})
		})
	}
}

// BenchmarkFit filters the nodes of a cluster with ten pods a node for one pod:
// Kubernetes by RunPreFilterPlugins once and RunFilterPlugins for each node, with
// the default profile and without its goroutines, on a snapshot that is ready;
// berth on a cluster that has answered for another pod before.
func BenchmarkFit(b *testing.B) {
	for _, size := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("nodes=%d", size), func(b *testing.B) {
			nodes, pod := gen.Fleet(size), gen.FleetPod()
			pods := gen.FleetPods(nodes, 10)
			scheduler := must(upstream.NewScheduler(b.Context()))(b)
			if err := scheduler.Show(upstream.World{Nodes: nodes, Pods: pods}); err != nil {
				b.Fatal(err)
			}
			c := must(cluster.New(append(objects(nodes), objects(pods)...)...))(b)
			fits := func(pod *corev1.Pod) int {
				return must(placement.ForPod(pod, placement.Unvalidated()))(b).Predict(c).Placed().Len()
			}
			another := gen.FleetPod()
			another.Spec.Containers[0].Ports = nil
			fits(another)
			r := race{items: size, want: size - 2*(size/10), baseline: func() int {
				return must(scheduler.Feasible(b.Context(), pod))(b)
			}}
			r.kubernetes(b, "kubernetes")
			r.berth(b, "berth/warm", func() int { return fits(pod) })
		})
	}
}

// BenchmarkScores scores the nodes that pass the filters for one pod: Kubernetes
// by RunPreScorePlugins and RunScorePlugins, berth by the best nodes and by the
// whole ranking. Filtering is not counted for either.
func BenchmarkScores(b *testing.B) {
	for _, size := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("nodes=%d", size), func(b *testing.B) {
			nodes, pod := gen.Fleet(size), gen.FleetPod()
			pods := gen.FleetPods(nodes, 10)
			scheduler := must(upstream.NewScheduler(b.Context()))(b)
			if err := scheduler.Show(upstream.World{Nodes: nodes, Pods: pods}); err != nil {
				b.Fatal(err)
			}
			score := must(scheduler.Scorer(b.Context(), pod))(b)
			c := must(cluster.New(append(objects(nodes), objects(pods)...)...))(b)
			workload := must(placement.ForPod(pod, placement.Unvalidated()))(b)
			feasible := workload.Predict(c).Placed().Len()
			r := race{items: feasible, want: feasible, baseline: func() int { return must(score())(b) }}
			r.kubernetes(b, "kubernetes")
			// A prediction keeps its scores: each run needs another, made and filtered beforehand.
			predicted := func() *placement.Prediction {
				p := workload.Predict(c)
				p.Placed()
				return p
			}
			r.berthAfter(b, "berth/best", predicted, func(p *placement.Prediction) int {
				if _, ok := room.Bind(p, "new", 1); !ok {
					return 0
				}
				return feasible
			})
			r.berthAfter(b, "berth/ranking", predicted, func(p *placement.Prediction) int { return len(p.Ranking()) })
		})
	}
}

// race is one question to both sides, with the answer that each must return.
type race struct {
	items, want int
	baseline    func() int
	base        float64 // ns of the baseline for one item; 0: not measured yet
}

func (r *race) kubernetes(b *testing.B, name string) {
	b.Run(name, func(b *testing.B) { r.base = r.run(b, r.baseline) })
}

// berth runs our side and reports how many times the baseline's time is of ours.
func (r *race) berth(b *testing.B, name string, ours func() int) {
	b.Run(name, func(b *testing.B) {
		own := r.run(b, ours)
		b.ReportMetric(r.reference()/own, "x-kubernetes")
	})
}

// berthAfter is berth with something to prepare for every run that is not counted.
func (r *race) berthAfter(b *testing.B, name string, prepare func() *placement.Prediction, ours func(*placement.Prediction) int) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		var spent time.Duration
		for b.Loop() {
			b.StopTimer()
			p := prepare()
			b.StartTimer()
			start := time.Now()
			got := ours(p)
			spent += time.Since(start)
			if got != r.want {
				b.Fatalf("found %d nodes, want %d", got, r.want)
			}
		}
		own := float64(spent.Nanoseconds()) / float64(b.N) / float64(r.items)
		b.ReportMetric(own, "ns/node")
		b.ReportMetric(r.reference()/own, "x-kubernetes")
	})
}

// reference is the baseline's time for one item, measured now if its own benchmark was not asked for.
func (r *race) reference() float64 {
	if r.base == 0 {
		r.base = median(r.baseline) / float64(r.items)
	}
	return r.base
}

func (r *race) run(b *testing.B, f func() int) float64 {
	b.ReportAllocs()
	for b.Loop() {
		if got := f(); got != r.want {
			b.Fatalf("found %d nodes, want %d", got, r.want)
		}
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(r.items)
	b.ReportMetric(ns, "ns/node")
	return ns
}

// median is the time of five runs that is neither among the slow nor the fast, in ns.
func median(f func() int) float64 {
	var times []float64
	for range 5 {
		start := time.Now()
		f()
		times = append(times, float64(time.Since(start).Nanoseconds()))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// must is for calls that only fail if the benchmark is wrong.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

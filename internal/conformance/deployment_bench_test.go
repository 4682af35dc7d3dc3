package conformance

import (
	"testing"
	"time"

	"github.com/berthsim/berth/internal/conformance/controllers"
	"github.com/berthsim/berth/rollout"
)

// BenchmarkDeploymentRollout rolls a Deployment of 200 replicas over, 25% surge
// and 25% unavailable, on 50 nodes. Kubernetes counts only what its two
// controllers spend in syncs, every object once a round, over a fake client; berth
// counts the ticks as a whole: controllers, scheduler, kubelets and events. A
// transition is the deletion or the creation of a pod.
func BenchmarkDeploymentRollout(b *testing.B) {
	const replicas = 200
	of := func(image string) controllers.Apply {
		return controllers.Apply{Deployment: controllers.NewDeployment("web", image, replicas)}
	}
	s := controllers.Scenario{Nodes: controllers.Nodes(50), Ticks: 30, At: map[int][]controllers.Input{0: {of("v1")}, 3: {of("v2")}}}
	var kubernetes time.Duration // for one rollout
	b.Run("kubernetes", func(b *testing.B) {
		var spent time.Duration
		for b.Loop() {
			spent += kubernetesDeployment(b, s, 2*replicas)
		}
		kubernetes = spent / time.Duration(b.N)
		b.ReportMetric(float64(kubernetes.Nanoseconds())/(2*replicas), "ns/transition")
	})
	b.Run("berth", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			sim := must(simOf(s, rollout.OrderByName, objects(s.Nodes)))(b)
			for _, tick := range []int{0, 3} {
				if err := sim.At(tick, berthInput(s.At[tick][0])); err != nil {
					b.Fatal(err)
				}
			}
			for range 3 {
				sim.Tick()
			}
			b.StartTimer()
			acts := 0
			for acts < 2*replicas && sim.Now() < s.Ticks {
				for _, e := range sim.Tick() {
					if e.Kind == rollout.EventCreated || e.Kind == rollout.EventDeleted {
						acts++
					}
				}
			}
			if acts != 2*replicas {
				b.Fatalf("%d transitions, want %d", acts, 2*replicas)
			}
		}
		ours := b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(float64(ours.Nanoseconds())/(2*replicas), "ns/transition")
		if kubernetes > 0 {
			b.ReportMetric(float64(kubernetes)/float64(ours), "x-kubernetes")
		}
	})
}

// kubernetesDeployment is what the controllers spend from the update on.
func kubernetesDeployment(b *testing.B, s controllers.Scenario, transitions int) time.Duration {
	play := must(controllers.NewPlay(s, controllers.Options{}))(b)
	defer play.Stop()
	var before time.Duration
	for acts, tick := 0, 0; acts < transitions; tick++ {
		if tick == 3 {
			before, _ = play.Spent()
		}
		if tick == s.Ticks {
			b.Fatalf("%d transitions, want %d", acts, transitions)
		}
		end := must(play.Tick())(b)
		for _, rs := range end.ReplicaSets {
			if tick >= 3 {
				acts += rs.Created + len(rs.Deleted)
			}
		}
	}
	after, _ := play.Spent()
	return after - before
}

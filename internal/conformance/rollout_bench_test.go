package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/berthsim/berth/internal/conformance/controllers"
	"github.com/berthsim/berth/rollout"
)

// BenchmarkRollout updates a DaemonSet on every node. Kubernetes counts only what
// its controller spends in syncs, with nothing of the world around it but a fake
// client; berth counts the ticks as a whole: controller, scheduler, kubelets and
// events. A transition is the deletion or the creation of a pod.
func BenchmarkRollout(b *testing.B) {
	for _, c := range []struct {
		nodes  int
		budget string
	}{{2000, "10%"}, {300, "1"}} {
		b.Run(fmt.Sprintf("nodes=%d/budget=%s", c.nodes, c.budget), func(b *testing.B) { benchmarkRollout(b, c.nodes, c.budget) })
	}
}

func benchmarkRollout(b *testing.B, nodes int, budget string) {
	set := func(image string) controllers.Apply {
		return controllers.Apply{DaemonSet: controllers.DaemonSet("agent", image, controllers.MaxUnavailable(budget))}
	}
	s := controllers.Scenario{Nodes: controllers.Nodes(nodes), Ticks: nodes + 6,
		At: map[int][]controllers.Input{0: {set("v1")}, 3: {set("v2")}}}
	var kubernetes time.Duration // for one rollout
	b.Run("kubernetes", func(b *testing.B) {
		var spent time.Duration
		for b.Loop() {
			spent += kubernetesRollout(b, s)
		}
		kubernetes = spent / time.Duration(b.N)
		b.ReportMetric(float64(kubernetes.Nanoseconds())/float64(2*nodes), "ns/transition")
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
			for acts < 2*nodes && sim.Now() < s.Ticks {
				for _, e := range sim.Tick() {
					if e.Kind == rollout.EventCreated || e.Kind == rollout.EventDeleted {
						acts++
					}
				}
			}
			if acts != 2*nodes {
				b.Fatalf("%d transitions, want %d", acts, 2*nodes)
			}
		}
		ours := b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(float64(ours.Nanoseconds())/float64(2*nodes), "ns/transition")
		if kubernetes > 0 {
			b.ReportMetric(float64(kubernetes)/float64(ours), "x-kubernetes")
		}
	})
}

// kubernetesRollout is what the controller spends from the update on.
func kubernetesRollout(b *testing.B, s controllers.Scenario) time.Duration {
	play := must(controllers.NewPlay(s, controllers.Options{}))(b)
	defer play.Stop()
	var before time.Duration
	for acts, tick := 0, 0; acts < 2*len(s.Nodes); tick++ {
		if tick == 3 {
			before, _ = play.Spent()
		}
		if tick == s.Ticks {
			b.Fatalf("%d transitions, want %d", acts, 2*len(s.Nodes))
		}
		end := must(play.Tick())(b)
		if tick >= 3 {
			agent := end.DaemonSets["default/agent"]
			acts += len(agent.Created) + len(agent.Deleted)
		}
	}
	after, _ := play.Spent()
	return after - before
}

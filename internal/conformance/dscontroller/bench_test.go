package dscontroller

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkRollout is the upstream baseline: what the real syncDaemonSet takes
// for a rollout, with nothing of the world around it counted but the fake client
// that takes its calls. A pod's transition is its deletion or its creation.
func BenchmarkRollout(b *testing.B) {
	for _, c := range []struct {
		nodes  int
		budget string
		ticks  int
	}{{2000, "10%", 16}, {300, "1", 306}} {
		b.Run(fmt.Sprintf("nodes=%d/budget=%s", c.nodes, c.budget), func(b *testing.B) {
			s := Scenario{Nodes: Nodes(c.nodes), Ticks: c.ticks,
				At: two(apply("v1", MaxUnavailable(c.budget)), apply("v2", MaxUnavailable(c.budget)))}
			for b.Loop() {
				benchmarkRun(b, s)
			}
		})
	}
}

// benchmarkRun counts from the update on.
func benchmarkRun(b *testing.B, s Scenario) {
	p, err := NewPlay(s, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Stop()
	acts, last := 0, Set{}
	var before time.Duration
	var syncs int
	for tick := range s.Ticks {
		if tick == 3 {
			before, syncs = p.Spent()
		}
		end, err := p.Tick()
		if err != nil {
			b.Fatal(err)
		}
		last = end[agent]
		if tick >= 3 {
			acts += len(last.Created) + len(last.Deleted)
		}
	}
	if int(last.Status.UpdatedNumberScheduled) != len(s.Nodes) || acts != 2*len(s.Nodes) {
		b.Fatalf("the rollout has not ended after %d acts: %v", acts, last.Status)
	}
	after, all := p.Spent()
	b.ReportMetric(float64((after-before).Nanoseconds())/float64(acts), "sync-ns/transition")
	b.ReportMetric(float64((after - before).Milliseconds()), "sync-ms/rollout")
	b.ReportMetric(float64(all-syncs), "syncs/rollout")
}

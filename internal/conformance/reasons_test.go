package conformance

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// PodTopologySpread and InterPodAffinity return only the first reason against a node.
// berth returns all of them: no fewer, and none that the plugin would not return if the
// earlier ones were resolved.
func TestEveryReasonAboutOtherPods(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const (
		spread, affinity = "PodTopologySpread", "InterPodAffinity"
		several          = "several reasons of one plugin"
	)
	seen := newCensus(spread, affinity, several)
	check(t, 5000, func(t *rapid.T) {
		world, pod := gen.Worlds().Draw(t, "world"), gen.Incoming().Draw(t, "pod")
		upstream.Default(world.Pods...)
		upstream.Default(pod)
		if err := scheduler.Show(upstream.World(world)); err != nil {
			t.Fatal(err)
		}
		workload, err := placement.ForPod(pod, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		every := scheduler.EveryReason(t.Context(), pod)
		for v := range workload.Predict(worldCluster(t, world)).Verdicts() {
			plugins := map[string]int{}
			var got []string
			for _, r := range v.Reasons {
				if r.Plugin == spread || r.Plugin == affinity {
					got = append(got, r.Plugin+": "+r.Message)
					plugins[r.Plugin]++
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, every[v.Node]) {
				t.Fatalf("%s: %q\nwant %q\n%s\n%s", v.Node, got, every[v.Node], shown(worldOf(world)), shown(pod))
			}
			seen.cases++
			seen.noteIf(plugins[spread] > 0, spread)
			seen.noteIf(plugins[affinity] > 0, affinity)
			seen.noteIf(plugins[spread] > 1 || plugins[affinity] > 1, several)
		}
	})
	seen.report(t, "nodes of worlds")
}

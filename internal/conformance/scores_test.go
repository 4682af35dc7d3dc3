package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// Every raw and normalised score, weight and total of every feasible node is the
// scheduler's own; so are the plugins that have nothing to say of a pod, and the
// error of a pod that cannot be scored. Mutants seen: see placement/score_test.go.
func TestScores(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus("several feasible", "tied", "error", "TaintToleration", "NodeAffinity", "NodeResourcesFit",
		"PodTopologySpread", "InterPodAffinity", "NodeResourcesBalancedAllocation", "ImageLocality")
	check(t, 4000, func(t *rapid.T) {
		world, pod := drawn(t)
		upstream.Default(world.Pods...)
		upstream.Default(pod)
		if err := scheduler.Show(upstream.World(world)); err != nil {
			t.Fatal(err)
		}
		j, err := scheduler.Judge(t.Context(), pod)
		if err != nil {
			t.Fatal(err)
		}
		w, err := placement.ForPod(pod, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		p := w.Predict(snapshot(t, world))
		if diff := cmp.Diff(j.Feasible, p.Placed().Names(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("feasible (-kube-scheduler +berth): %s", diff)
		}
		seen.cases++
		if len(j.Feasible) == 0 {
			return
		}
		compareScores(t, p, j)
		seen.noteIf(len(j.Feasible) > 1, "several feasible")
		for plugin := range differing(j) {
			seen.note(plugin)
		}
		ranking := p.Ranking()
		seen.noteIf(len(ranking) > 1 && ranking[1].Rank == 1, "tied")
		seen.noteIf(j.ScoreError != "", "error")
	})
	seen.report(t, "pods in worlds, and the plugins that told nodes apart")
}

func compareScores(t *rapid.T, p *placement.Prediction, j upstream.Judgement) {
	if err := p.ScoreError(); err != nil || j.ScoreError != "" {
		if err == nil || err.Error() != j.ScoreError {
			t.Fatalf("error %v\nwant %s", err, j.ScoreError)
		}
		return
	}
	got := map[string]upstream.Score{}
	for _, r := range p.Ranking() {
		score := upstream.Score{Plugins: map[string]upstream.PluginScore{}, Total: r.Total}
		for _, s := range r.Scores {
			score.Plugins[s.Plugin] = upstream.PluginScore{Raw: s.Raw, Normalized: s.Normalized, Weight: s.Weight}
		}
		got[r.Node] = score
	}
	if diff := cmp.Diff(modelled(j.Scores), got); diff != "" {
		t.Fatalf("(-kube-scheduler +berth): %s", diff)
	}
}

// modelled leaves out the plugins that score only pods with volumes or claims.
func modelled(scores map[string]upstream.Score) map[string]upstream.Score {
	for _, s := range scores { // any order: each by itself
		for _, plugin := range []string{"VolumeBinding", "DynamicResources"} {
			if p := s.Plugins[plugin]; p.Raw == 0 && p.Normalized == 0 {
				delete(s.Plugins, plugin)
			}
		}
	}
	return scores
}

// differing returns the plugins whose scores differ between feasible nodes.
func differing(j upstream.Judgement) map[string]bool {
	plugins, first := map[string]bool{}, map[string]int64{}
	for _, score := range j.Scores { // any order: a set
		for plugin, s := range score.Plugins {
			if before, ok := first[plugin]; ok && before != s.Raw {
				plugins[plugin] = true
			}
			first[plugin] = s.Raw
		}
	}
	return plugins
}

func snapshot(t *rapid.T, w gen.World) *cluster.Cluster {
	objects := []runtime.Object{}
	objects = add(objects, w.Nodes)
	objects = add(objects, w.Pods)
	objects = add(objects, w.Namespaces)
	objects = add(objects, w.Services)
	objects = add(objects, w.ReplicaSets)
	objects = add(objects, w.StatefulSets)
	objects = add(objects, w.Budgets)
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func add[T runtime.Object](all []runtime.Object, objects []T) []runtime.Object {
	for _, o := range objects {
		all = append(all, o)
	}
	return all
}

// drawn returns a world and a pod. In three of four cases scores decide.
func drawn(t *rapid.T) (gen.World, *corev1.Pod) {
	if rapid.IntRange(0, 3).Draw(t, "any") == 0 {
		return gen.Worlds().Draw(t, "world"), gen.Incoming().Draw(t, "pod")
	}
	return gen.ScoredWorlds().Draw(t, "world"), gen.ScoredPod().Draw(t, "pod")
}

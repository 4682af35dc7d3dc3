package conformance

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// unrelated is for as long as berth does not know the rules of pods about other
// pods: it takes them out of a world.
const unrelated = true

// In whole worlds: the reasons of every node are those of every filter asked
// alone, in the profile's order and the plugins' words; Placed is where the
// scheduler would bind the pod, Pending what only fit is in the way of; and the
// sentence is that of the FailedScheduling event up to what preemption adds.
func TestFit(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus("feasible", "several reasons of one plugin", "NodePorts", "NodeResourcesFit", "pending", "sentence", "preempts")
	check(t, 5000, func(t *rapid.T) {
		world, pod := gen.Worlds().Draw(t, "world"), gen.Incoming().Draw(t, "pod")
		upstream.Default(world.Pods...)
		upstream.Default(pod)
		if unrelated {
			for _, p := range append(world.Pods, pod) {
				unrelate(p)
			}
		}
		if err := scheduler.Show(upstream.World(world)); err != nil {
			t.Fatal(err)
		}
		j, err := scheduler.Judge(t.Context(), pod)
		if err != nil {
			t.Fatal(err)
		}
		workload, err := placement.ForPod(pod, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if t.Failed() {
				t.Log(shown(worldOf(world)), shown(pod))
			}
		}()
		p := workload.Predict(worldCluster(t, world))
		for v := range p.Verdicts() {
			compareVerdict(t, v, j.Filters)
		}
		countVerdicts(seen, p)
		if !slices.Equal(p.Placed().Names(), j.Feasible) {
			t.Errorf("placed on %v, want %v", p.Placed().Names(), j.Feasible)
		}
		seen.cases++
		seen.noteIf(len(j.Feasible) > 0, "feasible")
		seen.noteIf(j.Preemption.Chosen != "", "preempts")
		if len(j.Feasible) > 0 || len(j.Filters.Confined) > 0 || len(j.Filters.All) > 0 {
			return // of the latter two berth does not know the words yet
		}
		seen.note("sentence")
		if want, _, _ := strings.Cut(j.Sentence, " preemption: "); p.String() != want {
			t.Errorf("%s\nwant %s", p, want)
		}
	})
	seen.report(t, "pods in worlds")
}

func unrelate(pod *corev1.Pod) {
	pod.Spec.TopologySpreadConstraints = nil
	if a := pod.Spec.Affinity; a != nil {
		a.PodAffinity, a.PodAntiAffinity = nil, nil
	}
}

func worldOf(w gen.World) []any {
	return []any{w.Nodes, w.Pods, w.Namespaces}
}

func worldCluster(t *rapid.T, w gen.World) *cluster.Cluster {
	c, err := cluster.New(slices.Concat[[]runtime.Object](objects(w.Nodes), objects(w.Pods), objects(w.Namespaces),
		objects(w.Services), objects(w.ReplicaSets), objects(w.StatefulSets), objects(w.Budgets))...)
	if err != nil {
		t.Fatalf("a cluster of stored objects: %v", err)
	}
	return c
}

// compareVerdict compares the reasons, and the decision with what follows from them.
func compareVerdict(t *rapid.T, v placement.Verdict, filters upstream.Filters) {
	want, decision := []string{}, placement.Placed
	for _, plugin := range upstream.Modelled {
		for _, reason := range scalarsByName(filters.Nodes[v.Node][plugin].Reasons) {
			if reason == termsConflict {
				reason = "node(s) didn't match Pod's node affinity/selector"
			}
			want = append(want, plugin+": "+reason)
			if slices.Contains(nodeOnly, plugin) {
				decision = placement.Excluded
			} else {
				decision = min(decision, placement.Pending)
			}
		}
	}
	got := []string{}
	for _, r := range v.Reasons {
		got = append(got, r.Plugin+": "+r.Message)
	}
	if !slices.Equal(got, want) || v.Decision != decision {
		t.Errorf("%s: %v %q\nwant %v %q", v.Node, v.Decision, got, decision, want)
	}
}

// scalarsByName puts a plugin's reasons about scalar resources, which come last and
// in the order of a map, into berth's order.
func scalarsByName(reasons []string) []string {
	scalar := func(r string) bool { return strings.ContainsAny(r, "/") || strings.Contains(r, "hugepages-") }
	i := slices.IndexFunc(reasons, scalar)
	if i < 0 || !strings.HasPrefix(reasons[i], "Insufficient ") {
		return reasons
	}
	return append(slices.Clone(reasons[:i]), slices.Sorted(slices.Values(reasons[i:]))...)
}

// countVerdicts notes what is true of some node.
func countVerdicts(seen *census, p *placement.Prediction) {
	held := map[string]bool{}
	for v := range p.Verdicts() {
		for i, r := range v.Reasons {
			held[r.Plugin] = true
			held["several reasons of one plugin"] = held["several reasons of one plugin"] || i > 0 && v.Reasons[i-1].Plugin == r.Plugin
		}
		held["pending"] = held["pending"] || v.Decision == placement.Pending
	}
	for premise, h := range held { // any order: each is counted by itself
		seen.noteIf(h, premise)
	}
}

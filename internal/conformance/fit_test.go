package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	fwk "k8s.io/kube-scheduler/framework"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// In whole clusters, the reasons of a node equal the reasons of each filter run alone,
// in the profile's order and with the plugins' messages. Placed is where the scheduler
// would bind the pod; Pending is where only fit prevents it. The message equals the
// FailedScheduling event without its part about preemption.
func TestFit(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus("feasible", "several reasons of one plugin", "NodePorts", "NodeResourcesFit", "PodTopologySpread", "InterPodAffinity",
		"pending", "unresolvable", "confined by name", "sentence", "preempts")
	check(t, 5000, func(t *rapid.T) {
		world, pod := gen.Worlds().Draw(t, "world"), gen.Incoming().Draw(t, "pod")
		upstream.Default(world.Pods...)
		upstream.Default(pod)
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
		seen.noteIf(len(j.Filters.Confined) > 0, "confined by name")
		if len(j.Feasible) > 0 {
			return
		}
		seen.note("sentence")
		if want := beforePostFilter(j.Sentence); p.String() != want {
			t.Errorf("%s\nwant %s", p, want)
		}
	})
	seen.report(t, "pods in worlds")
}

// beforePostFilter cuts off what PostFilter plugins add: the preemption's own
// sentence, and the complaint of DynamicResources that it was not asked before
// when a PreFilter has turned the pod down (its getStateData).
func beforePostFilter(sentence string) string {
	sentence, _, _ = strings.Cut(sentence, " preemption: ")
	return strings.TrimSuffix(sentence, " not found")
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

// compareVerdict compares the reasons, and the decision with what follows from
// them. Of PodTopologySpread and InterPodAffinity berth has all reasons and the
// plugin only its first.
func compareVerdict(t *rapid.T, v placement.Verdict, filters upstream.Filters) {
	want, decision := []string{}, placement.Placed
	for _, plugin := range upstream.Modelled {
		st, ok := filters.Nodes[v.Node][plugin]
		if !ok {
			continue
		}
		for _, reason := range scalarsByName(st.Reasons) {
			if reason == termsConflict {
				reason = "node(s) didn't match Pod's node affinity/selector"
			}
			want = append(want, plugin+": "+reason)
		}
		want = append(want, fmt.Sprintf("%s: unresolvable %v", plugin, st.Code == fwk.UnschedulableAndUnresolvable))
		if slices.Contains(nodeOnly, plugin) {
			decision = placement.Excluded
		} else {
			decision = min(decision, placement.Pending)
		}
	}
	if got := verdictLines(v); !slices.Equal(got, want) || v.Decision != decision {
		t.Errorf("%s: %v %q\nwant %v %q", v.Node, v.Decision, got, decision, want)
	}
}

// verdictLines returns the message and code of each plugin.
func verdictLines(v placement.Verdict) []string {
	lines := []string{}
	for i := 0; i < len(v.Reasons); {
		plugin, unresolvable := v.Reasons[i].Plugin, v.Reasons[i].Unresolvable
		for first := i; i < len(v.Reasons) && v.Reasons[i].Plugin == plugin; i++ {
			if i == first || plugin == "NodeResourcesFit" {
				lines = append(lines, plugin+": "+v.Reasons[i].Message)
				unresolvable = unresolvable || v.Reasons[i].Unresolvable
			}
		}
		lines = append(lines, fmt.Sprintf("%s: unresolvable %v", plugin, unresolvable))
	}
	return lines
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
			held["unresolvable"] = held["unresolvable"] || r.Unresolvable && v.Decision == placement.Pending
			held["several reasons of one plugin"] = held["several reasons of one plugin"] || i > 0 && v.Reasons[i-1].Plugin == r.Plugin
		}
		held["pending"] = held["pending"] || v.Decision == placement.Pending
	}
	for premise, h := range held { // any order: each is counted by itself
		seen.noteIf(h, premise)
	}
}

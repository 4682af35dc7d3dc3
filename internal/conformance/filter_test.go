package conformance

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// nodeOnly are the filters that look at the node object alone, which Check judges.
var nodeOnly = []string{"NodeName", "NodeUnschedulable", "TaintToleration", "NodeAffinity"}

// termsConflict is the scheduler's message, once for all nodes, for a pod whose every
// term requires two node names at once or none
// (pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go: PreFilter).
// berth judges one node at a time and reports the term as not matching; the decision
// is the same.
const termsConflict = "pod affinity terms conflict"

// Check returns, in the profile's order, exactly the plugins that reject a node when
// each runs alone, with their messages.
func TestNodeFilters(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus(append([]string{"passes", "several fail", "confined by name", "terms conflict"}, nodeOnly...)...)
	check(t, 5000, func(t *rapid.T) {
		pod := gen.Pod().Draw(t, "pod")
		nodes := roomy(gen.Nodes(8).Draw(t, "nodes"))
		workload, err := placement.ForPod(pod, placement.Unvalidated())
		if err != nil {
			t.Fatalf("ForPod of a stored pod: %v", err)
		}
		if err := scheduler.Show(upstream.World{Nodes: nodes}); err != nil {
			t.Fatal(err)
		}
		filters := scheduler.Filters(t.Context(), pod)
		for _, n := range nodes {
			compareReasons(t, workload.Check(n), filters, n)
			seen.cases++
			said := filters.Nodes[n.Name]
			seen.noteIf(len(said) == 0, "passes")
			seen.noteIf(len(said) > 1, "several fail")
			seen.noteIf(len(filters.Confined) > 0, "confined by name")
			seen.noteIf(len(filters.All) > 0, "terms conflict")
			for plugin := range said {
				seen.note(plugin)
			}
		}
	})
	seen.report(t, "pairs of node and pod")
}

func compareReasons(t *rapid.T, v placement.Verdict, filters upstream.Filters, n *corev1.Node) {
	var want []placement.FilterReason
	for _, plugin := range nodeOnly {
		for _, reason := range filters.Nodes[n.Name][plugin].Reasons {
			if reason == termsConflict {
				reason = "node(s) didn't match Pod's node affinity/selector"
			}
			want = append(want, placement.FilterReason{Plugin: plugin, Message: reason})
		}
	}
	ok := len(v.Reasons) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = v.Reasons[i].Plugin == want[i].Plugin && v.Reasons[i].Message == want[i].Message
	}
	if !ok {
		t.Fatalf("%v\nwant %v\n%s", v, want, shown(n))
	}
	if (v.Decision == placement.Eligible) != (len(want) == 0) {
		t.Fatalf("%v, want reasons %v", v, want)
	}
}

// roomy returns the nodes with room for a pod that requests nothing.
func roomy(nodes []*corev1.Node) []*corev1.Node {
	for _, n := range nodes {
		n.Status.Allocatable = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("10")}
	}
	return nodes
}

// Without a feasible node, and with nothing but node objects to look at, String is
// the sentence of the FailedScheduling event up to what preemption adds to it.
func TestSentenceOfNodeFilters(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus("feasible", "two reasons", "confined by name", "terms conflict")
	check(t, 10000, func(t *rapid.T) {
		pod := gen.Pod().Draw(t, "pod")
		nodes := roomy(gen.Nodes(rapid.IntRange(1, 12).Draw(t, "size")).Draw(t, "nodes"))
		if err := scheduler.Show(upstream.World{Nodes: nodes}); err != nil {
			t.Fatal(err)
		}
		j, err := scheduler.Judge(t.Context(), pod)
		if err != nil {
			t.Fatal(err)
		}
		seen.cases++
		seen.noteIf(len(j.Feasible) > 0, "feasible")
		seen.noteIf(len(j.Filters.Confined) > 0, "confined by name")
		seen.noteIf(len(j.Filters.All) > 0, "terms conflict")
		if len(j.Feasible) > 0 {
			return
		}
		want := beforePostFilter(j.Sentence)
		seen.noteIf(strings.Count(want, ",") > 0, "two reasons")
		workload, err := placement.ForPod(pod, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		if got := workload.Predict(mustCluster(t, nodes)).String(); got != want {
			t.Fatalf("%s\nwant %s\n%s", got, want, shown(pod))
		}
	})
	seen.report(t, "sentences")
}

package placement_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/placement"
)

func hosts(t *rapid.T) *cluster.Cluster {
	var objects []runtime.Object
	nodes := gen.Hosts(t, 9)
	for _, n := range nodes {
		objects = append(objects, n)
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "pods") {
		pod := gen.Guest(t, fmt.Sprintf("p%02d", i))
		pod.Spec.NodeName = rapid.SampledFrom(nodes).Draw(t, "on").Name
		objects = append(objects, pod)
	}
	for _, ns := range gen.Namespaces(t) {
		objects = append(objects, ns)
	}
	objects = append(objects, gen.Owners(t)...)
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(0, 2).Draw(t, "edits") {
		ordinary(t, gen.Guest(t, "asked")).Predict(c).Ranking()
		old := rapid.SampledFrom(nodes).Draw(t, "edited")
		n := gen.Host(t, old.Name)
		if rapid.Bool().Draw(t, "of the same size") {
			n.Status.Allocatable = old.Status.Allocatable
		}
		if c, err = c.With(n); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Mutants seen, of TaintToleration and NodeAffinity: a taint that is tolerated
// counted; the weights of terms not added up; 100 for all nodes without a match.
// Of resources: pods' requests without what scores assume; the balanced score
// with it. Of ImageLocality: the share of an image among the feasible nodes; the
// tag looked for in a registry's port; the size on the last node; images kept
// after a node was replaced. Of PodTopologySpread: nodes without a label not in
// one domain with an empty one; nodes without a label that take part; inclusion
// policies not heeded; one domain less; an empty maxSkew; host names counted as
// domains; the best not at 100; ignored nodes measured; pods that are leaving
// counted; any group's ReplicaSet; the last Service alone; Services of all
// namespaces. Of InterPodAffinity: weights of others' terms as 1; required ones
// as 2; not skipped where no term is met; namespaces without their labels;
// anti-affinity that attracts; terms that differ in their weight taken for one;
// normalised from 0.
func TestScoresAgreeWithTheNaiveReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := hosts(t)
		for range 4 {
			pod := gen.Guest(t, rapid.SampledFrom([]string{"pod", "p00"}).Draw(t, "name"))
			compareScores(t, c, pod, ordinary(t, pod).Predict(c))
		}
	})
}

func compareScores(t *rapid.T, c *cluster.Cluster, pod *corev1.Pod, p *placement.Prediction) {
	if p.ScoreError() != nil {
		return
	}
	ranking := p.Ranking()
	got := map[string]map[string]placement.PluginScore{}
	for _, r := range ranking {
		got[r.Node] = map[string]placement.PluginScore{}
		var total int64
		for _, s := range r.Scores {
			got[r.Node][s.Plugin] = s
			total += s.Weight * s.Normalized
		}
		if total != r.Total {
			t.Fatalf("%v: the sum of the scores is %d", r, total)
		}
	}
	want := naiveScores(pod, slices.Collect(p.Placed().All()), newWorld(c, ownOfPod(pod)), c)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-reference +ranking): %s", diff)
	}
	ordered(t, ranking)
}

// ordered checks ranks and the order of a ranking.
func ordered(t *rapid.T, ranking []placement.NodeScore) {
	for i, r := range ranking {
		better := 0
		for _, s := range ranking {
			if s.Total > r.Total {
				better++
			}
		}
		if r.Rank != better+1 {
			t.Fatalf("%v: %d are better", r, better)
		}
		if i > 0 && (ranking[i-1].Total < r.Total || ranking[i-1].Total == r.Total && ranking[i-1].Node > r.Node) {
			t.Fatalf("%v comes before %v", ranking[i-1], r)
		}
	}
}

// The numbers of upstream's own tests
// (pkg/scheduler/framework/plugins/noderesources/least_allocated_test.go:
// TestLeastAllocatedScoringStrategy;
// pkg/scheduler/framework/plugins/noderesources/balanced_allocation_test.go:
// TestNodeResourcesBalancedAllocation;
// pkg/scheduler/framework/plugins/imagelocality/image_locality_test.go:
// TestImageLocalityPriority).
func TestScoresWithNumbersFromUpstreamsTests(t *testing.T) {
	for _, test := range []struct{ name, nodes, pod, want string }{
		{
			// "nothing scheduled, resources requested, differently sized nodes":
			// ((4000-3000)*100/4000 + (10000-5000)*100/10000) / 2, as all amounts there are whole bytes
			name: "least allocated", want: "n1: NodeResourcesFit 37, n2: NodeResourcesFit 50",
			nodes: node("n1", "4", "10000", "") + node("n2", "6", "10000", ""),
			pod:   `{name: c, image: i, resources: {requests: {cpu: "3", memory: "5000"}}}`,
		},
		{
			// "nothing scheduled, resources requested, differently sized nodes":
			// with 1-(|0.75-0.5|/2) = 87, without 100: 50 + (50-13)/2; the other 100: 75
			name: "balanced", want: "n1: NodeResourcesBalancedAllocation 68, n2: NodeResourcesBalancedAllocation 75",
			nodes: node("n1", "4", "10000", "") + node("n2", "6", "10000", ""),
			pod:   `{name: c, image: i, resources: {requests: {cpu: "3", memory: "5000"}}}`,
		},
		{
			// "two images spread on two nodes, prefer the larger image one":
			// 100 * (250M/2 - 23M) / (1000M * 2 - 23M) = 5; 40M/2 < 23M: 0
			name: "images", want: "n1: ImageLocality 0, n2: ImageLocality 5",
			nodes: node("n1", "4", "10000", "{names: [gcr.io/40:latest], sizeBytes: 41943040}") + node("n2", "4", "10000", "{names: [gcr.io/250:latest], sizeBytes: 262144000}"),
			pod:   `{name: a, image: gcr.io/40}, {name: b, image: gcr.io/250}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			plugin := strings.Fields(test.want)[1]
			var got []string
			scores := map[string]int64{}
			for _, r := range ranking(t, test.nodes, test.pod) {
				for _, s := range r.Scores {
					if s.Plugin == plugin {
						scores[r.Node] = s.Raw
					}
				}
			}
			for _, n := range slices.Sorted(maps.Keys(scores)) {
				got = append(got, fmt.Sprintf("%s: %s %d", n, plugin, scores[n]))
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func node(name, cpu, memory, images string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Node\nmetadata: {name: %s}\nstatus: {allocatable: {cpu: %q, memory: %q, pods: \"110\"}, images: [%s]}\n", name, cpu, memory, images)
}

func ranking(t *testing.T, nodes, containers string) []placement.NodeScore {
	t.Helper()
	m, err := cluster.ReadManifest(strings.NewReader(nodes + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec: {containers: [" + containers + "]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	pod := m.Pods[0]
	m.Pods = nil
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	w, err := placement.ForPod(pod)
	if err != nil {
		t.Fatal(err)
	}
	return w.Predict(c).Ranking()
}

package conformance

import (
	"iter"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// The decision for every node equals the DaemonSet controller's, both by the function
// that it exports and by the function that its own loops call. README.md lists the
// mutants that this suite found.
func TestEligibility(t *testing.T) {
	const nodesEach = 20 // 10,000 DaemonSets make 200,000 pairs
	seen := newCensus("eligible", "kept", "excluded", "parse error", "nodeName", "hostNetwork", "no terms", "field", "nameless node")
	for _, op := range gen.NodeOperators {
		seen.held["operator "+quoted(op)] = 0
	}
	for _, op := range gen.TolerationOperators {
		seen.held["toleration "+quoted(op)] = 0
	}
	check(t, 10000, func(t *rapid.T) {
		ds := gen.DaemonSet().Draw(t, "ds")
		nodes := rapid.SliceOfN(gen.Node(), nodesEach, nodesEach).Draw(t, "nodes")
		workload, err := placement.ForDaemonSet(ds, placement.Unvalidated())
		if err != nil {
			t.Fatalf("ForDaemonSet of a stored DaemonSet: %v", err)
		}
		loop := upstream.NewLoop(ds)
		for _, n := range nodes {
			run, stay := upstream.ShouldRun(ds, n)
			if lr, ls := loop.ShouldRun(n); lr != run || ls != stay {
				t.Fatalf("Kubernetes disagrees with itself: NodeShouldRunDaemonPod says %v, %v, its loop %v, %v", run, stay, lr, ls)
			}
			v := workload.Check(n)
			if want := decision(run, stay); v.Decision != want {
				t.Fatalf("%v, want %v\n%s\n%s", v, want, shown(n), shown(ds.Spec.Template.Spec))
			}
			if (len(v.Reasons) == 0) != (v.Decision == placement.Eligible) {
				t.Fatalf("%v has %d reasons", v, len(v.Reasons))
			}
			countPair(seen, ds, n, v.Decision)
		}
	})
	seen.report(t, "pairs of node and DaemonSet")
}

var decisionPremise = map[placement.Decision]string{placement.Eligible: "eligible", placement.Kept: "kept", placement.Excluded: "excluded"}

func decision(run, stay bool) placement.Decision {
	switch {
	case run:
		return placement.Eligible
	case stay:
		return placement.Kept
	}
	return placement.Excluded
}

func countPair(seen *census, ds *appsv1.DaemonSet, n *corev1.Node, d placement.Decision) {
	spec := &ds.Spec.Template.Spec
	seen.cases++
	seen.note(decisionPremise[d])
	_, err := nodeaffinity.NewRequiredNodeAffinity(nil, spec.Affinity).Match(n)
	seen.noteIf(err != nil, "parse error")
	seen.noteIf(spec.NodeName != "", "nodeName")
	seen.noteIf(spec.HostNetwork, "hostNetwork")
	seen.noteIf(n.Name == "", "nameless node")
	countRequired(seen, spec.Affinity, n)
	for op := range operators(spec.Tolerations) {
		seen.note("toleration " + quoted(op))
	}
}

// countRequired notes each operator once a pair.
func countRequired(seen *census, a *corev1.Affinity, n *corev1.Node) {
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return
	}
	terms := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	seen.noteIf(len(terms) == 0, "no terms")
	ops, hasField := map[corev1.NodeSelectorOperator]bool{}, false
	for _, term := range terms {
		for _, r := range term.MatchExpressions {
			ops[r.Operator] = true
		}
		hasField = hasField || len(term.MatchFields) > 0
	}
	seen.noteIf(hasField, "field")
	for op := range ops {
		seen.note("operator " + quoted(op))
	}
}

func operators(tolerations []corev1.Toleration) map[corev1.TolerationOperator]bool {
	ops := map[corev1.TolerationOperator]bool{}
	for _, t := range tolerations {
		ops[t.Operator] = true
	}
	return ops
}

func quoted[T ~string](s T) string {
	if s == "" {
		return `""`
	}
	return string(s)
}

// What Predict finds with sets of nodes is what the controller finds one by one,
// also in a snapshot in which nodes were changed and removed after the index of
// labels and taints was built.
func TestPredictedEligibility(t *testing.T) {
	seen := newCensus("eligible", "kept", "excluded", "changed snapshot")
	check(t, 400, func(t *rapid.T) {
		nodes := gen.Nodes(rapid.IntRange(1, 140).Draw(t, "size")).Draw(t, "nodes")
		c := mustCluster(t, nodes)
		sets := rapid.SliceOfN(gen.DaemonSet(), 4, 4).Draw(t, "ds")
		for i, c := range snapshots(t, c, nodes) {
			for _, ds := range sets {
				comparePrediction(t, seen, c, ds, i > 0)
			}
		}
	})
	seen.report(t, "nodes predicted")
}

func mustCluster(t *rapid.T, nodes []*corev1.Node) *cluster.Cluster {
	c, err := cluster.New(objects(nodes)...)
	if err != nil {
		t.Fatalf("a cluster of stored nodes: %v", err)
	}
	return c
}

func objects[T runtime.Object](list []T) []runtime.Object {
	all := make([]runtime.Object, len(list))
	for i, o := range list {
		all[i] = o
	}
	return all
}

// snapshots yields a cluster, and then copies of it: with one node edited, the nodes of
// a zone, or all nodes (enough for the index to be derived from the old index); with up
// to five nodes replaced; with one node removed. Each is created on demand, and may reuse
// what its predecessor has indexed so far.
func snapshots(t *rapid.T, c *cluster.Cluster, nodes []*corev1.Node) iter.Seq2[int, *cluster.Cluster] {
	some := func(label string) []cluster.NodeEdit {
		return rapid.SliceOfN(rapid.SampledFrom(edits), 1, 3).Draw(t, label)
	}
	steps := []func() (*cluster.Cluster, error){
		func() (*cluster.Cluster, error) { return c, nil },
		func() (*cluster.Cluster, error) {
			return c.Edit(rapid.SampledFrom(nodes).Draw(t, "edited").Name, some("edits")...)
		},
		func() (*cluster.Cluster, error) {
			zone, err := c.Select("zone=a")
			if err != nil {
				return nil, err
			}
			return c.EditAll(zone, some("edits of a zone")...)
		},
		func() (*cluster.Cluster, error) { return c.EditAll(c.Nodes(), some("edits of all")...) },
		func() (*cluster.Cluster, error) {
			return c.With(objects(gen.Nodes(min(5, len(nodes))).Draw(t, "replaced"))...)
		},
		func() (*cluster.Cluster, error) { return c.Without(rapid.SampledFrom(nodes).Draw(t, "removed")) },
	}
	return func(yield func(int, *cluster.Cluster) bool) {
		for i, step := range steps {
			next, err := step()
			if err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
			if c = next; !yield(i, c) {
				return
			}
		}
	}
}

var edits = []cluster.NodeEdit{
	cluster.Label("zone", "a"), cluster.Label("disk", "b"), cluster.Label("n", "2"), cluster.Unlabel("disk"),
	cluster.Taint("dedicated=gpu:NoSchedule"), cluster.Taint("dedicated=gpu:NoExecute"), cluster.Cordon(), cluster.NotReady(),
}

func comparePrediction(t *rapid.T, seen *census, c *cluster.Cluster, ds *appsv1.DaemonSet, changed bool) {
	workload, err := placement.ForDaemonSet(ds, placement.Unvalidated())
	if err != nil {
		t.Fatalf("ForDaemonSet of a stored DaemonSet: %v", err)
	}
	p, loop := workload.Predict(c), upstream.NewLoop(ds)
	for n := range c.Nodes().All() {
		want := decision(loop.ShouldRun(n))
		got := map[placement.Decision]bool{
			placement.Eligible: p.Eligible().Has(n.Name),
			placement.Kept:     p.Kept().Has(n.Name),
			placement.Excluded: p.Excluded().Has(n.Name),
		}
		for decision, in := range got {
			if in != (decision == want) {
				t.Fatalf("%s is %v to Kubernetes; in the set %v: %v\nlabels %v, taints %v", n.Name, want, decision, in, n.Labels, n.Spec.Taints)
			}
		}
		seen.cases++
		seen.note(decisionPremise[want])
		seen.noteIf(changed, "changed snapshot")
	}
}

package placement_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	_ "github.com/berthsim/berth/internal/seed"
	"github.com/berthsim/berth/placement"
)

// Mutants seen: NotIn false without the key; Gt as >=; an empty toleration
// effect that matches nothing; NoExecute taken for NoSchedule; a term's fields
// ignored; a faulty requirement skipped in place of its term.
func TestCheckAgreesWithTheNaiveReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ds, pod := gen.DaemonSet(t), gen.Pod(t)
		wds, wpod := daemon(t, ds), ordinary(t, pod)
		for _, node := range gen.Nodes(t, 12) {
			if got, want := wds.Check(node).Decision, naiveDaemon(ds, node); got != want {
				t.Fatalf("DaemonSet on %s: %v, the reference says %v", node.Name, got, want)
			}
			if got, want := wpod.Check(node).Decision, naivePod(pod, node); got != want {
				t.Fatalf("Pod on %s: %v, the reference says %v", node.Name, got, want)
			}
		}
	})
}

// Mutants seen: kept not narrowed by the affinity; an edit's taints not
// corrected in the sets; Gt over all values of the key.
func TestPredictionAgreesWithCheck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		for _, w := range []*placement.Workload{daemon(t, gen.DaemonSet(t)), ordinary(t, gen.Pod(t))} {
			p := w.Predict(c)
			for n := range c.Nodes().All() {
				want := w.Check(n)
				got, ok := p.Verdict(n.Name)
				if !ok || len(got.Reasons) < len(want.Reasons) {
					t.Fatalf("%s: Verdict %v, Check %v", n.Name, got, want)
				}
				if diff := cmp.Diff(want.Reasons, got.Reasons[:len(want.Reasons)], cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s: Verdict differs from Check: %s", n.Name, diff)
				}
				d := got.Decision
				if d != want.Decision && (want.Decision != placement.Eligible || d != placement.Placed && d != placement.Pending) {
					t.Fatalf("%s: Verdict %v, Check %v", n.Name, got, want)
				}
				if p.Eligible().Has(n.Name) != (d == placement.Pending || d == placement.Placed) || p.Kept().Has(n.Name) != (d == placement.Kept) ||
					p.Placed().Has(n.Name) != (d == placement.Placed) || p.Pending().Has(n.Name) != (d == placement.Pending) ||
					p.Excluded().Has(n.Name) != (d == placement.Excluded) {
					t.Fatalf("%s is %v, sets: eligible %v, placed %v, pending %v, kept %v, excluded %v",
						n.Name, d, p.Eligible(), p.Placed(), p.Pending(), p.Kept(), p.Excluded())
				}
			}
		}
	})
}

// Mutants seen: reasons only of the first plugin (the count differs from the
// sentence's); a verdict without mismatches because a term's fault was dropped.
func TestReasonsAreThereIfAndOnlyIfTheNodeIsTurnedDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		node := gen.Node(t, "n00")
		for _, w := range []*placement.Workload{daemon(t, gen.DaemonSet(t)), ordinary(t, gen.Pod(t))} {
			v := w.Check(node)
			if (len(v.Reasons) == 0) != (v.Decision >= placement.Eligible) {
				t.Fatalf("%v with reasons %v", v.Decision, v.Reasons)
			}
			for _, r := range v.Reasons {
				if len(r.Mismatches)+len(r.Taints) == 0 && r.WantedNode == "" {
					t.Fatalf("no evidence: %v", r)
				}
			}
		}
	})
}

// A mutant seen: a node counted under each plugin that turns it down.
func TestSentenceCountsEveryNodeUnderItsFirstPlugin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		p := daemon(t, gen.DaemonSet(t)).Predict(c)
		counts := map[string]int{}
		for v := range p.Verdicts() {
			for _, r := range v.Reasons {
				if r.Plugin == v.Reasons[0].Plugin {
					counts[r.Message]++
				}
			}
		}
		for message, n := range counts {
			if want := fmt.Sprint(n) + " " + message; !strings.Contains(p.String(), want) {
				t.Fatalf("%q does not say %q", p, want)
			}
		}
		want := fmt.Sprint(p.Placed().Len()) + "/" + fmt.Sprint(c.Nodes().Len()) + " nodes are available"
		if c.Nodes().Len() > 0 && !strings.HasPrefix(p.String(), want) {
			t.Fatalf("%q does not start with %q", p, want)
		}
	})
}

func daemon(t *rapid.T, ds *appsv1.DaemonSet) *placement.Workload {
	w, err := placement.ForDaemonSet(ds, placement.Unvalidated())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func ordinary(t *rapid.T, pod *corev1.Pod) *placement.Workload {
	w, err := placement.ForPod(pod, placement.Unvalidated())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// draw returns a random cluster, edited a few times and asked in between.
func draw(t *rapid.T) *cluster.Cluster {
	var objects []runtime.Object
	for _, n := range gen.Nodes(t, 8) {
		n.Status.Allocatable = gen.Allocatable(t)
		if rapid.IntRange(0, 3).Draw(t, "zone") > 0 {
			n.Labels["a"] = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "a")
		}
		if n.Labels != nil && rapid.Bool().Draw(t, "hostname") {
			n.Labels[corev1.LabelHostname] = n.Name
		}
		objects = append(objects, n)
	}
	for _, ns := range gen.Namespaces(t) {
		objects = append(objects, ns)
	}
	for i := range rapid.IntRange(0, 10).Draw(t, "pods") {
		objects = append(objects, gen.Running(t, fmt.Sprintf("p%d", i)))
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(0, 3).Draw(t, "edits") {
		daemon(t, gen.DaemonSet(t)).Predict(c).Placed()
		if names := c.Nodes().Names(); len(names) > 0 {
			old, _ := c.Node(rapid.SampledFrom(names).Draw(t, "edited"))
			n := gen.Node(t, old.Name)
			if n.Status = old.Status; rapid.Bool().Draw(t, "resized") { // or it stays in the patch of the snapshot
				n.Status.Allocatable = gen.Allocatable(t)
			}
			c, err = c.With(n)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

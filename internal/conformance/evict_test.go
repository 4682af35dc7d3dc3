package conformance

import (
	"slices"
	"strings"
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/rollout"
)

// An eviction is granted, or refused in the same words, as by the API server's own
// endpoint, with budgets that the real disruption controller has counted.
// Mutants seen to fail: a pod that is not ready is always let go; healthy pods may be
// as many as desired; of two budgets the first is asked.
func TestEvictionsAreAnswered(t *testing.T) {
	census := newCensus("granted", "granted without a budget's leave", "needs", "failed sync", "more than one",
		"not ready and let go", "not ready and refused")
	check(t, 1500, func(t *rapid.T) {
		w := drawOccupied(t)
		if len(w.pods) == 0 {
			return
		}
		asked := rapid.SampledFrom(w.pods).Draw(t, "asked")
		for _, p := range w.pods {
			p.Spec.NodeName = "n2"
		}
		asked.Spec.NodeName = "n1"
		w.budget.Spec.UnhealthyPodEvictionPolicy = draw(t, "unhealthy", nil, nil, at(policyv1.IfHealthyBudget), at(policyv1.AlwaysAllow))
		budgets := []*policyv1.PodDisruptionBudget{w.budget}
		if draw(t, "budgets", 1, 1, 1, 2) == 2 {
			second := w.budget.DeepCopy()
			second.Name, second.UID = "second", "second"
			second.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": draw(t, "second's", "web", "other")}}
			budgets, w.objects = append(budgets, second), append(w.objects, second)
		}

		sim, err := rollout.New(w.cluster(t), rollout.Config{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		if err := sim.Inject(rollout.EvictPods{Node: "n1"}); err != nil {
			t.Fatalf("%v", err)
		}
		ours := ""
		for _, e := range sim.Tick() {
			if e.Kind == rollout.EventEvictionRefused {
				ours = e.Detail
			}
		}
		theirs := ""
		for try := 0; ; try++ {
			for i, b := range budgets {
				counted := b.DeepCopy()
				if counted.Status, err = upstream.Disruptions(b, sim.Time(0), w.objects...); err != nil {
					t.Fatalf("driver: %v", err)
				}
				budgets[i] = counted
			}
			if theirs, err = upstream.Evict(asked, budgets...); err != nil {
				t.Fatalf("driver: %v", err)
			}
			if ours == theirs {
				break
			}
			if try == 40 || !strings.Contains(theirs, "failed sync") { // of several pods without a scale it names any
				t.Fatalf("Kubernetes says %q\nberth says      %q\npod %s %v", theirs, ours, asked.Name, shown(w.budget))
			}
		}
		census.cases++
		unready := asked.Status.Phase == "Running" && asked.Status.Conditions[0].Status != "True"
		covered := slices.ContainsFunc(budgets, func(b *policyv1.PodDisruptionBudget) bool { return b.Status.ExpectedPods > 0 })
		census.noteIf(theirs == "" && covered, "granted")
		census.noteIf(theirs == "" && !covered, "granted without a budget's leave")
		census.noteIf(unready && theirs == "", "not ready and let go")
		census.noteIf(unready && theirs != "", "not ready and refused")
		for _, words := range []string{"needs", "failed sync", "more than one"} {
			census.noteIf(strings.Contains(theirs, words), words)
		}
	})
	census.report(t, "evictions")
}

package rollout

import (
	"slices"
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/borrow"
)

// TestPodsByClass compares the lists of pods by class, and which budgets select which
// pods, with a walk over all pods after each tick. Mutants seen to fail: vanish or
// newPod that leaves the lists as they are; setClass that does not move the pod; a
// budget that does not look at classes made since it was last asked.
func TestPodsByClass(t *testing.T) {
	of := func(t *rapid.T, s *Sim) {
		next, err := s.cluster.With(budgetFor("everything", nil), budgetFor("agents", map[string]string{"app": "agent"}), budgetFor("nothing", map[string]string{"app": "none"}))
		if err != nil {
			t.Fatalf("%v", err)
		}
		s.cluster = next
		for range s.passes(60) {
			checkPodsByClass(t, s)
			s.report()
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		of(t, stories(endlessly).Draw(t, "story").sim(t))
		of(t, deployStories(false).Draw(t, "deployments").sim(t))
	})
}

func budgetFor(name string, selected map[string]string) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: selected}},
	}
}

func checkPodsByClass(t failer, s *Sim) {
	byClass := make([][]int32, len(s.classes))
	for id := range s.pods {
		if p := &s.pods[id]; p.phase != vacant {
			byClass[p.class] = append(byClass[p.class], int32(id))
		}
	}
	for class, want := range byClass {
		if got := slices.Sorted(s.podsIn(int32(class))); !slices.Equal(got, want) {
			t.Fatalf("tick %d: pods of class %d: %v, want %v", s.now, class, got, want)
		}
	}
	for i := range s.evictions.pdbs().all {
		b := &s.evictions.index.all[i]
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil {
			t.Fatalf("%v", err)
		}
		guarded := s.evictions.guarded(b)
		for id := range s.pods {
			p := &s.pods[id]
			if p.phase == vacant {
				continue
			}
			want := s.namespace(p) == b.Namespace && selector.Matches(labels.Set(s.classes[p.class].labels))
			if slices.Contains(guarded, int32(id)) != want || slices.Contains(s.evictions.budgetsOf(p), b) != want {
				t.Fatalf("tick %d: pod %s of budget %s: want %v", s.now, s.podName(int32(id)), b.Name, want)
			}
		}
	}
	if len(borrow.From(s.cluster).PodDisruptionBudgets()) != len(s.evictions.index.all) {
		t.Fatalf("the index has other budgets than the cluster")
	}
}

package placement_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/placement"
)

// A workload shares no memory with its arguments or its results. Mutants seen:
// Unvalidated without a copy; Mismatch.Values shared with the workload;
// Tolerations without a copy.
func TestWorkloadsKeepTheirOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ds, c := gen.DaemonSet(t), draw(t)
		given := ds.DeepCopy()
		w := daemon(t, ds)
		before := all(w.Predict(c))
		if diff := cmp.Diff(given, ds); diff != "" {
			t.Fatalf("the argument was changed: %s", diff)
		}
		spoilSpec(&ds.Spec.Template.Spec)
		pod := w.Pod()
		spoilSpec(&pod.Spec)
		for i, toleration := range w.Tolerations() {
			toleration.Key = "spoilt"
			w.Tolerations()[i] = toleration
		}
		for v := range w.Predict(c).Verdicts() {
			spoilVerdict(v)
		}
		if diff := cmp.Diff(before, all(w.Predict(c))); diff != "" {
			t.Fatalf("the workload moved: %s", diff)
		}
	})
}

func all(p *placement.Prediction) (vs []placement.Verdict) {
	for v := range p.Verdicts() {
		vs = append(vs, v)
	}
	return vs
}

func spoilSpec(spec *corev1.PodSpec) {
	for i := range spec.Tolerations {
		spec.Tolerations[i] = corev1.Toleration{Key: "spoilt"}
	}
	for key := range spec.NodeSelector {
		spec.NodeSelector[key] = "spoilt"
	}
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			for _, r := range append(term.MatchExpressions, term.MatchFields...) {
				for i := range r.Values {
					r.Values[i] = "spoilt"
				}
			}
		}
	}
}

func spoilVerdict(v placement.Verdict) {
	for _, r := range v.Reasons {
		for _, m := range r.Mismatches {
			for i := range m.Values {
				m.Values[i] = "spoilt"
			}
		}
		for _, u := range r.Taints {
			if u.Nearest != nil {
				u.Nearest.Key, u.Nearest.Value = "spoilt", "spoilt"
			}
		}
	}
}

// Run with -race: concurrent questions to one workload and one prediction.
func TestConcurrentPredictions(t *testing.T) {
	c, err := clustertest.Parse("a disk=ssd\nb taint:dedicated=gpu:NoSchedule\nc cordoned\nd not-ready")
	if err != nil {
		t.Fatal(err)
	}
	w, err := placement.ForDaemonSet(benchDaemonSet())
	if err != nil {
		t.Fatal(err)
	}
	shared := w.Predict(c)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, p := range []*placement.Prediction{shared, w.Predict(c)} {
				if got := p.Placed().Len() + p.Kept().Len() + p.Excluded().Len(); got != 4 || len(all(p)) != 4 || p.String() == "" || p.Table() == "" {
					t.Errorf("%d of 4 nodes: %v", got, p)
				}
			}
		})
	}
	wg.Wait()
}

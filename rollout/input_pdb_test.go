package rollout

import (
	"strings"
	"testing"

	"github.com/berthsim/berth/cluster/clustertest"
)

// A PodDisruptionBudget is applied like a workload: it reads back, is validated, and
// replaces the one of its name without touching others. Mutants seen to fail:
// applyBudget without With; checkNamed without Validate.
func TestBudgetsAreApplied(t *testing.T) {
	const line = `apply poddisruptionbudget {"metadata":{"namespace":"shop","name":"web"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}`
	in, err := ParseInput(line)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseInput(FormatInput(in))
	if err != nil || !sameInputs.DeepEqual(in, again) {
		t.Errorf("%v: %s", err, FormatInput(in))
	}
	c, err := clustertest.Parse("n1")
	if err != nil {
		t.Fatal(err)
	}
	sim, err := New(c, Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{line, strings.Replace(line, `"minAvailable":1`, `"maxUnavailable":2`, 1), strings.Replace(line, `"web"},"spec"`, `"api"},"spec"`, 1)} {
		in, err := ParseInput(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.Inject(in); err != nil {
			t.Fatal(err)
		}
		if events := sim.Tick(); len(events) != 1 || events[0].Kind != EventInputApplied {
			t.Errorf("%v", events)
		}
	}
	all := sim.Cluster().Manifest().PodDisruptionBudgets
	if len(all) != 2 || all[0].Name != "api" || all[1].Spec.MaxUnavailable == nil || all[1].Spec.MinAvailable != nil {
		t.Errorf("%v", all)
	}
	bad, err := ParseInput(strings.Replace(line, `"minAvailable":1`, `"minAvailable":1,"maxUnavailable":1`, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Inject(bad); err == nil || !strings.Contains(err.Error(), "cannot be both set") {
		t.Errorf("a budget with both amounts: %v", err)
	}
}

package dryrun_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/rollout/dryrun"
)

// TestOverwrittenResultsOfPlansChangeNothing changes everything that the methods of a
// plan return, and asks again. Mutants seen to fail: Operations, Effects or Evictions
// that copy the outer list alone; a Record that has the budgets of the plan.
func TestOverwrittenResultsOfPlansChangeNothing(t *testing.T) {
	met := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		config, c, edits := drawTruth(t)
		base, err := dryrun.NewBaseline(c, config)
		if err != nil {
			t.Skip(err)
		}
		p, err := base.Plan(edits...)
		if err != nil {
			t.Skip(err)
		}
		ask := func() string {
			record, operations, effects, evictions, availability := p.Record(), p.Operations(), p.Effects(), p.Evictions(), p.Availability("")
			report := p.Check(dryrun.Within(0, "100%"))
			text, err := json.Marshal([]any{record, operations, effects, evictions, availability, report, p.String()})
			if err != nil {
				t.Fatal(err)
			}
			met["operations"] = met["operations"] || len(operations) > 0
			met["effects"] = met["effects"] || len(effects) > 0
			met["evictions"] = met["evictions"] || len(evictions) > 0
			met["budgets"] = met["budgets"] || len(record.Budgets) > 0
			for _, result := range []any{&record, operations, effects, evictions, availability, &report} {
				zero.Overwrite(result)
			}
			return string(text)
		}
		first := ask()
		var was, is any
		if err := errors.Join(json.Unmarshal([]byte(first), &was), json.Unmarshal([]byte(ask()), &is)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatal(diff)
		}
	})
	if len(met) != 4 || !met["operations"] || !met["effects"] || !met["evictions"] || !met["budgets"] {
		t.Errorf("only met %v", met)
	}
}

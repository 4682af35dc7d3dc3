package rollout_test

import (
	"testing"

	"pgregory.net/rapid"

	. "github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// A drain that waits in a simulation that is settled is diagnosed, and each remedy
// drains the node in as many ticks as it says. Mutants seen to fail: reached that says yes
// to all; Ticks from tick 0; DiagnoseDrain without Settled.
func TestDrainsThatWaitAreDiagnosed(t *testing.T) {
	remedies := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 15 { // one story in hundred has a remedy
			y := Stories(DrainedNodes).Draw(t, "story")
			s := y.Sim(t)
			Stepped(s, rapid.IntRange(1, y.Ticks()).Draw(t, "until"))
			probe.Of(s).DropInputs()
			for _, d := range s.Drains() {
				x, err := diagnosis.DiagnoseDrain(s, d.Drain.Node)
				if err != nil {
					t.Fatal(err)
				}
				if (x != nil) != s.Settled() {
					t.Fatalf("settled %v: %v", s.Settled(), x)
				}
				if x == nil {
					continue
				}
				checkReadsBack(t, x)
				for _, r := range x.Remedies {
					remedies++
					checkDrained(t, s.Fork(), d.Drain.Node, r)
					if r, _, ok := asTyped(t, s, r); ok {
						checkDrained(t, s.Fork(), d.Drain.Node, r)
					}
				}
			}
		}
	})
	if remedies == 0 && !testing.Short() {
		t.Error("no remedy")
	}
}

func checkDrained(t Failer, s *Sim, node string, r diagnosis.Remedy) {
	if err := s.Inject(r.Inputs...); err != nil {
		t.Fatalf("%v: %v", r, err)
	}
	before := Stepped(s, r.Ticks-1)
	for _, e := range before {
		if e.Kind == EventDrained && e.Node == node {
			t.Fatalf("%v takes less:\n%s", r, Lines(before))
		}
	}
	for _, e := range s.Tick() {
		if e.Kind == EventDrained && e.Node == node {
			return
		}
	}
	t.Fatalf("%v does not drain %s: %v", r, node, s.Drains())
}

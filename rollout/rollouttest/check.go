package rollouttest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/rollout"
)

// limit is the number of ticks in which a run has to settle.
const limit = 10_000

// Check steps the simulation until it has settled or 10,000 ticks have passed, and
// judges the invariants on the way. t fails for every broken invariant, with the trace
// up to that tick and the configuration that reproduces it. t also fails for every
// invariant whose premise never held, unless it is marked with AllowEmpty, and for a
// call without invariants.
func Check(t rapid.TB, sim *rollout.Sim, invariants ...Invariant) {
	t.Helper()
	if err := checkInvariants(invariants); err != nil {
		t.Errorf("%v", err)
		return
	}
	r := Judge(sim, invariants...)
	for _, v := range r.Failures {
		t.Errorf("%v", v)
	}
	for _, claim := range r.NotApplicable {
		t.Errorf("%s: does not apply to this run: its premise never held", claim)
	}
}

// RunReport is the result of a run.
type RunReport struct {
	Failures      []Failure `json:"failures"`
	NotApplicable []string  `json:"notApplicable"` // claims whose premise never held, or that cannot be judged

	held []string // claims whose premise held, broken or not
}

// Failure is a violation of an invariant in a run, as plain data.
type Failure struct {
	Claim   string          `json:"claim"`
	Message string          `json:"message"` // what was found and what was expected
	Tick    int             `json:"tick"`
	Trace   []rollout.Event `json:"trace"`  // from the start of the run to that tick
	Config  rollout.Config  `json:"config"` // with it and the same inputs, the violation is reproduced
}

// traced is the number of events in the text of a violation.
const traced = 60

// String returns the violation with the end of its trace.
func (v Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: in tick %d %s\n", v.Claim, v.Tick, v.Message)
	shown := v.Trace
	if len(shown) > traced {
		shown = shown[len(shown)-traced:]
		fmt.Fprintf(&b, "\t... %d events\n", len(v.Trace)-traced)
	}
	for _, e := range shown {
		fmt.Fprintf(&b, "\t%v\n", e)
	}
	fmt.Fprintf(&b, "again with seed %d: %s", v.Config.Seed, source(v.Config))
	return b.String()
}

// Judge is Check without a test: it steps the simulation to its end and returns a
// report. Violations are in the order in which they happened.
func Judge(sim *rollout.Sim, invariants ...Invariant) RunReport {
	if sim == nil {
		sim = &rollout.Sim{}
	}
	r := RunReport{Failures: []Failure{}, NotApplicable: []string{}}
	if err := checkInvariants(invariants); err != nil {
		r.NotApplicable = append(r.NotApplicable, err.Error())
	}
	var trace []rollout.Event
	watches := make([]*watch, len(invariants))
	for i, inv := range invariants {
		watches[i] = newWatch(inv)
	}
	broken := func(w *watch) {
		r.Failures = append(r.Failures, Failure{w.claim, w.broken.Error(), sim.Now(), trace[:len(trace):len(trace)], sim.Config()})
	}
	look := func(m *Observed) {
		for _, w := range watches {
			if w.look(m) {
				broken(w)
			}
		}
	}
	m, start := &Observed{sim: sim}, sim.Now()
	if start >= 0 { // the state before the first tick counts as history
		look(m)
	}
	for events := range sim.Run(limit) {
		trace = append(trace, events...)
		m.next(events)
		look(m)
	}
	m.next(nil)
	for _, w := range watches {
		if w.last(m) {
			broken(w)
		}
		switch {
		case w.premise:
			r.held = append(r.held, w.claim)
		case !w.vacuous:
			r.NotApplicable = append(r.NotApplicable, w.claim)
		}
	}
	return r
}

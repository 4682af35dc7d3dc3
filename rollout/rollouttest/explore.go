package rollouttest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

const (
	manyOrders = 64 // a scenario with at most so many orders runs in all of them
	someOrders = 16 // a scenario with more runs in so many, drawn by seed
)

// exploration is what Explore has covered.
type exploration struct {
	scenarios  int            // number of scenarios drawn
	exhaustive int            // scenarios that ran in every order of nodes
	orders     int            // number of runs, each an order of nodes with its own simulation
	held       map[string]int // by claim: the number of runs in which its premise held
}

// String returns the counts in one line.
func (e exploration) String() string {
	return fmt.Sprintf("%d scenarios in %d orders of nodes, every order of %d scenarios", e.scenarios, e.orders, e.exhaustive)
}

// Explore checks the invariants in random scenarios. It runs each scenario in every order of
// nodes that Kubernetes leaves open if there are at most 64. Otherwise it runs the
// order by name and 16 orders drawn by seed. On a failure t gets the smallest scenario
// that breaks an invariant, the trace, and the configuration with the order. Otherwise
// t logs the counts of what was covered. An invariant whose premise held in no run
// fails, unless it is marked with AllowEmpty. A call without invariants fails.
//
// The number of scenarios is rapid's -rapid.checks, 100 by default.
func Explore(t rapid.TB, scenarios *rapid.Generator[Scenario], invariants ...Invariant) {
	t.Helper()
	explore(t, scenarios, invariants)
}

func explore(t rapid.TB, scenarios *rapid.Generator[Scenario], invariants []Invariant) exploration {
	t.Helper()
	seen := exploration{held: map[string]int{}}
	if err := checkInvariants(invariants); err != nil {
		t.Errorf("%v", err)
		return seen
	}
	rapid.Check(t, func(t *rapid.T) {
		scenario := scenarios.Draw(t, "scenario")
		seen.explore(t, scenario, invariants)
	})
	t.Logf("%v", seen)
	for _, i := range invariants {
		if t.Logf("%s: its premise held in %d orders", i, seen.held[i.claim]); seen.held[i.claim] == 0 && !i.vacuous {
			t.Errorf("%s: never applied: its premise never held", i)
		}
	}
	return seen
}

// explore runs the scenario in every order or, if these are many, in some.
func (e *exploration) explore(t *rapid.T, scenario Scenario, invariants []Invariant) {
	e.scenarios++
	start := scenario.start(t)
	if e.everyOrder(t, scenario, start, invariants) {
		e.exhaustive++
		return
	}
	scenario.Config.Order, scenario.Config.Choices = rollout.OrderSeeded, nil
	for range someOrders {
		e.run(t, scenario, start, invariants)
		scenario.Config.Seed++
	}
}

// everyOrder runs the scenario in one order after another. It returns false if there are
// too many orders.
func (e *exploration) everyOrder(t *rapid.T, scenario Scenario, start *cluster.Cluster, invariants []Invariant) bool {
	scenario.Config.Order, scenario.Config.Choices = rollout.OrderFromScript, nil
	for range manyOrders {
		choices := e.run(t, scenario, start, invariants)
		script, more := nextScript(choices)
		switch {
		case !more:
			return true
		case ways(choices) > manyOrders:
			return false
		}
		scenario.Config.Choices = script
	}
	return false
}

// ways estimates the number of orders from the choices in one of them.
func ways(choices []probe.Choice) float64 {
	n := 1.0
	for _, c := range choices {
		n *= float64(c.Count)
	}
	return n
}

// run judges one order and returns the choices in it.
func (e *exploration) run(t *rapid.T, scenario Scenario, start *cluster.Cluster, invariants []Invariant) []probe.Choice {
	e.orders++
	sim, err := scenario.from(start)
	if err != nil {
		t.Fatalf("%v", err)
	}
	r := Judge(sim, invariants...)
	for _, claim := range r.held {
		e.held[claim]++
	}
	if len(r.Failures) > 0 {
		t.Fatalf("%s", violations(r.Failures))
	}
	return probe.Choices(sim)
}

func violations(all []Failure) string {
	var text []string
	for _, v := range all {
		text = append(text, v.String())
	}
	return strings.Join(text, "\n")
}

// nextScript returns the script of the order after the one with these choices: the last
// choice with an untried alternative takes it. It returns false after the last order.
func nextScript(choices []probe.Choice) (script []int, more bool) {
	last := len(choices) - 1
	for last >= 0 && choices[last].Chosen+1 >= choices[last].Count {
		last--
	}
	if last < 0 {
		return nil, false
	}
	for _, c := range choices[:last] {
		script = append(script, c.Chosen)
	}
	return append(script, choices[last].Chosen+1), true
}

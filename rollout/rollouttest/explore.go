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
	manyOrders = 64 // a scene with at most so many orders runs in all of them
	someOrders = 16 // a scene with more runs in so many, drawn by seed
)

// exploration is what Explore has covered.
type exploration struct {
	scenes     int            // number of scenes drawn
	exhaustive int            // scenes that ran in every order of nodes
	orders     int            // number of runs, each an order of nodes with its own simulation
	held       map[string]int // by claim: the number of runs in which its premise held
}

// String returns the counts in one line.
func (e exploration) String() string {
	return fmt.Sprintf("%d scenes in %d orders of nodes, every order of %d scenes", e.scenes, e.orders, e.exhaustive)
}

// Explore checks the invariants in random scenes. It runs each scene in every order of
// nodes that Kubernetes leaves open if there are at most 64. Otherwise it runs the
// order by name and 16 orders drawn by seed. On a failure t gets the smallest scene
// that breaks an invariant, the trace, and the configuration with the order. Otherwise
// t logs the counts of what was covered. An invariant whose premise held in no run
// fails, unless it is marked with AllowEmpty. A call without invariants fails.
//
// The number of scenes is rapid's -rapid.checks, 100 by default.
func Explore(t rapid.TB, scenes *rapid.Generator[Scenario], invariants ...Invariant) {
	t.Helper()
	explore(t, scenes, invariants)
}

func explore(t rapid.TB, scenes *rapid.Generator[Scenario], invariants []Invariant) exploration {
	t.Helper()
	seen := exploration{held: map[string]int{}}
	if err := checkInvariants(invariants); err != nil {
		t.Errorf("%v", err)
		return seen
	}
	rapid.Check(t, func(t *rapid.T) {
		scene := scenes.Draw(t, "scene")
		seen.explore(t, scene, invariants)
	})
	t.Logf("%v", seen)
	for _, i := range invariants {
		if t.Logf("%s: its premise held in %d orders", i, seen.held[i.claim]); seen.held[i.claim] == 0 && !i.vacuous {
			t.Errorf("%s: never applied: its premise never held", i)
		}
	}
	return seen
}

// explore runs the scene in every order or, if these are many, in some.
func (e *exploration) explore(t *rapid.T, scene Scenario, invariants []Invariant) {
	e.scenes++
	start := scene.start(t)
	if e.everyOrder(t, scene, start, invariants) {
		e.exhaustive++
		return
	}
	scene.Config.Order, scene.Config.Choices = rollout.OrderSeeded, nil
	for range someOrders {
		e.run(t, scene, start, invariants)
		scene.Config.Seed++
	}
}

// everyOrder runs the scene in one order after another. It returns false if there are
// too many orders.
func (e *exploration) everyOrder(t *rapid.T, scene Scenario, start *cluster.Cluster, invariants []Invariant) bool {
	scene.Config.Order, scene.Config.Choices = rollout.OrderFromScript, nil
	for range manyOrders {
		choices := e.run(t, scene, start, invariants)
		script, more := nextScript(choices)
		switch {
		case !more:
			return true
		case ways(choices) > manyOrders:
			return false
		}
		scene.Config.Choices = script
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
func (e *exploration) run(t *rapid.T, scene Scenario, start *cluster.Cluster, invariants []Invariant) []probe.Choice {
	e.orders++
	sim, err := scene.from(start)
	if err != nil {
		t.Fatalf("%v", err)
	}
	r := Judge(sim, invariants...)
	for _, claim := range r.Held {
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

package rollout

import "testing"

// A rollout allocates its events, many at a time, and what it changes of the forked
// account, 64 nodes at a time; nothing for each pod or node. Mutants seen: events
// allocated by the tick; a new list in takeDue.
func TestRolloutsAllocateNothingByThePod(t *testing.T) {
	for _, test := range []struct {
		name    string
		run     func(*Sim)
		perNode float64
	}{
		{"advancing", func(s *Sim) { s.Advance(1_000_000) }, 0.1},
		{"running", func(s *Sim) {
			for range s.Run(1_000_000) {
			}
		}, 0.2},
	} {
		t.Run(test.name, func(t *testing.T) {
			few, many := allocations(t, 640, test.run), allocations(t, 6_400, test.run)
			if each := (many - few) / (6_400 - 640); each > test.perNode {
				t.Errorf("%.2f allocations a node: %.0f for 640 nodes, %.0f for 6,400", each, few, many)
			}
		})
	}
}

// allocations returns the number of allocations in a rollout that replaces one
// pod after the other.
func allocations(t *testing.T, nodes int, run func(*Sim)) float64 {
	settled := fleet(t, nodes, "1")
	begun := []*Sim{settled.Fork(), settled.Fork()}
	for _, s := range begun {
		beginRoll(t, s, "1")
	}
	return testing.AllocsPerRun(1, func() { // and once to warm up
		s := begun[0]
		begun = begun[1:]
		if run(s); s.State("default/agent") != StateDone {
			t.Fatal(s.State("default/agent"))
		}
	})
}

func TestIdleTicksAllocateNothing(t *testing.T) {
	s := fleet(t, 100, "1")
	if n := testing.AllocsPerRun(100, func() { s.Tick() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

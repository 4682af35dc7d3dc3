package dryrun

import (
	"testing"

	"github.com/berthsim/berth/rollout/diagnosis"
)

// A wait is known from the baseline only if it is on the same node and for the same
// cause. Causes that are about the pod itself are one; waiting for a turn, or for
// somebody, is another. Mutants seen to fail: newWaits that compares only nodes, or only
// causes.
func TestWaitsThatTheBaselineHasAreNotNew(t *testing.T) {
	wait := func(node string, b diagnosis.Blocker) diagnosis.Wait { return diagnosis.Wait{Node: node, Blocker: b} }
	for _, test := range []struct {
		name string
		is   diagnosis.Wait
		was  []diagnosis.Wait
		new  bool
	}{
		{"nothing waited", wait("a", diagnosis.BlockerNotReady), nil, true},
		{"the same", wait("a", diagnosis.BlockerNotReady), []diagnosis.Wait{wait("a", diagnosis.BlockerNotReady)}, false},
		{"the same turn", wait("a", diagnosis.BlockerUpdateLimit), []diagnosis.Wait{wait("a", diagnosis.BlockerUpdateLimit)}, false},
		{"on another node", wait("a", diagnosis.BlockerNotReady), []diagnosis.Wait{wait("b", diagnosis.BlockerNotReady)}, true},
		{"the pod both times", wait("a", diagnosis.BlockerUnschedulable), []diagnosis.Wait{wait("a", diagnosis.BlockerNotReady)}, false},
		{"the pod before, its turn now", wait("a", diagnosis.BlockerUpdateLimit), []diagnosis.Wait{wait("a", diagnosis.BlockerNotReady)}, true},
		{"its turn before, the pod now", wait("a", diagnosis.BlockerNotReady), []diagnosis.Wait{wait("a", diagnosis.BlockerUpdateLimit)}, true},
		{"somebody before, the limit now", wait("a", diagnosis.BlockerUpdateLimit), []diagnosis.Wait{wait("a", diagnosis.BlockerOnDelete)}, true},
		{"no pod before, the pod now", wait("a", diagnosis.BlockerUnschedulable), []diagnosis.Wait{wait("a", diagnosis.BlockerNotCreated)}, true},
		{"one of several", wait("b", diagnosis.BlockerNotReady), []diagnosis.Wait{wait("a", diagnosis.BlockerQueued), wait("b", diagnosis.BlockerTerminating), wait("c", diagnosis.BlockerQueued)}, false},
	} {
		if got := len(newWaits([]diagnosis.Wait{test.is}, test.was)) == 1; got != test.new {
			t.Errorf("%s: new %v, want %v", test.name, got, test.new)
		}
	}
}

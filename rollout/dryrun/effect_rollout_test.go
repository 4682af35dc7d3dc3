package dryrun

import (
	"testing"

	"github.com/berthsim/berth/rollout"
)

// A wait is known from the baseline only if it is on the same node and for the same
// cause. Causes that are about the pod itself are one; waiting for a turn, or for
// somebody, is another. Mutants seen to fail: newWaits that compares only nodes, or only
// causes.
func TestWaitsThatTheBaselineHasAreNotNew(t *testing.T) {
	wait := func(node string, b rollout.Blocker) rollout.Wait { return rollout.Wait{Node: node, Blocker: b} }
	for _, test := range []struct {
		name string
		is   rollout.Wait
		was  []rollout.Wait
		new  bool
	}{
		{"nothing waited", wait("a", rollout.BlockerNotReady), nil, true},
		{"the same", wait("a", rollout.BlockerNotReady), []rollout.Wait{wait("a", rollout.BlockerNotReady)}, false},
		{"the same turn", wait("a", rollout.BlockerUpdateLimit), []rollout.Wait{wait("a", rollout.BlockerUpdateLimit)}, false},
		{"on another node", wait("a", rollout.BlockerNotReady), []rollout.Wait{wait("b", rollout.BlockerNotReady)}, true},
		{"the pod both times", wait("a", rollout.BlockerUnschedulable), []rollout.Wait{wait("a", rollout.BlockerNotReady)}, false},
		{"the pod before, its turn now", wait("a", rollout.BlockerUpdateLimit), []rollout.Wait{wait("a", rollout.BlockerNotReady)}, true},
		{"its turn before, the pod now", wait("a", rollout.BlockerNotReady), []rollout.Wait{wait("a", rollout.BlockerUpdateLimit)}, true},
		{"somebody before, the limit now", wait("a", rollout.BlockerUpdateLimit), []rollout.Wait{wait("a", rollout.BlockerOnDelete)}, true},
		{"no pod before, the pod now", wait("a", rollout.BlockerUnschedulable), []rollout.Wait{wait("a", rollout.BlockerNotCreated)}, true},
		{"one of several", wait("b", rollout.BlockerNotReady), []rollout.Wait{wait("a", rollout.BlockerQueued), wait("b", rollout.BlockerTerminating), wait("c", rollout.BlockerQueued)}, false},
	} {
		if got := len(newWaits([]rollout.Wait{test.is}, test.was)) == 1; got != test.new {
			t.Errorf("%s: new %v, want %v", test.name, got, test.new)
		}
	}
}

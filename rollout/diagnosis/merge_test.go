package diagnosis

import (
	"slices"
	"testing"

	"github.com/berthsim/berth/rollout"
)

// Two repairs that share an input do it once, and of remedies with the same inputs in
// any order only the cheapest is kept.
func TestEqualRemediesAreOne(t *testing.T) {
	a, b := rollout.NodeReady{Node: "a"}, rollout.NodeReady{Node: "b"}
	both := candidate{means: RemedyRepairNodes, does: "bring a and b back", inputs: []rollout.Input{a, b}}
	if got := both.and(candidate{means: RemedyRepairNodes, does: "make b ready", inputs: []rollout.Input{b}}); got.does != both.does || len(got.inputs) != 2 {
		t.Errorf("%+v", got)
	}
	c := both.and(candidate{means: RemedyRemoveNodes, does: "make b ready, remove c", inputs: []rollout.Input{b, rollout.RemoveNode{Node: "c"}}})
	if c.means != RemedyRemoveNodes || len(c.inputs) != 3 {
		t.Errorf("%+v", c)
	}
	got := distinct([]Remedy{
		{Kind: RemedyRemoveNodes, Inputs: []rollout.Input{rollout.RemoveNode{Node: "a"}}},
		{Kind: RemedyRepairNodes, Inputs: []rollout.Input{b, a}, Ticks: 2},
		{Kind: RemedyRepairNodes, Inputs: []rollout.Input{a, b}, Ticks: 1},
	})
	if len(got) != 2 || got[0].Ticks != 1 || got[1].Kind != RemedyRemoveNodes {
		t.Errorf("%v", got)
	}
}

// A diagnosis begins with the nodes that use the update limit for which others wait, and
// else with the most frequent blocker.
func TestADiagnosisBeginsWithWhatUsesTheLimit(t *testing.T) {
	x := &diagnoser{
		blockers: []Wait{{Node: "a", Blocker: BlockerNodeAffinity}, {Node: "b", Blocker: BlockerNodeAffinity}, {Node: "c", Blocker: BlockerNotReady}},
		users:    map[Blocker]int{BlockerNotReady: 1},
	}
	if got := x.kinds(); !slices.Equal(got, []Blocker{BlockerNodeAffinity, BlockerNotReady}) {
		t.Errorf("nobody waits: %v", got)
	}
	x.queued, x.used, x.of = []string{"d"}, 1, 1
	if got := x.kinds(); !slices.Equal(got, []Blocker{BlockerNotReady, BlockerNodeAffinity}) {
		t.Errorf("d waits: %v", got)
	}
}

package diagnosis

import (
	"testing"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
)

// Each row of the table of roles decides about the facts that it is for. Mutants seen
// to fail: any row left out, or before the one above it.
func TestRoles(t *testing.T) {
	tests := []struct {
		what  string
		facts facts
		row   int
		role  role
	}{
		{"a deletion waits for a pod", deleting | blocking | wanted | progressing, 0, blocker},
		{"a deletion waits for a pod that is recreated in a loop", deleting | blocking | endless, 0, blocker},
		{"a deletion does not wait for a node without a pod", deleting | wanted | spending, 1, fine},
		{"no loop outlasts its DaemonSet", deleting | endless | wanted, 1, fine},
		{"a pod is evicted again and again, and is available in between", endless | wanted | upToDate, 2, blocker},
		{"a pod is rejected again and again, and always about to be deleted", endless | wanted | blocking | progressing, 2, blocker},
		{"a pod starts", wanted | blocking | progressing | spending, 3, fine},
		{"an old pod stops where none is wanted", blocking | progressing | spending, 3, fine},
		{"a new pod is available", wanted | upToDate, 4, fine},
		{"a new pod is available, and one beside it does not stop, which costs nothing", wanted | upToDate | blocking, 4, fine},
		{"a new pod is available and does not stop", wanted | upToDate | blocking | spending, 5, spender},
		{"a new pod does not become ready", wanted | blocking | spending, 6, blocker},
		{"a new pod does not become ready, and costs nothing", wanted | blocking, 6, blocker},
		{"an old pod waits for its turn", wanted, 7, queued},
		{"a node waits for its pod", wanted | spending, 7, queued},
		{"two nodes' worth of updated pods are on one node", wanted | upToDate | spending, 7, queued},
		{"an old pod on a dead node where none is wanted", spending | blocking, 8, spender},
		{"a node without a pod where none is wanted", spending, 9, fine},
		{"a pod where none is wanted that costs nothing", blocking, 9, fine},
		{"a node that is not concerned", 0, 9, fine},
	}
	tested := map[int]bool{}
	for _, test := range tests {
		tested[test.row] = true
		if got := test.facts.role(); got != test.role {
			t.Errorf("%s: role %d, want %d", test.what, got, test.role)
		}
		for i, r := range roles[:min(test.row+1, len(roles))] {
			if applies := test.facts&r.facts == r.facts && test.facts&r.not == 0; applies != (i == test.row) {
				t.Errorf("%s: row %d applies: %v", test.what, i, applies)
			}
		}
	}
	if len(tested) != len(roles)+1 {
		t.Errorf("%d rows are tested, want %d and the rest", len(tested), len(roles))
	}
}

// A list of inputs is no remedy if one is refused, even if the others let the
// rollout end. Mutant seen to fail: try without Refused.
func TestWhatIsRefusedIsNoRemedy(t *testing.T) {
	c, err := clustertest.Parse("a\nb\ndaemonset default/agent\n")
	if err != nil {
		t.Fatal(err)
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	update := c.Manifest().DaemonSets[0]
	update.Spec.Template.Spec.Containers[0].Image = "v2"
	if err := sim.Inject(rollout.NodeDown{Node: "a"}, rollout.Apply{Object: update}); err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	up, nobody := rollout.NodeReady{Node: "a"}, rollout.DeletePods{Pod: "default/nobody"}
	x := newDiagnoser(sim, "default/agent")
	for _, test := range []struct {
		inputs []rollout.Input
		want   bool
	}{{[]rollout.Input{up}, true}, {[]rollout.Input{up, nobody}, false}} {
		if r, ok := x.try(candidate{means: RemedyRepairNodes, inputs: test.inputs}); ok != test.want {
			t.Errorf("%v: %v %v", test.inputs, ok, r)
		}
	}
}

package rollouttest_test

import (
	"strings"
	"testing"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/rollouttest"
)

// Nothing asked of nothing is answered with nothing, or with an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		rollouttest.Acts{}, rollouttest.ControllerCase{}, rollouttest.ControllerFunc(nil), rollouttest.Explored{}, rollouttest.Fault(0),
		rollouttest.Invariant{}, rollouttest.Moment{}, rollouttest.Scene{}, rollouttest.Step{}, rollouttest.Violation{},
		rollouttest.AllFaults, rollouttest.Always, rollouttest.AtEnd, rollouttest.Check, rollouttest.Configured,
		rollouttest.ControllerCases, rollouttest.Covered, rollouttest.Ends, rollouttest.Explore, rollouttest.Faults, rollouttest.First,
		rollouttest.Follows, rollouttest.From, rollouttest.In, rollouttest.Judge, rollouttest.NeverBelow, rollouttest.NothingLost,
		rollouttest.OnePerNode, rollouttest.RollsBack, rollouttest.Scenes, rollouttest.Updates, rollouttest.Within,
	)
}

// Who gives no controller or no claim is told so.
func TestNobodyIsJudged(t *testing.T) {
	for _, make := range []func() rollouttest.Controller{nil, func() rollouttest.Controller { return nil }} {
		if r := shrunk.Run(func(r *shrunk.Recorder) { rollouttest.Follows(r, make) }); !r.Failed() || !strings.Contains(r.String(), "there is no controller") {
			t.Error(r)
		}
	}
	c, err := clustertest.Parse("n1\ndaemonset agent\n")
	if err != nil {
		t.Fatal(err)
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := rollouttest.Judge(sim, rollouttest.Always("a", nil), rollouttest.AtEnd("b", nil), rollouttest.Invariant{}); len(got.Vacuous) != 3 || got.Violations != nil {
		t.Errorf("%+v", got)
	}
}

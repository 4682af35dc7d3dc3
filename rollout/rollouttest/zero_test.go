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

// Calls on zero values return nothing or an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		rollouttest.Actions{}, rollouttest.ControllerCase{}, rollouttest.ControllerFunc(nil), rollouttest.Exploration{}, rollouttest.Fault(0),
		rollouttest.Invariant{}, rollouttest.Observed{}, rollouttest.Scenario{}, rollouttest.Step{}, rollouttest.Failure{},
		rollouttest.AllFaults, rollouttest.Always, rollouttest.AtEnd, rollouttest.Check, rollouttest.WithConfig,
		rollouttest.ControllerCases, rollouttest.Covered, rollouttest.Ends, rollouttest.Explore, rollouttest.WithFaults, rollouttest.WithSteps,
		rollouttest.Follows, rollouttest.WithCluster, rollouttest.WithWorlds, rollouttest.Judge, rollouttest.NeverBelow, rollouttest.NothingLost,
		rollouttest.OnePerNode, rollouttest.RollsBack, rollouttest.Scenarios, rollouttest.WithUpdates, rollouttest.WithinTicks,
	)
}

// A missing controller or claim fails the test with a message.
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
	if got := rollouttest.Judge(sim, rollouttest.Always("a", nil), rollouttest.AtEnd("b", nil), rollouttest.Invariant{}); len(got.NotApplicable) != 3 || got.Failures != nil {
		t.Errorf("%+v", got)
	}
}

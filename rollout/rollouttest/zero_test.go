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
		rollouttest.Actions{},
		rollouttest.Invariant{}, rollouttest.Observed{}, rollouttest.Scenario{}, rollouttest.Step{}, rollouttest.Failure{},
		rollouttest.Always, rollouttest.AtEnd, rollouttest.Check, rollouttest.WithConfig,
		rollouttest.Covered, rollouttest.Ends, rollouttest.Explore, rollouttest.WithFaults, rollouttest.WithSteps,
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
	if got := rollouttest.Judge(sim, rollouttest.Always("a", nil), rollouttest.AtEnd("b", nil), rollouttest.Invariant{}); len(got.NotApplicable) != 3 || len(got.Failures) > 0 {
		t.Errorf("%+v", got)
	}
}

// A call without invariants fails the test, and so does an invariant with impossible
// arguments.
func TestNothingIsNoClaim(t *testing.T) {
	sim, err := rollout.New(clustertest.World{clustertest.Node("n1"), clustertest.DaemonSet("agent")}.Cluster(t), rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	scenarios := rollouttest.Scenarios(clustertest.DaemonSet("agent"))
	short := rollouttest.Ends("default/agent").LongerThan(30)
	for want, call := range map[string]func(*shrunk.Recorder){
		"there is no invariant to check":           func(r *shrunk.Recorder) { rollouttest.Check(r, sim.Fork()) },
		"there is no invariant":                    func(r *shrunk.Recorder) { rollouttest.Explore(r, scenarios) },
		"30ns: must be at least 1ms: did you mean": func(r *shrunk.Recorder) { rollouttest.Check(r, sim.Fork(), short) },
	} {
		if r := shrunk.Run(call); !r.Failed() || !strings.Contains(r.String(), want) {
			t.Errorf("%q, want %q", r, want)
		}
	}
	if got := rollouttest.Judge(sim.Fork()); len(got.NotApplicable) != 1 {
		t.Errorf("%+v", got)
	}
}

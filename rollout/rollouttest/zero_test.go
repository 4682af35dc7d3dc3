package rollouttest_test

import (
	"testing"

	"github.com/berthsim/berth/internal/zero"
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

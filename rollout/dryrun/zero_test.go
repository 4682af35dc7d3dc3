package dryrun_test

import (
	"testing"

	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/rollout/dryrun"
)

// Nothing asked of nothing is answered with nothing, or with an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		dryrun.Action(0), (*dryrun.Base)(nil), dryrun.Config{}, dryrun.DeploymentEffect{}, dryrun.Edit{}, dryrun.Effect{}, dryrun.Eviction{},
		dryrun.Fate(0), dryrun.FieldChange{}, dryrun.Finding{}, dryrun.Findings(nil), dryrun.Inspection{}, dryrun.Offender{},
		dryrun.Outcome(0), (*dryrun.Plan)(nil), dryrun.Pods{}, dryrun.Policy{}, dryrun.Record{}, dryrun.Report{}, dryrun.Result{},
		dryrun.Severity(0), dryrun.Split{},
		dryrun.Apply, dryrun.AtLeast, dryrun.Avoids, dryrun.Covers, dryrun.Delete, dryrun.EditNodes, dryrun.ExactlyOne,
		dryrun.FingerprintOf, dryrun.Holds, dryrun.Inputs, dryrun.Inspect, dryrun.New, dryrun.Rehomes, dryrun.RemoveNodes, dryrun.Start,
		dryrun.Within,
	)
}

package dryrun

import "github.com/berthsim/berth/rollout"

// Trace returns everything that happens after the edits.
func (p *Plan) Trace() rollout.Trace { return p.orNothing().course().trace }

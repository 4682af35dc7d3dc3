package dryrun

import (
	"fmt"
	"maps"
	"slices"

	"github.com/berthsim/berth/rollout"
)

// DeploymentEffect is what a plan does to the pods of a Deployment, as the
// simulation counts it. Where each goes is in Plan.Trace.
type DeploymentEffect struct {
	Deployment string `json:"deployment"` // namespace/name
	Created    int    `json:"created"`
	Deleted    int    `json:"deleted"`             // by its controllers
	Evicted    int    `json:"evicted"`             // by NoExecute taints
	Preempted  int    `json:"preempted,omitempty"` // by the scheduler, for DaemonSets' pods of higher priority
	State      string `json:"state"`               // at the end: "Done", "Stuck", ...
}

// String is the effect in one line.
func (d DeploymentEffect) String() string {
	s := fmt.Sprintf("Deployment %s: %d pods created, %d deleted, %d evicted", d.Deployment, d.Created, d.Deleted, d.Evicted)
	if d.Preempted > 0 {
		s += fmt.Sprintf(", %d preempted", d.Preempted)
	}
	return s + "; " + d.State
}

// Deployments gives the Deployments whose pods change, ascending by key. It runs the
// simulation.
func (p *Plan) Deployments() []DeploymentEffect { return slices.Clone(p.orNothing().course().deployed) }

func (c *course) deployments() []DeploymentEffect {
	effects := map[string]*DeploymentEffect{}
	for _, e := range c.trace {
		count := func(n func(*DeploymentEffect) *int) {
			d := effects[e.Deployment]
			if d == nil {
				d = &DeploymentEffect{Deployment: e.Deployment, State: c.sim.State(e.Deployment).String()}
				effects[e.Deployment] = d
			}
			*n(d)++
		}
		switch {
		case e.Deployment == "":
		case e.Kind == rollout.EventCreated:
			count(func(d *DeploymentEffect) *int { return &d.Created })
		case e.Kind == rollout.EventDeleted:
			count(func(d *DeploymentEffect) *int { return &d.Deleted })
		case e.Kind == rollout.EventEvicted:
			count(func(d *DeploymentEffect) *int { return &d.Evicted })
		case e.Kind == rollout.EventPreempted:
			count(func(d *DeploymentEffect) *int { return &d.Preempted })
		}
	}
	var all []DeploymentEffect
	for _, key := range slices.Sorted(maps.Keys(effects)) {
		all = append(all, *effects[key])
	}
	return all
}

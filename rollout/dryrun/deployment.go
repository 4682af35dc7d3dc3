package dryrun

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berthsim/berth/rollout"
)

// DeploymentEffect is what a plan does to the pods of a Deployment, as counted in the
// simulation. Plan.Trace has the nodes of the pods, and Plan.Availability how many are
// available meanwhile.
type DeploymentEffect struct {
	Deployment string `json:"deployment"` // namespace/name
	Created    int    `json:"created"`
	Deleted    int    `json:"deleted"`             // by its controllers
	Evicted    int    `json:"evicted"`             // by NoExecute taints
	Preempted  int    `json:"preempted,omitempty"` // by the scheduler, for DaemonSets' pods of higher priority
	State      string `json:"state"`               // at the end: "Done", "Stuck", ...
}

// String returns the effect in one line.
func (d DeploymentEffect) String() string {
	s := fmt.Sprintf("Deployment %s: %d pods created, %d deleted, %d evicted", d.Deployment, d.Created, d.Deleted, d.Evicted)
	if d.Preempted > 0 {
		s += fmt.Sprintf(", %d preempted", d.Preempted)
	}
	return s + "; " + d.State
}

// Deployments returns the effects on Deployments whose pods the edits affect, ascending
// by key. It runs the simulation.
func (p *Plan) Deployments() []DeploymentEffect {
	p = p.orNothing()
	c, was := p.course(), p.base.baseline()
	return slices.DeleteFunc(slices.Clone(c.deployed), func(d DeploymentEffect) bool {
		key := deploymentKey(d.Deployment)
		return c.ends[key].print == was.ends[key].print
	})
}

// deploymentText returns the lines of the Deployments: what happens to their pods, and
// how many are available meanwhile.
func (p *Plan) deploymentText() string {
	var b strings.Builder
	lines := map[string]string{}
	for _, d := range p.Deployments() {
		lines[deploymentKey(d.Deployment)] = d.String()
	}
	for _, a := range p.Availability("") {
		line, ok := lines[a.Workload]
		switch {
		case !strings.HasPrefix(a.Workload, "deployment/") || !ok && a.Worst >= a.Before && a.After == a.Before:
			continue
		case !ok:
			line = workloadName(a.Workload)
		}
		delete(lines, a.Workload)
		fmt.Fprintf(&b, "\n~ %s\n    %s\n", line, a.numbers())
	}
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintf(&b, "\n~ %s\n", lines[key])
	}
	return b.String()
}

func (c *course) deployments() []DeploymentEffect {
	effects := map[string]*DeploymentEffect{}
	for _, e := range c.trace {
		name, deployed := strings.CutPrefix(e.Key, "deployment/")
		count := func(n func(*DeploymentEffect) *int) {
			d := effects[name]
			if d == nil {
				d = &DeploymentEffect{Deployment: name, State: c.sim.State(e.Key).String()}
				effects[name] = d
			}
			*n(d)++
		}
		switch {
		case !deployed:
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

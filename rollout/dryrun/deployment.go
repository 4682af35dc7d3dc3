package dryrun

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
)

// deployments returns what happens to the pods of each Deployment, by its namespace and
// name.
func (c *course) deployments() map[string]map[podChange][]string {
	all := map[string]map[podChange][]string{}
	for i := range c.trace {
		e := &c.trace[i]
		change, ok := deploymentChanges[e.Kind]
		key, deployed := strings.CutPrefix(e.Key, kube.DeploymentKind)
		if !deployed || !ok {
			continue
		}
		if all[key] == nil {
			all[key] = map[podChange][]string{}
		}
		all[key][change] = append(all[key][change], e.Pod)
	}
	for _, changes := range all { // any order: each is sorted by itself
		for _, pods := range changes { // any order: likewise
			slices.Sort(pods)
		}
	}
	return all
}

// deploymentChanges maps the events of a Deployment's pods to changes.
var deploymentChanges = map[rollout.EventKind]podChange{
	rollout.EventCreated: created, rollout.EventDeleted: deleted, rollout.EventEvicted: evicted, rollout.EventPreempted: preempted,
}

// affectedDeployments returns the Deployments that the edits affect, ascending: other
// things happen to their pods than without the edits, or fewer or more are available.
func (p *Plan) affectedDeployments() []string {
	c, was := p.course(), p.base.baseline()
	affected := map[string]bool{}
	for key := range c.deployed {
		if k := kube.DeploymentKey(key); c.ends[k].print != was.ends[k].print {
			affected[key] = true
		}
	}
	for _, a := range p.Availability("") {
		if key, ok := strings.CutPrefix(a.Workload, kube.DeploymentKind); ok && (a.Worst < a.Before || a.After != a.Before) {
			affected[key] = true
		}
	}
	return slices.Sorted(maps.Keys(affected))
}

// deploymentText returns what happens to the pods of a Deployment, and how many are
// available meanwhile.
func (p *Plan) deploymentText(plain string, pods PodChanges) string {
	key := kube.DeploymentKey(plain)
	s := "~ " + workloadName(key)
	if !pods.empty() {
		s += fmt.Sprintf(": %d pods created, %d deleted, %d evicted", len(pods.Created), len(pods.Deleted), len(pods.Evicted))
		if n := len(pods.Preempted); n > 0 {
			s += fmt.Sprintf(", %d preempted", n)
		}
		s += "; " + p.course().ends[key].state.String()
	}
	s += "\n"
	for _, a := range p.availability(key, p.domains(""), nil) {
		s += "    " + a.numbers() + "\n"
	}
	return s
}

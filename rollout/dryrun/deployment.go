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

// deploymentText returns what the plan does to a Deployment and its pods, and how many
// are available meanwhile.
func (p *Plan) deploymentText(e Effect) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Action.sign(), workloadName(e.Key))
	if e.Action != ActionNone {
		fmt.Fprintf(&b, ": %s", strings.ToLower(string(e.Action)))
	}
	b.WriteString("\n")
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "    %s\n", f.line())
	}
	if !e.Pods.empty() {
		fmt.Fprintf(&b, "    pods: %s; %s\n", e.Pods.counts(), p.course().ends[e.Key].state)
	}
	for _, a := range p.availability(e.Key, p.domains(""), nil) {
		fmt.Fprintf(&b, "    %s\n", a.numbers())
	}
	if e.Rollout != nil {
		for _, line := range waitLines(e.Rollout.Waiting) {
			fmt.Fprintf(&b, "      %s\n", line)
		}
	}
	return b.String()
}

// counts returns how many pods of a Deployment each change is about.
func (p PodChanges) counts() string {
	var parts []string
	for _, x := range []podKind{{"created", p.Created}, {"deleted", p.Deleted}, {"evicted", p.Evicted}, {"preempted", p.Preempted}} {
		if n := len(x.nodes); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, x.text))
		}
	}
	return strings.Join(parts, ", ")
}

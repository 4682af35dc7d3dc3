package dryrun

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Clash is a conflict between the pods of two DaemonSets that a plan creates or
// changes: on some nodes one takes a host port or resources that the other needs.
type Clash struct {
	With  string   `json:"with"`  // the other DaemonSet, namespace/name
	Takes bool     `json:"takes"` // whether the other DaemonSet gets no pod
	Nodes []string `json:"nodes"`
}

// String returns the clash in one line.
func (c Clash) String() string {
	if c.Takes {
		return fmt.Sprintf("takes what %s wants on %s", c.With, nameList(c.Nodes))
	}
	return fmt.Sprintf("clashes with %s, which is first on %s", c.With, nameList(c.Nodes))
}

// Clashes returns the conflicts with other DaemonSets of the plan's edits, ascending by
// key. It runs the simulation. A DaemonSet with pending nodes costs a prediction for
// each other DaemonSet that the edits create or change.
func (e effect) clashes() []Clash {
	if e.plan == nil || !e.plan.together() || e.after == nil || e.action == ActionNone {
		return nil
	}
	var all []Clash
	for _, other := range e.plan.whole() {
		if other.key == e.key || other.after == nil || other.action == ActionNone {
			continue
		}
		if nodes := e.blockedBy(other); nodes.Len() > 0 {
			all = append(all, Clash{With: other.key, Nodes: nodes.Names()})
		}
		if nodes := other.blockedBy(e); nodes.Len() > 0 {
			all = append(all, Clash{With: other.key, Takes: true, Nodes: nodes.Names()})
		}
	}
	return all
}

// blockedBy returns the nodes where the DaemonSet's pod would be placed if the pods of
// the other did not exist.
func (e effect) blockedBy(other effect) cluster.NodeSet {
	pending := e.after.Eligible().Minus(e.after.Placed())
	if pending.Len() == 0 {
		return cluster.NodeSet{}
	}
	end := e.plan.course().cluster()
	var pods []runtime.Object
	for _, pod := range borrow.From(end).Pods() {
		if kube.Controls(ownerIn(end, other.after.object), "DaemonSet", pod) {
			pods = append(pods, pod)
		}
	}
	alone, err := end.Without(pods...)
	if err != nil {
		return cluster.NodeSet{} // cannot happen: the nodes are in the cluster
	}
	return e.after.workload.Predict(alone).Placed().And(pending)
}

// ownerIn returns the DaemonSet as a cluster has it, with its uid.
func ownerIn(c *cluster.Cluster, ds *appsv1.DaemonSet) *appsv1.DaemonSet {
	if there, ok := borrow.From(c).DaemonSet(ds.Namespace, ds.Name); ok {
		return there
	}
	return ds
}

// together reports whether the edits create or change more than one DaemonSet or
// Deployment. These are judged together, on the cluster after it has settled.
func (p *Plan) together() bool {
	keys := map[string]bool{}
	for _, in := range p.inputs {
		if x, ok := in.(rollout.Apply); ok {
			keys[probe.Line(x)] = true
		}
	}
	return len(keys) > 1
}

// judged returns the cluster used to decide what is wanted and placed after the plan.
func (p *Plan) judged() *cluster.Cluster {
	if p.together() {
		return p.course().cluster()
	}
	return p.After()
}

func clashLines(clashes []Clash) []string {
	var lines []string
	for _, c := range clashes {
		lines = append(lines, c.String())
	}
	return slices.Clip(lines)
}

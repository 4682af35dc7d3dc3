package dryrun

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// clashes returns the conflicts with other DaemonSets that the plan creates or changes,
// ascending by key: on some nodes one takes a host port or resources that the other
// needs. It runs the simulation. A DaemonSet with pending nodes costs a prediction for
// each other DaemonSet.
func (e effect) clashes() []string {
	if e.plan == nil || !e.plan.together() || e.after == nil || e.action == ActionNone {
		return nil
	}
	var all []string
	for _, other := range e.plan.whole() {
		if other.key == e.key || other.after == nil || other.action == ActionNone {
			continue
		}
		if nodes := e.blockedBy(other); nodes.Len() > 0 {
			all = append(all, "clashes with "+other.key+", which is first on "+strings.Join(nodes.Names(), " "))
		}
		if nodes := other.blockedBy(e); nodes.Len() > 0 {
			all = append(all, "takes what "+other.key+" wants on "+strings.Join(nodes.Names(), " "))
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

package placement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/snapshot"
)

// String returns the scheduler's message (pkg/scheduler/framework/types.go:
// FitError.Error), with the number of nodes that would take the pod in place of
// its 0. Each other node is counted under its first failing plugin in the order
// of the default profile. For a pod that names its nodes, other nodes count as
// not looked at. For a DaemonSet the message treats its pods as one pod that
// could go to any node, although each pod names one.
func (p *Prediction) String() string {
	p = p.orNothing()
	all := p.cluster.Nodes()
	fault := p.scheduled().fault
	switch refusal := p.refusal(); {
	case p.refused() != nil:
		return p.refused().Message
	case all.Len() == 0:
		return noNodes
	case refusal != "":
		return fmt.Sprintf("0/%d nodes are available: %s.", all.Len(), refusal)
	case fault != nil:
		return fault.message // an error, not a verdict on the nodes
	}
	open, t := all, reasonCount{}
	if aim := p.preFilterResult(); len(aim.plugins) > 0 {
		open = p.cluster.Named(aim.names...)
		t.count(fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", aim.plugins), all.Len()-open.Len())
	}
	p.countTurnedDown(t, open)
	p.countPending(t)
	return t.fitError(p.Placed().Len(), all.Len())
}

// preFilterResult returns the nodes that the pod names. A DaemonSet names none.
func (p *Prediction) preFilterResult() preFilterResult {
	if p.workload.daemonSet != nil {
		return preFilterResult{}
	}
	return newPreFilterResult(&p.workload.pod.Spec, borrow.From(p.cluster).Release())
}

// refusal returns the reason why the scheduler rejects the pod before it looks
// at any node, or "" if it does not.
func (p *Prediction) refusal() string {
	refusal, fault := p.preFilterResult().refusal, p.scheduled().fault
	if refusal == "" && fault != nil && fault.plugin == pluginRelations {
		return fault.message
	}
	return refusal
}

// countTurnedDown counts the nodes of open where no pod is wanted.
func (p *Prediction) countTurnedDown(t reasonCount, open cluster.NodeSet) {
	for _, f := range p.failures() {
		t.count(f.message, open.And(cluster.NodeSet(f.nodes)).Len())
		open = open.Minus(cluster.NodeSet(f.nodes))
	}
}

// noNodes is the scheduler's message for an empty cluster
// (pkg/scheduler/scheduler.go: ErrNoNodesAvailable).
const noNodes = "no nodes available to schedule pods"

// countPending counts every pending node under the first plugin that rejects
// it. The plugin may have several messages.
func (p *Prediction) countPending(t reasonCount) {
	for position := range members(borrow.Words(p.cluster, p.Pending())) {
		for _, r := range lowerFirst(p.why(position)) {
			t.count(r.Message, 1)
		}
	}
}

// lowerFirst returns the reasons that the scheduler reports for a node: the
// first reason of the first failing plugin, or all shortfalls if that plugin is
// NodeResourcesFit.
func lowerFirst(reasons []FilterReason) []FilterReason {
	if len(reasons) > 0 && reasons[0].Plugin != pluginResources {
		return reasons[:1]
	}
	for i, r := range reasons {
		if r.Plugin != pluginResources {
			return reasons[:i]
		}
	}
	return reasons
}

// reasonCount is the number of nodes for each message.
type reasonCount map[string]int

func (t reasonCount) count(message string, nodes int) {
	if nodes > 0 {
		t[message] += nodes
	}
}

func (t reasonCount) fitError(available, all int) string {
	var counts []string
	for message, n := range t {
		counts = append(counts, fmt.Sprintf("%d %s", n, message))
	}
	slices.Sort(counts)
	s := fmt.Sprintf("%d/%d nodes are available", available, all)
	if len(counts) > 0 {
		s += ": " + strings.Join(counts, ", ")
	}
	return s + "."
}

// failure is the set of nodes that a plugin rejects.
type failure struct {
	message string
	nodes   snapshot.Set
}

// failures returns the failures in the order of the scheduler's default
// profile (pkg/scheduler/apis/config/v1/default_plugins.go: getDefaultPlugins).
func (p *Prediction) failures() []failure {
	w, c := p.workload, borrow.From(p.cluster)
	all := c.Nodes()
	noSchedule, noExecute := w.taintedAway(c)
	name, cordon := failure{wrongNodeName, all.Minus(w.named(c))}, failure{isUnschedulable, w.unschedulable(c)}
	if !c.Release().Has(kube.NodeNamePreFilter) {
		name, cordon = cordon, name
	}
	return []failure{
		name,
		cordon,
		{hasTaints, noSchedule.Or(noExecute)},
		{wrongAffinity, all.Minus(w.affinity.nodes(c))},
	}
}

// order moves the reason of NodeUnschedulable before that of NodeName in the
// releases whose default profile has that order.
func (p *Prediction) order(rs []FilterReason) {
	if len(rs) > 1 && rs[0].Plugin == pluginNodeName && rs[1].Plugin == pluginUnschedulable && !borrow.From(p.cluster).Release().Has(kube.NodeNamePreFilter) {
		rs[0], rs[1] = rs[1], rs[0]
	}
}

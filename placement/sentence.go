package placement

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/berthsim/berth/cluster"
)

// String is the scheduler's sentence (pkg/scheduler/framework, FitError.Error),
// with the number of nodes that would take the pod where it has 0: each other
// node is counted under its first failing plugin, as the default profile orders
// them, or for a pod that names its nodes as one that the scheduler did not look
// at. Of a DaemonSet it speaks as if one pod could go to any of the nodes: each
// of its pods names one.
func (p *Prediction) String() string {
	all, aim := p.cluster.Nodes(), aim{}
	if p.workload.daemonSet == nil {
		aim = aimOf(&p.workload.pod.Spec)
	}
	fault := p.workload.fault
	switch {
	case all.Len() == 0:
		return noNodes
	case aim.refusal == "" && fault != nil && fault.plugin == pluginSpread:
		return fault.message // an error, not a verdict on the nodes
	case aim.refusal == "" && fault != nil:
		aim.refusal = fault.message
	}
	if aim.refusal != "" {
		return fmt.Sprintf("0/%d nodes are available: %s.", all.Len(), aim.refusal)
	}
	open, t := all, tally{}
	if len(aim.plugins) > 0 {
		open = p.cluster.Named(aim.names...)
		t.count(fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", aim.plugins), all.Len()-open.Len())
	}
	p.countTurnedDown(t, open)
	p.countPending(t)
	return t.sentence(p.Placed().Len(), all.Len())
}

// countTurnedDown counts those of some nodes on which no pod is wanted.
func (p *Prediction) countTurnedDown(t tally, open cluster.NodeSet) {
	for _, f := range p.failed {
		t.count(f.message, open.And(f.nodes).Len())
		open = open.Minus(f.nodes)
	}
}

// noNodes is pkg/scheduler, ErrNoNodesAvailable.
const noNodes = "no nodes available to schedule pods"

// countPending counts every pending node under the first plugin that turns it
// down, which may say several things.
func (p *Prediction) countPending(t tally) {
	for k, word := range p.cluster.Borrow().Words(p.Pending()) {
		for ; word != 0; word &= word - 1 {
			for _, r := range said(p.why(k<<6 | bits.TrailingZeros64(word))) {
				t.count(r.Message, 1)
			}
		}
	}
}

// said gives those of a node's reasons that the scheduler says: the first
// plugin's, and of these all only if they are shortfalls.
func said(reasons []Reason) []Reason {
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

// tally is how many nodes have each message.
type tally map[string]int

func (t tally) count(message string, nodes int) {
	if nodes > 0 {
		t[message] += nodes
	}
}

func (t tally) sentence(available, all int) string {
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

package placement

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/berthsim/berth/cluster"
)

// String is the scheduler's sentence (pkg/scheduler/framework, FitError.Error):
// how many nodes would take the pod, and each other node under its first
// failing plugin, as the default profile orders them.
func (p *Prediction) String() string {
	all := p.cluster.Nodes()
	if all.Len() == 0 {
		return noNodes
	}
	t := tally{}
	open := all
	for i, f := range p.failed {
		t.count(f.message, open.And(f.nodes).Len())
		if i+1 == len(p.failed) || p.failed[i+1].plugin != f.plugin {
			open = open.Minus(p.turnedDown(f.plugin))
		}
	}
	p.countPending(t)
	return t.sentence(p.Placed().Len(), all.Len())
}

// noNodes is pkg/scheduler, ErrNoNodesAvailable.
const noNodes = "no nodes available to schedule pods"

func (p *Prediction) turnedDown(plugin string) cluster.NodeSet {
	var s cluster.NodeSet
	for _, f := range p.failed {
		if f.plugin == plugin {
			s = s.Or(f.nodes)
		}
	}
	return s
}

// countPending counts every pending node under the first plugin that turns it
// down, which may say several things.
func (p *Prediction) countPending(t tally) {
	for k, word := range p.cluster.Borrow().Words(p.Pending()) {
		for ; word != 0; word &= word - 1 {
			reasons := p.room.Why(p.workload, k<<6|bits.TrailingZeros64(word))
			for _, r := range reasons {
				if r.Plugin == reasons[0].Plugin {
					t.count(r.Message, 1)
				}
			}
		}
	}
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

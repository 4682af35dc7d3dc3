package placement

import (
	"fmt"
	"iter"
	"math"
	"strings"
)

// Preemption is whom the scheduler would evict from a node to make room for a
// pod, if it chose that node (plugins/defaultpreemption, SelectVictimsOnNode).
type Preemption struct {
	Node       string   `json:"node"`
	Priority   int32    `json:"priority"`          // of the pod that is to be placed
	Victims    []Victim `json:"victims,omitempty"` // the most important first
	Violations int      `json:"violations"`        // how many of them a PodDisruptionBudget would protect
	// Never says why no eviction on this node helps; empty if there are victims.
	Never string `json:"never,omitempty"`
}

// Victim is a pod that would be evicted.
type Victim struct {
	Pod      string `json:"pod"` // namespace/name
	Priority int32  `json:"priority"`
}

// String is the preemption in one line.
func (p Preemption) String() string {
	if p.Never != "" {
		return p.Node + ": never: " + p.Never
	}
	all := make([]string, len(p.Victims))
	for i, v := range p.Victims {
		all[i] = fmt.Sprintf("%s (priority %d)", v.Pod, v.Priority)
	}
	s := fmt.Sprintf("%s: priority %d evicts %s", p.Node, p.Priority, strings.Join(all, ", "))
	if p.Violations > 0 {
		s += fmt.Sprintf(", against %d disruption budgets", p.Violations)
	}
	return s
}

// Preemptions yields, for every pending node, ascending by name, whom the
// scheduler would evict there. A pod of a DaemonSet can only go to one of them;
// for an ordinary pod the scheduler takes the one that Preferred gives.
func (p *Prediction) Preemptions() iter.Seq[Preemption] {
	return func(yield func(Preemption) bool) {
		p := p.orNothing()
		t := p.trial()
		for position := range members(p.cluster.Borrow().Words(p.Pending())) {
			if !yield(t.preempt(position).Preemption) {
				return
			}
		}
	}
}

// Preferred gives the preemption that the scheduler would carry out for an
// ordinary pod that it can place nowhere: with the fewest violated budgets, then
// the least important of the most important victims, then the lowest sum of
// priorities, the fewest victims, and the latest start of the most important
// ones (pkg/scheduler/framework/preemption, pickOneNodeForPreemption). Of equals
// it is the first by name, where the scheduler takes any; with more than 100
// pending nodes the scheduler looks only at some. False if there is none, or none
// is needed.
func (p *Prediction) Preferred() (Preemption, bool) {
	p = p.orNothing()
	if p.workload.daemonSet != nil || p.Placed().Len() > 0 {
		return Preemption{}, false
	}
	if best := p.trial().best(); best != nil {
		return best.Preemption, true
	}
	return Preemption{}, false
}

// sum counts every victim as positive, so that one more never makes it less.
func (p Preemption) sum() int64 {
	var sum int64
	for _, v := range p.Victims {
		sum += int64(v.Priority) + math.MaxInt32 + 1
	}
	return sum
}

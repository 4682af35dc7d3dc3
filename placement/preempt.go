package placement

import (
	"cmp"
	"iter"
)

// Preemptions yields, for every pending node, ascending by name, whom the
// scheduler would evict there. A pod of a DaemonSet can only go to one of them;
// for an ordinary pod the scheduler takes the one that Preferred gives.
func (p *Prediction) Preemptions() iter.Seq[Preemption] {
	return func(yield func(Preemption) bool) {
		p := p.orNothing()
		t := p.victimSearch()
		for position := range members(p.cluster.Borrow().Words(p.Pending())) {
			if !yield(t.preempt(position).Preemption) {
				return
			}
		}
	}
}

// Preemption gives the preemption that the scheduler would carry out for an
// ordinary pod that it can place nowhere: with the fewest violated budgets, then
// the least important of the most important victims, then the lowest sum of
// priorities, the fewest victims, and the latest start of the most important
// ones (pkg/scheduler/framework/preemption/preemption.go:
// pickOneNodeForPreemption). Of equals it is the first by name, where the
// scheduler takes any; with more than 100 pending nodes the scheduler looks only
// at some. False if there is none, or none is needed.
func (p *Prediction) Preemption() (Preemption, bool) {
	p = p.orNothing()
	if p.workload.daemonSet != nil || p.Placed().Len() > 0 {
		return Preemption{}, false
	}
	if best := p.victimSearch().best(); best != nil {
		return best.Preemption, true
	}
	return Preemption{}, false
}

// compare puts the one first that the scheduler prefers.
func (a *attempt) compare(b *attempt) int {
	return cmp.Or(
		cmp.Compare(a.Violations, b.Violations),
		cmp.Compare(a.Victims[0].Priority, b.Victims[0].Priority),
		cmp.Compare(a.sum(), b.sum()),
		cmp.Compare(len(a.Victims), len(b.Victims)),
		cmp.Compare(b.started, a.started),
	)
}

// best gives the preemption that the scheduler would carry out; nil if there is none.
func (t *victimSearch) best() *attempt {
	var best *attempt
	for position := range members(t.cluster.Borrow().Words(t.Pending())) {
		if a := t.preempt(position); a.Impossible == "" && (best == nil || a.compare(best) < 0) {
			best = &a
		}
	}
	return best
}

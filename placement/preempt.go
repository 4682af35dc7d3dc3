package placement

import (
	"cmp"
	"iter"

	"github.com/berthsim/berth/internal/borrow"
)

// Preemptions returns an iterator over the preemptions on the pending nodes,
// ascending by name. A pod of a DaemonSet can only go to its own node. For an
// ordinary pod the scheduler chooses one: see Preemption.
func (p *Prediction) Preemptions() iter.Seq[Preemption] {
	return func(yield func(Preemption) bool) {
		p := p.orNothing()
		t := p.victimSearch()
		for position := range members(borrow.Words(p.cluster, p.Pending())) {
			if !yield(t.preempt(position).Preemption) {
				return
			}
		}
	}
}

// Preemption returns the preemption that the scheduler would carry out for an
// ordinary pod that fits on no node. It prefers the fewest violated
// PodDisruptionBudgets, then the least important of the most important victims,
// then the lowest sum of priorities, the fewest victims, and the latest start
// of the most important ones (pkg/scheduler/framework/preemption/preemption.go:
// pickOneNodeForPreemption). Of equal nodes it is the first by name, where the
// scheduler may pick any. With more than 100 pending nodes the scheduler
// considers only some. Preemption returns false if there is none, or none is
// needed.
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

// compare orders attempts: the scheduler's choice is first.
func (a *attempt) compare(b *attempt) int {
	return cmp.Or(
		cmp.Compare(a.Violations, b.Violations),
		cmp.Compare(a.victims[0].priority, b.victims[0].priority),
		cmp.Compare(a.sum(), b.sum()),
		cmp.Compare(len(a.Victims), len(b.Victims)),
		cmp.Compare(b.started, a.started),
	)
}

// best returns the preemption that the scheduler would carry out, or nil if
// there is none.
func (t *victimSearch) best() *attempt {
	var best *attempt
	for position := range members(borrow.Words(t.cluster, t.Pending())) {
		if a := t.preempt(position); a.Impossible == "" && (best == nil || a.compare(best) < 0) {
			best = &a
		}
	}
	return best
}

package placement

import (
	"fmt"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"github.com/berthsim/berth/internal/borrow"
)

// FailedScheduling returns the message of the FailedScheduling event of a pod
// that fits on no node, including what the scheduler reports about preemption.
// It returns "" if the pod fits, and for a DaemonSet: see FailedSchedulingOn.
// If several nodes are equal for a preemption, the scheduler may name another
// one.
func (p *Prediction) FailedScheduling() string {
	p = p.orNothing()
	sentence := p.String()
	switch {
	case p.workload.daemonSet != nil || p.Placed().Len() > 0:
		return ""
	case p.cluster.Nodes().Len() == 0:
		return sentence
	case p.refusal() != "":
		return sentence + " not found" // PostFilter was not asked (pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go: PostFilter)
	case p.workload.fault != nil:
		return sentence
	}
	pending := borrow.Words(p.cluster, p.Pending())
	return sentence + " " + p.victimSearch().say(pending)
}

// FailedSchedulingOn returns the message of the FailedScheduling event of the
// DaemonSet's pod for a node, which the message names. It returns "" unless the
// node is pending.
func (p *Prediction) FailedSchedulingOn(node string) string {
	p = p.orNothing()
	position, ok := borrow.From(p.cluster).Position(node)
	if !ok || p.workload.daemonSet == nil || !p.Pending().Has(node) {
		return ""
	}
	t := reasonCount{}
	for _, r := range lowerFirst(p.why(position)) {
		t.count(r.Message, 1)
	}
	all := p.cluster.Nodes().Len()
	t.count(fmt.Sprintf("node(s) didn't satisfy plugin(s) [%s]", pluginAffinity), all-1)
	alone := borrow.Words(p.cluster, p.cluster.Named(node))
	return t.fitError(0, all) + " " + p.victimSearch().say(alone)
}

// say returns what the scheduler adds about preemption
// (pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go:
// PostFilter; pkg/scheduler/framework/preemption/preemption.go:
// Evaluator.evaluate).
func (t *victimSearch) say(pending []uint64) string {
	if t.pod.never {
		return "preemption: not eligible due to preemptionPolicy=Never."
	}
	var best *attempt
	var faults []error
	counts := reasonCount{}
	tried := 0
	for position := range members(pending) {
		a := t.preempt(position)
		switch {
		case a.Impossible == "" && (best == nil || a.compare(best) < 0):
			best = &a
		case a.Impossible != "" && a.words != nil:
			tried++
			for _, words := range a.words {
				counts.count(words, 1)
			}
		case a.none:
			faults = append(faults, fmt.Errorf("expected at least one victim pod on node %q", a.Node))
		}
	}
	switch {
	case best != nil:
		return fmt.Sprintf("preemption: found a potential placement for pod on node %s, preempting %d victims", best.Node, len(best.Victims))
	case len(faults) > 0:
		return "preemption: " + utilerrors.NewAggregate(faults).Error()
	}
	all := t.cluster.Nodes().Len()
	counts.count(notHelpful, all-tried)
	return "preemption: " + counts.fitError(0, all)
}

package placement

import (
	"fmt"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// FailedScheduling returns the message of the FailedScheduling event of a pod
// that fits on no node, including what the scheduler reports about preemption.
// It returns false if the pod fits, or if the API server refuses it. If several nodes are equal for a preemption,
// the scheduler may name another one.
//
// Each pod of a DaemonSet names one node, and so does its message. It is the
// message for the first of the given nodes where a pod is pending, or without
// nodes for the first of all. FailedScheduling returns false if there is none.
// For an ordinary pod the nodes are ignored.
func (p *Prediction) FailedScheduling(nodes ...string) (message string, failed bool) {
	p = p.orNothing()
	if p.workload.daemonSet == nil {
		return p.failed()
	}
	if len(nodes) == 0 {
		nodes = p.Pending().Names()
	}
	for _, node := range nodes {
		if p.Pending().Has(node) {
			return p.failedOn(node), true
		}
	}
	return "", false
}

func (p *Prediction) failed() (message string, failed bool) {
	sentence := p.String()
	switch {
	case p.refused() != nil:
		return "", false // there is no pod
	case p.Placed().Len() > 0:
		return "", false
	case p.cluster.Nodes().Len() == 0:
		return sentence, true
	case p.refusal() != "":
		return sentence + " not found", true // PostFilter was not asked (pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go: PostFilter)
	case p.scheduled().fault != nil:
		return sentence, true
	}
	pending := borrow.Words(p.cluster, p.Pending())
	return sentence + " " + p.victimSearch().say(pending), true
}

// failedOn returns the message of the DaemonSet's pod for a pending node.
func (p *Prediction) failedOn(node string) string {
	position, _ := borrow.From(p.cluster).Position(node)
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
	noClaims := "" // DynamicResources is asked first; a success or an error of DefaultPreemption replaces its words
	if !borrow.From(t.cluster).Release().Has(kube.NoClaimsUnmentioned) {
		noClaims = "no new claims to deallocate, "
	}
	if t.pod.never {
		return noClaims + "preemption: not eligible due to preemptionPolicy=Never."
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
		case a.Impossible != "" && a.messages != nil:
			tried++
			for _, words := range a.messages {
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
	return noClaims + "preemption: " + counts.fitError(0, all)
}

package rollout

import (
	"math"

	"github.com/berthsim/berth/placement"
)

// backOff starts the wait of a node, and has the node's failed pods looked at again when it is over.
func (dsc *daemonSetController) backOff(d *daemonSet, node int32) {
	if d.backoffs == nil {
		d.backoffs = make([]backoff, len(dsc.nodes))
	}
	d.backoffs[node].next(dsc.clock)
	dsc.kubelets.rearm(d, node)
	d.touch(node)
}

// forgetBackoffs drops the backoffs when a new generation is observed: its keys
// are new.
func (dsc *daemonSetController) forgetBackoffs(d *daemonSet) {
	old := d.backoffs
	d.backoffs = nil
	for n, b := range old {
		if b.delay != 0 {
			dsc.kubelets.rearm(d, int32(n))
			d.touch(int32(n))
		}
	}
}

// manage creates pods on nodes that want one and have none. It deletes pods that
// should not run, have failed or are too many
// (pkg/controller/daemon/daemon_controller.go: manage, podsShouldBeOnNode,
// getUnscheduledPodsWithoutNode).
func (dsc *daemonSetController) manage(d *daemonSet) {
	if d.number(toCreate) > 0 {
		for _, n := range dsc.walk(d, toCreate, toCreate, burst) {
			rule, _ := dsc.manageNode(d, n, dsc.doomed[:0])
			dsc.creations = append(dsc.creations, creation{n, ground{rule: rule}})
		}
	}
	if d.number(toPrune) == 0 {
		return
	}
	nodes := dsc.walk(d, toPrune, toPrune, math.MaxInt)
	for _, there := range [...]bool{true, false} {
		for _, n := range nodes {
			if dsc.nodes[n].there() == there {
				dsc.prune(d, n)
			}
		}
	}
	dsc.deletions = dsc.deletions[:min(burst, len(dsc.deletions))]
}

// prune also starts the backoff of a node whose failed pod is deleted, even if
// the burst limit leaves the pod for a later sync.
func (dsc *daemonSetController) prune(d *daemonSet, node int32) {
	from := len(dsc.deletions)
	_, dsc.deletions = dsc.manageNode(d, node, dsc.deletions)
	for _, x := range dsc.deletions[from:] {
		if x.rule == ReasonPodFailed {
			dsc.backOff(d, node)
		}
	}
}

// manageNode returns what manage does on one node: the reason to create a pod, 0
// if there is none, and the pods to delete, appended to doomed. It changes
// nothing.
func (dsc *daemonSetController) manageNode(d *daemonSet, node int32, doomed []deletion) (Reason, []deletion) {
	first := d.head[node]
	for first != none && dsc.pods[first].gone() {
		first = dsc.pods[first].next
	}
	decision := d.decision[node]
	switch {
	case !dsc.nodes[node].there():
		return "", dsc.pruneUnbound(first, doomed)
	case first == none && decision == placement.Eligible:
		return ReasonMissing, doomed
	case first == none:
		return "", doomed
	case decision == placement.Excluded:
		return "", dsc.pruneAll(first, doomed)
	}
	return dsc.pruneSome(d, node, first, doomed)
}

// pruneUnbound handles a removed node: pods bound to it are left to the pod
// garbage collector.
func (dsc *daemonSetController) pruneUnbound(first int32, doomed []deletion) []deletion {
	for id := first; id != none; id = dsc.pods[id].next {
		if p := &dsc.pods[id]; !p.gone() && !p.is(bound) {
			doomed = append(doomed, deletion{id, ground{rule: ReasonNodeDeleted}})
		}
	}
	return doomed
}

func (dsc *daemonSetController) pruneAll(first int32, doomed []deletion) []deletion {
	for id := first; id != none; id = dsc.pods[id].next {
		if !dsc.pods[id].is(terminating) {
			doomed = append(doomed, deletion{id, ground{rule: ReasonNotEligible}})
		}
	}
	return doomed
}

// pruneSome handles a node where pods may run. It deletes terminal pods; failed
// ones one at a time and not during the backoff. Of the others it keeps one, or
// two with surge.
func (dsc *daemonSetController) pruneSome(d *daemonSet, node, first int32, doomed []deletion) (Reason, []deletion) {
	backoff := dsc.inBackoff(d, node)
	alive, excess := 0, none // pods that run or will; the second of them
	for id := first; id != none; id = dsc.pods[id].next {
		p := &dsc.pods[id]
		switch {
		case p.is(terminating):
		case p.phase == failed && !backoff:
			doomed = append(doomed, deletion{id, ground{rule: ReasonPodFailed}})
			backoff = true
		case p.phase == failed:
		case p.phase == succeeded:
			doomed = append(doomed, deletion{id, ground{rule: ReasonPodSucceeded}})
		default:
			if alive++; alive == 2 {
				excess = id
			}
		}
	}
	switch {
	case alive > 1 && d.surges:
		return "", dsc.pruneSurge(d, first, doomed)
	case alive > 1:
		return "", dsc.pruneExcess(excess, doomed)
	case alive == 0 && d.surges && d.decision[node] == placement.Eligible:
		return ReasonNoLivePod, doomed
	}
	return "", doomed
}

func (dsc *daemonSetController) pruneExcess(id int32, doomed []deletion) []deletion {
	for ; id != none; id = dsc.pods[id].next {
		if dsc.pods[id].live() {
			doomed = append(doomed, deletion{id, ground{rule: ReasonDuplicate}})
		}
	}
	return doomed
}

// pruneSurge keeps at most one new and one old pod, the oldest of each. It
// deletes the old one too if it is not ready or the new one is available. A pod
// is new if it has the current hash; nothing else is compared here.
func (dsc *daemonSetController) pruneSurge(d *daemonSet, first int32, doomed []deletion) []deletion {
	fresh, old := none, none
	for id := first; id != none; id = dsc.pods[id].next {
		p := &dsc.pods[id]
		switch isNew := dsc.classes[p.class].hash == d.hash; {
		case !p.live():
		case isNew && fresh == none:
			fresh = id
		case !isNew && old == none:
			old = id
		default:
			doomed = append(doomed, deletion{id, ground{rule: ReasonDuplicate}})
		}
	}
	switch {
	case fresh == none || old == none:
	case !dsc.pods[old].is(isReady):
		doomed = append(doomed, deletion{old, ground{rule: ReasonOldNotReady}})
	case dsc.available(d, &dsc.pods[fresh]):
		doomed = append(doomed, deletion{old, ground{rule: ReasonNewAvailable}})
	}
	return doomed
}

package rollout

import (
	"fmt"
	"math"
)

// rollingUpdate deletes old pods, or creates new ones beside them, within the
// update limit of this sync (pkg/controller/daemon/update.go: rollingUpdate).
func (dsc *daemonSetController) rollingUpdate(d *daemonSet) error {
	surge, unavailable, err := d.budget()
	switch {
	case err != nil:
		return fmt.Errorf("couldn't get unavailable numbers: %w", err)
	case surge == 0:
		dsc.replace(d, unavailable)
		return nil
	case d.number(lost) > 0:
		return dsc.lostError(d)
	}
	dsc.surge(d, surge)
	return nil
}

// replace is the update without surge. It deletes every unavailable old pod
// regardless of maxUnavailable, and available ones as far as maxUnavailable
// allows. A new pod that is not available, an unavailable old one, a node without
// a live pod and one with too many use a unit each.
func (dsc *daemonSetController) replace(d *daemonSet, maxUnavailable int) {
	unavailable := d.number(out)
	dsc.replaceOld(d, oldDown, oldDownOut, math.MaxInt, ground{ReasonOldUnavailable, int32(unavailable), int32(maxUnavailable)})
	free := max(0, maxUnavailable-unavailable)
	from := len(dsc.deletions)
	dsc.replaceOld(d, oldUp, oldUpOut, free, ground{rule: ReasonMaxUnavailable, of: int32(maxUnavailable)})
	for i := range dsc.deletions[from:] {
		dsc.deletions[from+i].used = int32(unavailable + i + 1)
	}
	dsc.deletions = dsc.deletions[:min(burst, len(dsc.deletions))]
}

func (dsc *daemonSetController) replaceOld(d *daemonSet, a, b marks, limit int, why ground) {
	if limit == 0 || d.number(a)+d.number(b) == 0 {
		return
	}
	for _, n := range dsc.walk(d, a, b, min(limit, burst)) {
		dsc.deletions = append(dsc.deletions, deletion{dsc.oldPod(d, n), why})
	}
}

// oldPod returns the one old pod of a node that is not terminating. Mostly it is
// the only pod there.
func (dsc *daemonSetController) oldPod(d *daemonSet, node int32) int32 {
	if head := d.head[node]; dsc.pods[head].next == none {
		return head
	}
	return dsc.podsOnNode(d, node).oldest
}

// surge is the update with surge. It creates a new pod beside every unavailable
// old one, and beside available ones as far as maxSurge allows. The old pod is
// deleted when the new one is available. On nodes that no longer want a pod, an
// unavailable old pod is deleted at once, an available one only when more are
// available than desired.
func (dsc *daemonSetController) surge(d *daemonSet, maxSurge int) {
	for _, n := range dsc.walk(d, superseded, oldDownOut, burst) {
		rule := ReasonNewAvailable
		if d.set(oldDownOut).has(n) {
			rule = ReasonOldUnwanted
		}
		dsc.deletions = append(dsc.deletions, deletion{dsc.oldPod(d, n), ground{rule: rule}})
	}
	up, wanted := d.number(serving), d.number(desired)
	dsc.replaceOld(d, oldUpOut, oldUpOut, max(0, up-wanted), ground{ReasonSurplusAvailable, int32(up), int32(wanted)})
	dsc.deletions = dsc.deletions[:min(burst, len(dsc.deletions))]

	used := d.number(surging)
	for _, n := range dsc.walk(d, oldDown, oldDown, burst) {
		dsc.creations = append(dsc.creations, creation{n, ground{ReasonOldUnavailableSurge, int32(used), int32(maxSurge)}})
	}
	for i, n := range dsc.walk(d, oldUp, oldUp, min(burst, max(0, maxSurge-used))) {
		dsc.creations = append(dsc.creations, creation{n, ground{ReasonMaxSurge, int32(used + i + 1), int32(maxSurge)}})
	}
	dsc.creations = dsc.creations[:min(burst, len(dsc.creations))]
}

// lostError returns an error for the first node that does not exist but has an
// old pod: the controller cannot get the node and ends the whole update with an error.
func (dsc *daemonSetController) lostError(d *daemonSet) error {
	for n := range dsc.nodes {
		if d.marks[n]&lost != 0 {
			name := dsc.nodeNames[n].name
			return fmt.Errorf("couldn't get node for nodeName %q: node %q not found", name, name)
		}
	}
	return nil
}

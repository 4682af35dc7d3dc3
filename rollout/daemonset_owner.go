package rollout

import "k8s.io/apimachinery/pkg/labels"

// claim adopts orphans that the selector matches and releases pods that it does
// not (pkg/controller/controller_ref_manager.go:
// BaseControllerRefManager.ClaimObject).
func (dsc *daemonSetController) claim(d *daemonSet) {
	d.queued.clear(ownersChanged)
	for n := range dsc.nodes {
		for id := range dsc.listed(d.slot, int32(n)) {
			if !d.selector.Matches(labels.Set(dsc.classes[dsc.pods[id].class].labels)) {
				dsc.emitPod(EventReleased, id, cause{})
				dsc.evictions.setOwner(id, none, dsc.pods[id].class)
				dsc.orphaned()
			}
		}
		for id := range dsc.listed(none, int32(n)) {
			if p := &dsc.pods[id]; dsc.adoptable(d, p) {
				dsc.evictions.setOwner(id, d.slot, dsc.classLike(d, dsc.classes[p.class], ""))
				dsc.emitPod(EventAdopted, id, cause{})
				dsc.busy = true
			}
		}
	}
}

func (dsc *daemonSetController) adoptable(d *daemonSet, p *pod) bool {
	return p.is(orphan) && !p.is(terminating) && dsc.namespace(p) == d.object.Namespace &&
		d.selector.Matches(labels.Set(dsc.classes[p.class].labels))
}

// collectAll deletes the DaemonSet's pods as the garbage collector does.
func (dsc *daemonSetController) collectAll(d *daemonSet) {
	for _, id := range dsc.podsOf(d) {
		if !dsc.pods[id].is(terminating) {
			dsc.emitPod(EventGarbageCollected, id, cause{Reason: ReasonOwnerDeleted})
			dsc.kubelets.deletePod(id)
		}
	}
}

// disown leaves the terminating pods without an owner, but not for others to
// adopt.
func (dsc *daemonSetController) disown(d *daemonSet) {
	for _, id := range dsc.podsOf(d) {
		dsc.evictions.setOwner(id, none, dsc.pods[id].class)
		dsc.pods[id].flags &^= orphan
	}
}

func (dsc *daemonSetController) orphanAll(d *daemonSet) {
	for _, id := range dsc.podsOf(d) {
		dsc.evictions.setOwner(id, none, dsc.pods[id].class)
		dsc.emitPod(EventOrphaned, id, cause{})
	}
	for _, r := range d.revisions {
		dsc.orphanRevision(r)
	}
	dsc.dropDaemonSet(d)
	dsc.orphaned()
	for _, slot := range dsc.daemonSets.order {
		dsc.daemonSets.at[slot].queued.add(specChanged)
	}
}

// finish removes a DaemonSet whose foreground deletion has waited for its pods.
func (dsc *daemonSetController) finish(d *daemonSet) {
	if d.deleting && len(dsc.podsOf(d)) == 0 {
		dsc.emit(Event{Kind: EventObjectDeleted, Key: d.fullKey})
		dsc.dropDaemonSet(d)
	}
}

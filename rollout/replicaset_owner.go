package rollout

import "k8s.io/apimachinery/pkg/labels"

// deleteSetFirst deletes a ReplicaSet in the foreground: it is removed with the
// last of its pods.
func (rsc *replicaSetController) deleteSetFirst(rs *replicaSet) {
	object, now := *rs.object, rsc.timestamp(rsc.clock)
	object.DeletionTimestamp = &now
	object.Generation++
	rs.object, rs.deleting = &object, true
	rsc.setChanged(rs)
	rsc.collectPods(rs)
	rsc.finishSet(rs)
}

// claimPods adopts orphans that the selector matches and releases pods that it
// does not (pkg/controller/controller_ref_manager.go:
// PodControllerRefManager.ClaimPods).
func (rsc *replicaSetController) claimPods(rs *replicaSet) {
	if !rs.queued.has(ownersChanged) {
		return
	}
	rs.queued.clear(ownersChanged)
	active := rsc.appendActive(rsc.scratch.take(), rs)
	for _, id := range active {
		if p := &rsc.pods[id]; !rs.selector.Matches(labels.Set(rsc.classes[p.class].labels)) {
			rsc.emitPod(EventReleased, id, cause{})
			rsc.leave(id)
			p.flags |= orphan
			rsc.orphaned()
		}
	}
	rsc.scratch.giveBack(active)
	if rs.deleting {
		return
	}
	like := map[int32]int32{}
	for id := range rsc.pods {
		if p := &rsc.pods[id]; p.phase != vacant && rsc.adoptableBy(rs, p) {
			rsc.adoptReplica(int32(id), rs, like)
		}
	}
}

func (rsc *replicaSetController) adoptableBy(rs *replicaSet, p *pod) bool {
	return p.is(orphan) && p.live() && rsc.namespace(p) == rs.object.Namespace &&
		rs.selector.Matches(labels.Set(rsc.classes[p.class].labels))
}

// adoptReplica makes the ReplicaSet the owner of an orphan. The orphan gets a
// class of the ReplicaSet; like maps its old class to that one.
func (rsc *replicaSetController) adoptReplica(id int32, rs *replicaSet, like map[int32]int32) {
	p := &rsc.pods[id]
	class, ok := like[p.class]
	if !ok {
		made := *rsc.classes[p.class]
		class = rsc.addSetClass(rs, &made)
		like[p.class] = class
	}
	rsc.setClass(id, class)
	p.flags &^= orphan
	rsc.join(id, rs)
	rsc.kubelets.arm(id)
	rsc.emitPod(EventAdopted, id, cause{})
	rsc.busy = true
}

// finishSet removes a ReplicaSet whose foreground deletion has waited for its pods.
func (rsc *replicaSetController) finishSet(rs *replicaSet) {
	if !rs.deleting || len(rs.pods) > 0 {
		return
	}
	owner := rs.deployment
	rsc.dropSet(rs)
	if owner != none {
		rsc.deployments.at[owner].queued.add(stateChanged)
	}
}

// collectSet deletes the ReplicaSet's pods as the garbage collector does, and
// the ReplicaSet.
func (rsc *replicaSetController) collectSet(rs *replicaSet) {
	rsc.collectPods(rs)
	for len(rs.pods) > 0 { // terminating, without an owner but not for others to adopt
		rsc.leave(rs.pods[len(rs.pods)-1])
	}
	rsc.dropSet(rs)
}

func (rsc *replicaSetController) collectPods(rs *replicaSet) {
	for _, id := range append([]int32(nil), rs.pods...) {
		if !rsc.pods[id].is(terminating) {
			rsc.emitPod(EventGarbageCollected, id, cause{Reason: ReasonReplicaSetDeleted})
			rsc.kubelets.deletePod(id)
		}
	}
}

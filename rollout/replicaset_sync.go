package rollout

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/kube"
)

// setBurst is the maximum number of pods that one sync of a ReplicaSet creates or
// deletes (pkg/controller/replicaset/replica_set.go: BurstReplicas).
const setBurst = 500

// syncAll syncs the ReplicaSets that have changes, ascending by key.
func (rsc *replicaSetController) syncAll() {
	for _, slot := range slices.Clone(rsc.replicaSets.order) {
		if rs := rsc.replicaSets.at[slot]; rs != nil && rs.queued.has(stateChanged) {
			rsc.syncSet(rs)
		}
	}
}

// syncSet runs one sync of one ReplicaSet
// (pkg/controller/replicaset/replica_set.go: syncReplicaSet). The next sync sees
// what it creates and deletes.
func (rsc *replicaSetController) syncSet(rs *replicaSet) {
	rs.queued.clear(stateChanged)
	rsc.claimPods(rs)
	now := rsc.setStatus(rs)
	if !rs.deleting {
		active := rsc.appendActive(rsc.scratch.take(), rs)
		rsc.manageSet(rs, active, &now)
		rsc.scratch.giveBack(active)
	}
	rsc.storeSetStatus(rs, now)
	rsc.finishSet(rs)
}

// manageSet creates missing pods, or deletes surplus ones
// (pkg/controller/replicaset/replica_set.go: manageReplicas). If the API server
// refuses a pod, manageSet sets a condition in the status.
func (rsc *replicaSetController) manageSet(rs *replicaSet, active []int32, status *appsv1.ReplicaSetStatus) {
	failure := ""
	switch diff := len(active) - int(rs.size()); {
	case diff < 0 && rsc.classOf(rs) == none:
		failure = rs.denied.message
		rs.requeue.failed(rsc.clock)
	case diff < 0:
		failure = rsc.createReplicas(rs, min(-diff, setBurst))
	case diff > 0:
		for _, x := range rsc.podsToDelete(rs, active, min(diff, setBurst)) {
			rsc.emitPod(EventDeleted, x, cause{Reason: ReasonScaleDown, Used: len(active), Limit: int(rs.size())})
			rsc.kubelets.deletePod(x)
		}
	}
	if failure == "" {
		rs.over = denial{}
		rs.requeue.succeeded()
	}
	rsc.noteFailure(status, failure)
}

// createReplicas creates pods until a ResourceQuota refuses one. It returns the refusal.
// Upstream creates them in batches and ends with the batch that fails, whose other pods
// are refused too (pkg/controller/replicaset/replica_set.go: slowStartBatch).
func (rsc *replicaSetController) createReplicas(rs *replicaSet, n int) (failure string) {
	for range n {
		if refusal := rsc.charge(rsc.classes[rs.class]); refusal != nil {
			rs.requeue.failed(rsc.clock)
			if why := denialOf(refusal); why != rs.over {
				rs.over = why
				rsc.createFailed(rs)
			}
			return refusal.Message
		}
		rsc.createReplica(rs)
	}
	return ""
}

func (rsc *replicaSetController) createReplica(rs *replicaSet) {
	id, _ := rsc.newPod(rs.class, nextSerial(&rs.serial, &rs.taken))
	rsc.join(id, rs)
	rsc.emitPod(EventCreated, id, cause{Reason: ReasonScaleUp})
	if node := rsc.classes[rs.class].template.Spec.NodeName; node != "" {
		rsc.scheduler.bindTo(id, rsc.slotFor(node)) // it bypasses the scheduler
		return
	}
	rsc.scheduler.enqueue(id)
}

// setStatus counts the pods as the sync finds them
// (pkg/controller/replicaset/replica_set_utils.go: calculateStatus).
func (rsc *replicaSetController) setStatus(rs *replicaSet) appsv1.ReplicaSetStatus {
	now := rs.status
	now.Replicas, now.FullyLabeledReplicas, now.ReadyReplicas, now.AvailableReplicas = 0, 0, 0, 0
	leaving := int32(0)
	of := labels.Set(rs.object.Spec.Template.Labels).AsSelectorPreValidated()
	labelled, known := false, none // labelled is the answer for the class known
	for _, id := range rs.pods {
		p := &rsc.pods[id]
		switch {
		case p.terminal():
			continue
		case p.is(terminating):
			if rs.selector.Matches(labels.Set(rsc.classes[p.class].labels)) { // (pkg/controller/controller_utils.go: FilterClaimedPods)
				leaving++
			}
			continue
		}
		if p.class != known {
			known, labelled = p.class, of.Matches(labels.Set(rsc.classes[p.class].labels))
		}
		now.Replicas++
		if labelled {
			now.FullyLabeledReplicas++
		}
		if p.is(isReady) {
			now.ReadyReplicas++
		}
		if rsc.availableFor(rs.minReady(), p) {
			now.AvailableReplicas++
		}
	}
	now.TerminatingReplicas = nil
	if rsc.release().Has(kube.TerminatingReplicas) {
		now.TerminatingReplicas = &leaving
	}
	return now
}

// noteFailure sets the condition ReplicaFailure, or takes it away.
func (rsc *replicaSetController) noteFailure(status *appsv1.ReplicaSetStatus, failure string) {
	had := len(status.Conditions) > 0 && status.Conditions[0].Type == appsv1.ReplicaSetReplicaFailure
	switch {
	case failure != "" && !had:
		status.Conditions = []appsv1.ReplicaSetCondition{{
			Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate",
			Message: failure, LastTransitionTime: rsc.timestamp(rsc.clock),
		}}
	case failure == "" && had:
		status.Conditions = nil
	}
}

// storeSetStatus follows the controller
// (pkg/controller/replicaset/replica_set_utils.go: updateReplicaSetStatus).
func (rsc *replicaSetController) storeSetStatus(rs *replicaSet, now appsv1.ReplicaSetStatus) {
	if rs.status.ObservedGeneration == rs.object.Generation && equality.Semantic.DeepEqual(rs.status, now) {
		return
	}
	now.ObservedGeneration = rs.object.Generation
	rs.status = now
	rsc.setChanged(rs)
}

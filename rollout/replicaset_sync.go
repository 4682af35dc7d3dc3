package rollout

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"
)

// setBurst is how many pods one sync of a ReplicaSet creates or deletes at most
// (pkg/controller/replicaset: BurstReplicas).
const setBurst = 500

// syncSet is one pass of the controller over one ReplicaSet
// (pkg/controller/replicaset: syncReplicaSet). What it creates and deletes is
// seen by the next.
func (s *Sim) syncSet(rs *replicaSet) {
	rs.queued.clear(stateChanged)
	s.claimPods(rs)
	now := s.setStatus(rs)
	if !rs.deleting {
		active := s.appendActive(s.scratch.take(), rs)
		s.manageSet(rs, active, &now)
		s.scratch.giveBack(active)
	}
	s.storeSetStatus(rs, now)
	s.finishSet(rs)
}

// manageSet creates the pods that are missing, or deletes those that are too
// many (pkg/controller/replicaset: manageReplicas). Where the API server takes no
// pod the status says so.
func (s *Sim) manageSet(rs *replicaSet, active []int32, status *appsv1.ReplicaSetStatus) {
	failure := ""
	switch diff := len(active) - int(rs.size()); {
	case diff < 0 && s.classOf(rs) == none:
		failure = rs.denied
	case diff < 0:
		for range min(-diff, setBurst) {
			s.createReplica(rs)
		}
	case diff > 0:
		for _, x := range s.victims(rs, active, min(diff, setBurst)) {
			s.emitPod(Deleted, x, Why{Rule: TooManyReplicas, Used: len(active), Of: int(rs.size())})
			s.deletePod(x)
		}
	}
	s.noteFailure(status, failure)
}

func (s *Sim) createReplica(rs *replicaSet) {
	id, _ := s.newPod(rs.class, nextSerial(&rs.serial, &rs.taken))
	s.join(id, rs)
	s.emitPod(Created, id, Why{Rule: TooFewReplicas})
	if node := s.classes[rs.class].template.Spec.NodeName; node != "" {
		s.bindTo(id, s.slotFor(node)) // nobody schedules it
		return
	}
	s.unbound, s.freed = append(s.unbound, id), true
}

// appendActive appends the pods that count: neither ended nor on their way out
// (pkg/controller: FilterActivePods).
func (s *Sim) appendActive(list []int32, rs *replicaSet) []int32 {
	for _, id := range rs.pods {
		if s.pods[id].live() {
			list = append(list, id)
		}
	}
	return list
}

// claimPods adopts orphans that the selector matches and releases pods that it
// does not (pkg/controller: PodControllerRefManager.ClaimPods).
func (s *Sim) claimPods(rs *replicaSet) {
	if !rs.queued.has(ownersChanged) {
		return
	}
	rs.queued.clear(ownersChanged)
	active := s.appendActive(s.scratch.take(), rs)
	for _, id := range active {
		if p := &s.pods[id]; !rs.selector.Matches(labels.Set(s.classes[p.class].labels)) {
			s.emitPod(Released, id, Why{})
			s.leave(id)
			p.flags |= orphan
			s.orphaned()
		}
	}
	s.scratch.giveBack(active)
	if rs.deleting {
		return
	}
	like := map[int32]int32{}
	for id := range s.pods {
		if p := &s.pods[id]; p.phase != vacant && s.adoptableBy(rs, p) {
			s.adoptReplica(int32(id), rs, like)
		}
	}
}

func (s *Sim) adoptableBy(rs *replicaSet, p *pod) bool {
	return p.is(orphan) && p.live() && s.namespace(p) == rs.object.Namespace &&
		rs.selector.Matches(labels.Set(s.classes[p.class].labels))
}

// adoptReplica makes an orphan the ReplicaSet's. Its class is the ReplicaSet's
// own from now on: like remembers which one that is.
func (s *Sim) adoptReplica(id int32, rs *replicaSet, like map[int32]int32) {
	p := &s.pods[id]
	class, ok := like[p.class]
	if !ok {
		made := *s.classes[p.class]
		class = s.addSetClass(rs, &made)
		like[p.class] = class
	}
	p.class = class
	p.flags &^= orphan
	s.join(id, rs)
	s.arm(id)
	s.emitPod(Adopted, id, Why{})
	s.busy = true
}

// setStatus counts the pods as the sync finds them
// (pkg/controller/replicaset: calculateStatus).
func (s *Sim) setStatus(rs *replicaSet) appsv1.ReplicaSetStatus {
	now := rs.status
	now.Replicas, now.FullyLabeledReplicas, now.ReadyReplicas, now.AvailableReplicas = 0, 0, 0, 0
	leaving := int32(0)
	of := labels.Set(rs.object.Spec.Template.Labels).AsSelectorPreValidated()
	labelled, known := false, none // whether the class asked last is
	for _, id := range rs.pods {
		p := &s.pods[id]
		switch {
		case p.terminal():
			continue
		case p.is(terminating):
			leaving++
			continue
		}
		if p.class != known {
			known, labelled = p.class, of.Matches(labels.Set(s.classes[p.class].labels))
		}
		now.Replicas++
		if labelled {
			now.FullyLabeledReplicas++
		}
		if p.is(isReady) {
			now.ReadyReplicas++
		}
		if s.availableFor(rs.minReady(), p) {
			now.AvailableReplicas++
		}
	}
	now.TerminatingReplicas = &leaving
	return now
}

// noteFailure sets the condition ReplicaFailure, or takes it away.
func (s *Sim) noteFailure(status *appsv1.ReplicaSetStatus, failure string) {
	had := len(status.Conditions) > 0 && status.Conditions[0].Type == appsv1.ReplicaSetReplicaFailure
	switch {
	case failure != "" && !had:
		status.Conditions = []appsv1.ReplicaSetCondition{{
			Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate",
			Message: failure, LastTransitionTime: s.timestamp(s.clock),
		}}
	case failure == "" && had:
		status.Conditions = nil
	}
}

// storeSetStatus follows pkg/controller/replicaset: updateReplicaSetStatus.
func (s *Sim) storeSetStatus(rs *replicaSet, now appsv1.ReplicaSetStatus) {
	if rs.status.ObservedGeneration == rs.object.Generation && equality.Semantic.DeepEqual(rs.status, now) {
		return
	}
	now.ObservedGeneration = rs.object.Generation
	rs.status = now
	s.setChanged(rs)
}

// finishSet removes a ReplicaSet whose foreground deletion has waited for its pods.
func (s *Sim) finishSet(rs *replicaSet) {
	if !rs.deleting || len(rs.pods) > 0 {
		return
	}
	owner := rs.deployment
	s.dropSet(rs)
	if owner != none {
		s.deployments.at[owner].queued.add(stateChanged)
	}
}

// collectSet deletes the ReplicaSet's pods as the garbage collector does, and
// the ReplicaSet.
func (s *Sim) collectSet(rs *replicaSet) {
	s.collectPods(rs)
	for len(rs.pods) > 0 { // on their way out, without an owner but not for others to adopt
		s.leave(rs.pods[len(rs.pods)-1])
	}
	s.dropSet(rs)
}

func (s *Sim) collectPods(rs *replicaSet) {
	for _, id := range append([]int32(nil), rs.pods...) {
		if !s.pods[id].is(terminating) {
			s.emitPod(Collected, id, Why{Rule: SetGone})
			s.deletePod(id)
		}
	}
}

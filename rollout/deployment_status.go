package rollout

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// checkPaused sets the condition that keeps paused time from counting against the
// deadline (pkg/controller/deployment/sync.go: checkPausedConditions).
func (y *deploymentSync) checkPaused() error {
	reason := reasonOf(y.now.Conditions, appsv1.DeploymentProgressing)
	if _, has := y.d.deadline(); !has || reason == reasonTimedOut {
		return nil
	}
	switch paused := y.d.object.Spec.Paused; {
	case paused && reason != reasonPaused:
		y.setCondition(appsv1.DeploymentProgressing, corev1.ConditionUnknown, reasonPaused, "Deployment is paused")
	case !paused && reason == reasonPaused:
		y.setCondition(appsv1.DeploymentProgressing, corev1.ConditionUnknown, "DeploymentResumed", "Deployment is resumed")
	default:
		return nil
	}
	return y.write()
}

// count sums the statuses of the ReplicaSets into the Deployment's status
// (pkg/controller/deployment/sync.go: calculateStatus).
func (y *deploymentSync) count(current *replicaSet, old []*replicaSet) {
	was := y.now
	y.now = appsv1.DeploymentStatus{ObservedGeneration: y.d.object.Generation, CollisionCount: was.CollisionCount, Conditions: was.Conditions}
	st, wanted, leaving := &y.now, int32(0), int32(0)
	st.TerminatingReplicas = &leaving
	for _, rs := range all(current, old) {
		wanted += rs.seen
		st.Replicas += rs.status.Replicas
		st.ReadyReplicas += rs.status.ReadyReplicas
		st.AvailableReplicas += rs.status.AvailableReplicas
		switch n := rs.status.TerminatingReplicas; {
		case n != nil:
			leaving += *n
		case rs.status.ObservedGeneration != 0:
			st.TerminatingReplicas = nil // unknown
		}
	}
	if current != nil {
		st.UpdatedReplicas = current.status.Replicas
	}
	st.UnavailableReplicas = max(0, wanted-st.AvailableReplicas)
	if st.AvailableReplicas >= y.d.least() {
		y.setCondition(appsv1.DeploymentAvailable, corev1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.")
	} else {
		y.setCondition(appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
	}
}

// all returns the old ReplicaSets and, last, the current one.
func all(current *replicaSet, old []*replicaSet) []*replicaSet {
	if current == nil {
		return old
	}
	return append(old[:len(old):len(old)], current)
}

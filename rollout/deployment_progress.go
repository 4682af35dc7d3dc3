package rollout

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// rolloutStatus writes the status of a Deployment during and after a rollout. The
// condition Progressing follows from what has changed since the last time, and
// from the clock (pkg/controller/deployment/progress.go: syncRolloutStatus).
func (y *deploymentSync) rolloutStatus(current *replicaSet, old []*replicaSet) error {
	before := y.now
	y.count(current, old)
	_, limited := y.d.deadline()
	reason := reasonOf(before.Conditions, appsv1.DeploymentProgressing)
	switch done := y.now.Replicas == y.now.UpdatedReplicas && reason == reasonAvailable; {
	case !limited:
		y.dropCondition(appsv1.DeploymentProgressing)
	case !done:
		y.judgeProgress(&before, current)
	}
	y.moveFailure(current, old)
	if err := y.writeIfChanged(); err != nil || y.stale.deployment {
		return err
	}
	y.planCheck()
	return nil
}

func (y *deploymentSync) judgeProgress(before *appsv1.DeploymentStatus, current *replicaSet) {
	subject := fmt.Sprintf("Deployment %q", y.d.object.Name)
	if current != nil {
		subject = fmt.Sprintf("ReplicaSet %q", current.object.Name)
	}
	switch {
	case y.d.complete(&y.now):
		y.setCondition(appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonAvailable, subject+" has successfully progressed.")
	case advanced(before, &y.now):
		y.renewProgress(subject + " is progressing.")
	case y.timedOut():
		y.setCondition(appsv1.DeploymentProgressing, corev1.ConditionFalse, reasonTimedOut, subject+" has timed out progressing.")
	}
}

// renewProgress updates the condition even if its reason stays the same: the time
// counts.
func (y *deploymentSync) renewProgress(message string) {
	at := y.dc.timestamp(y.dc.clock)
	c := appsv1.DeploymentCondition{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, LastUpdateTime: at, LastTransitionTime: at,
		Reason: "ReplicaSetUpdated", Message: message,
	}
	if old := conditionOf(y.now.Conditions, c.Type); old != nil && old.Status == corev1.ConditionTrue {
		c.LastTransitionTime = old.LastTransitionTime
	}
	y.dropCondition(c.Type)
	y.now.Conditions = append(y.now.Conditions, c)
}

// advanced follows the controller
// (pkg/controller/deployment/util/deployment_util.go: DeploymentProgressing).
func advanced(before, now *appsv1.DeploymentStatus) bool {
	return now.UpdatedReplicas > before.UpdatedReplicas ||
		now.Replicas-now.UpdatedReplicas < before.Replicas-before.UpdatedReplicas ||
		now.ReadyReplicas > before.ReadyReplicas || now.AvailableReplicas > before.AvailableReplicas
}

// timedOut follows the controller
// (pkg/controller/deployment/util/deployment_util.go: DeploymentTimedOut).
func (y *deploymentSync) timedOut() bool {
	c := conditionOf(y.now.Conditions, appsv1.DeploymentProgressing)
	switch {
	case c == nil || c.Reason == reasonAvailable:
		return false
	case c.Reason == reasonTimedOut:
		return true
	}
	seconds, _ := y.d.deadline()
	return int64(y.dc.simTimeOf(c.LastUpdateTime))+int64(seconds) < int64(y.dc.clock)
}

// planCheck schedules a progress check for when the deadline has passed, a second
// late as in the controller (pkg/controller/deployment/progress.go:
// requeueStuckDeployment).
func (y *deploymentSync) planCheck() {
	c := conditionOf(y.now.Conditions, appsv1.DeploymentProgressing)
	seconds, limited := y.d.deadline()
	if !limited || c == nil || c.Reason == reasonTimedOut || c.Reason == reasonAvailable || y.d.complete(&y.now) {
		return
	}
	y.d.check = y.dc.tickOf(int64(y.dc.simTimeOf(c.LastUpdateTime)) + int64(seconds) + 1)
}

// moveFailure copies the condition ReplicaFailure of a ReplicaSet, the current
// one before the others (pkg/controller/deployment/progress.go:
// getReplicaFailures).
func (y *deploymentSync) moveFailure(current *replicaSet, old []*replicaSet) {
	sets := all(current, old)
	if current != nil {
		sets = append([]*replicaSet{current}, old...)
	}
	for _, rs := range sets {
		for _, c := range rs.status.Conditions {
			if c.Type == appsv1.ReplicaSetReplicaFailure {
				y.putCondition(appsv1.DeploymentCondition{
					Type: appsv1.DeploymentReplicaFailure, Status: c.Status, Reason: c.Reason, Message: c.Message,
					LastTransitionTime: c.LastTransitionTime, LastUpdateTime: c.LastTransitionTime,
				})
				return
			}
		}
	}
	y.dropCondition(appsv1.DeploymentReplicaFailure)
}

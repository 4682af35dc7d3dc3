package rollout

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// The reasons of Progressing that affect the controller
// (pkg/controller/deployment/util/deployment_util.go: NewRSAvailableReason,
// TimedOutReason, PausedDeployReason).
const (
	reasonAvailable = "NewReplicaSetAvailable"
	reasonTimedOut  = "ProgressDeadlineExceeded"
	reasonPaused    = "DeploymentPaused"
)

// conditionOf finds a condition, or nil.
func conditionOf(all []appsv1.DeploymentCondition, kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	if i := slices.IndexFunc(all, func(c appsv1.DeploymentCondition) bool { return c.Type == kind }); i >= 0 {
		return &all[i]
	}
	return nil
}

// reasonOf returns the reason of a condition, empty if there is no such
// condition.
func reasonOf(all []appsv1.DeploymentCondition, kind appsv1.DeploymentConditionType) string {
	if c := conditionOf(all, kind); c != nil {
		return c.Reason
	}
	return ""
}

// setCondition appends a condition, unless there is one with this status and
// reason; the message is not compared
// (pkg/controller/deployment/util/deployment_util.go: NewDeploymentCondition,
// SetDeploymentCondition).
func (y *deploymentSync) setCondition(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string) {
	at := y.dc.timestamp(y.dc.clock)
	y.putCondition(appsv1.DeploymentCondition{Type: kind, Status: status, LastUpdateTime: at, LastTransitionTime: at, Reason: reason, Message: message})
}

func (y *deploymentSync) putCondition(c appsv1.DeploymentCondition) {
	if old := conditionOf(y.now.Conditions, c.Type); old != nil && old.Status == c.Status {
		if old.Reason == c.Reason {
			return
		}
		c.LastTransitionTime = old.LastTransitionTime
	}
	y.dropCondition(c.Type)
	y.now.Conditions = append(y.now.Conditions, c)
}

// dropCondition creates another list, since the old one is shared.
func (y *deploymentSync) dropCondition(kind appsv1.DeploymentConditionType) {
	var rest []appsv1.DeploymentCondition
	for _, c := range y.now.Conditions {
		if c.Type != kind {
			rest = append(rest, c)
		}
	}
	y.now.Conditions = rest
}

// noteConditions emits an event for each condition with a new status or reason.
func (y *deploymentSync) noteConditions(before, now []appsv1.DeploymentCondition) {
	for _, c := range now {
		if old := conditionOf(before, c.Type); old == nil || old.Status != c.Status || old.Reason != c.Reason {
			y.dc.emit(Event{Kind: EventConditionChanged, Key: y.d.fullKey, Detail: fmt.Sprintf("%s %s %s: %s", c.Type, c.Status, c.Reason, c.Message)})
		}
	}
}

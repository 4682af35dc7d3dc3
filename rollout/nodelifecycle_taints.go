package rollout

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// conditionTaints maps a node's conditions to the keys of its NoSchedule taints
// (pkg/controller/nodelifecycle/node_lifecycle_controller.go:
// nodeConditionToTaintKeyStatusMap).
var conditionTaints = []struct {
	condition corev1.NodeConditionType
	status    corev1.ConditionStatus
	key       string
}{
	{corev1.NodeReady, corev1.ConditionFalse, corev1.TaintNodeNotReady},
	{corev1.NodeReady, corev1.ConditionUnknown, corev1.TaintNodeUnreachable},
	{corev1.NodeMemoryPressure, corev1.ConditionTrue, corev1.TaintNodeMemoryPressure},
	{corev1.NodeDiskPressure, corev1.ConditionTrue, corev1.TaintNodeDiskPressure},
	{corev1.NodeNetworkUnavailable, corev1.ConditionTrue, corev1.TaintNodeNetworkUnavailable},
	{corev1.NodePIDPressure, corev1.ConditionTrue, corev1.TaintNodePIDPressure},
}

// misTaints returns the NoSchedule taints of the controller's keys that the node lacks,
// and those that it must not have, by its conditions
// (pkg/controller/nodelifecycle/node_lifecycle_controller.go:
// doNoScheduleTaintingPass).
func misTaints(object *corev1.Node) (lacks, extra []corev1.Taint) {
	see := func(key string, holds bool) {
		taint := corev1.Taint{Key: key, Effect: corev1.TaintEffectNoSchedule}
		switch has := kube.HasTaint(object, &taint); {
		case holds && !has:
			lacks = append(lacks, taint)
		case !holds && has:
			extra = append(extra, taint)
		}
	}
	for _, t := range conditionTaints {
		see(t.key, slices.ContainsFunc(object.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == t.condition && c.Status == t.status
		}))
	}
	see(corev1.TaintNodeUnschedulable, object.Spec.Unschedulable)
	return lacks, extra
}

// reconcileTaints makes the NoSchedule taints of the controller's keys what the
// conditions say, whoever changed them.
func (nlc *nodeLifecycleController) reconcileTaints(object *corev1.Node) {
	lacks, extra := misTaints(object)
	for _, taint := range lacks {
		nlc.addTaint(object, taint)
	}
	for _, taint := range extra {
		nlc.dropTaint(object, taint)
	}
}

func (nlc *nodeLifecycleController) addTaint(object *corev1.Node, taint corev1.Taint) {
	nlc.emit(Event{Kind: EventNodeTainted, Node: object.Name, Detail: taint.ToString()})
	at := nlc.timestamp(nlc.clock)
	taint.TimeAdded = &at
	object.Spec.Taints = append(object.Spec.Taints, taint)
}

func (nlc *nodeLifecycleController) dropTaint(object *corev1.Node, taint corev1.Taint) {
	nlc.emit(Event{Kind: EventNodeUntainted, Node: object.Name, Detail: taint.ToString()})
	object.Spec.Taints = slices.DeleteFunc(object.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) })
}

// noExecuteTaints returns the NoExecute taint of a node with this status of its Ready
// condition, and the other one, which it must not have. ok is false if the node has
// neither.
func noExecuteTaints(ready corev1.ConditionStatus) (taint, opposite corev1.Taint, ok bool) {
	switch ready {
	case corev1.ConditionFalse:
		return notReadyTaint, unreachableTaint, true
	case corev1.ConditionUnknown:
		return unreachableTaint, notReadyTaint, true
	}
	return corev1.Taint{}, corev1.Taint{}, false
}

// swapTaint adds the NoExecute taint of the node's Ready condition, and removes the
// opposite one.
func (nlc *nodeLifecycleController) swapTaint(node int32) {
	object := nlc.copyOf(node)
	taint, opposite, _ := noExecuteTaints(kube.NodeReady(object))
	if !kube.HasTaint(object, &taint) {
		nlc.addTaint(object, taint)
	}
	if kube.HasTaint(object, &opposite) {
		nlc.dropTaint(object, opposite)
	}
	nlc.setNode(node, object)
}

// markReachable removes the NoExecute taints of both kinds, and has the node wait for
// none (pkg/controller/nodelifecycle/node_lifecycle_controller.go:
// markNodeAsReachable).
func (nlc *nodeLifecycleController) markReachable(node int32, z *zone) {
	z.forget(node)
	object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[node].name)
	if !kube.HasTaint(object, &notReadyTaint) && !kube.HasTaint(object, &unreachableTaint) {
		return
	}
	object = nlc.copyOf(node)
	for _, taint := range []corev1.Taint{unreachableTaint, notReadyTaint} {
		if kube.HasTaint(object, &taint) {
			nlc.dropTaint(object, taint)
		}
	}
	nlc.setNode(node, object)
}

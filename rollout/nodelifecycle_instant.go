package rollout

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// This file is Config.Instant: what follows from a node's state follows in the same
// tick.

func (nlc *nodeLifecycleController) reportInstantly(node int32, ready corev1.ConditionStatus, message string) {
	if ready == corev1.ConditionTrue {
		nlc.nodes[node].flags &^= isUnready | isDown | isLost | notReadyCauses
		nlc.kubelets.settleNode(node)
		nlc.editNode(node, cluster.Ready())
		nlc.kubelets.unstick(node)
		return
	}
	nlc.editNode(node, cluster.NotReady())
	object := nlc.copyOf(node)
	kube.SetReadyMessage(object, message)
	nlc.setNode(node, object)
	nlc.readCondition(node, object)
	nlc.kubelets.settleNode(node)
}

func (nlc *nodeLifecycleController) loseInstantly(node int32) {
	state := &nlc.nodes[node]
	state.flags = state.flags&^(isUnready|notReadyCauses) | isDown | isLost
	nlc.kubelets.settleNode(node)
	object := nlc.copyOf(node)
	kube.SetNodeReady(object, corev1.ConditionUnknown)
	nlc.setNode(node, object)
	state.turn++
	nlc.alarm(unreachable, node, nlc.health.grace)
}

func (nlc *nodeLifecycleController) editInstantly(node int32, edits []cluster.NodeEdit) {
	nlc.editNode(node, edits...)
	object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[node].name)
	nlc.readCondition(node, object)
	nlc.kubelets.settleNode(node)
}

func (nlc *nodeLifecycleController) replaceInstantly(node int32, object *corev1.Node) {
	nlc.setNode(node, object)
	nlc.readCondition(node, object)
	nlc.kubelets.settleNode(node)
}

// fireAlarms runs the alarms that are due, if their cause still holds.
func (nlc *nodeLifecycleController) fireAlarms(kind alarmKind) {
	if len(nlc.alarms) == 0 || nlc.alarms[0].tick > nlc.now {
		return
	}
	nlc.alarms = slices.DeleteFunc(nlc.alarms, func(a alarm) bool {
		if a.tick > nlc.now || a.kind != kind {
			return false
		}
		switch n := &nlc.nodes[a.node]; {
		case kind == collection && !n.there() && n.turn == a.turn:
			nlc.collect(a.node)
		case kind == unreachable && n.is(isDown) && n.turn == a.turn:
			nlc.editNode(a.node,
				cluster.Untaint(corev1.TaintNodeNotReady),
				cluster.Taint(corev1.TaintNodeUnreachable+":"+string(corev1.TaintEffectNoSchedule)),
				cluster.Taint(corev1.TaintNodeUnreachable+":"+string(corev1.TaintEffectNoExecute)))
			nlc.emit(Event{Kind: EventNodeTainted, Node: nlc.nodeNames[a.node].name, Detail: corev1.TaintNodeUnreachable})
		}
		return true
	})
}

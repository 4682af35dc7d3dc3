package rollout

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// nodeLifecycleController applies a change of a node to its pods and to the
// controllers (pkg/controller/nodelifecycle/node_lifecycle_controller.go:
// Controller; pkg/controller/podgc/gc_controller.go: PodGCController).
type nodeLifecycleController struct {
	*store
	kubelets  *kubelets
	evictions *evictions
	dsc       *daemonSetController
}

// withReadyMessage returns the node with the message of its Ready condition.
func withReadyMessage(n *corev1.Node, message string) *corev1.Node {
	changed := *n
	changed.Status.Conditions = slices.Clone(n.Status.Conditions)
	kube.SetReadyMessage(&changed, message)
	return &changed
}

// withUnknown returns the node with its Ready condition Unknown.
func withUnknown(n *corev1.Node) *corev1.Node {
	changed := *n
	changed.Status.Conditions = slices.Clone(n.Status.Conditions)
	kube.SetNodeReady(&changed, corev1.ConditionUnknown)
	return &changed
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

// collect removes the pods of a removed node
// (pkg/controller/podgc/gc_controller.go: gcOrphaned).
func (nlc *nodeLifecycleController) collect(node int32) {
	for id := range nlc.podsOn(node) {
		nlc.emitPod(EventGarbageCollected, id, cause{Reason: ReasonNodeDeleted})
		nlc.vanish(id)
	}
}

// setNode replaces a node's object.
func (nlc *nodeLifecycleController) setNode(node int32, object *corev1.Node) {
	old, was := borrow.From(nlc.cluster).Node(object.Name)
	next, err := nlc.cluster.With(object)
	if err != nil {
		return // Inject has refused nodes without a name
	}
	nlc.cluster = next
	if !was || !equality.Semantic.DeepEqual(old.Status.Allocatable, object.Status.Allocatable) {
		nlc.unsurveyed = true
	}
	nlc.dsc.decide(node)
}

// editNode changes a node's object with edits that Inject has checked.
func (nlc *nodeLifecycleController) editNode(node int32, edits ...cluster.NodeEdit) {
	next, err := nlc.cluster.Edit(nlc.nodeNames[node].name, edits...)
	if err != nil {
		return
	}
	nlc.cluster = next
	nlc.dsc.decide(node)
}

package rollout

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// nodeLifecycleController taints nodes by their conditions, makes those Unknown whose
// kubelets are silent, and collects the pods of nodes that are gone
// (pkg/controller/nodelifecycle/node_lifecycle_controller.go: Controller;
// pkg/controller/podgc/gc_controller.go: PodGCController). All changes of a node go
// through it. What it knows is the healthTable.
//
// With Config.Instant it follows a change at once.
type nodeLifecycleController struct {
	*store
	kubelets  *kubelets
	evictions *evictions
	dsc       *daemonSetController
}

// report has the node's kubelet report whether the node is ready: a kubelet that was
// down works again.
func (nlc *nodeLifecycleController) report(node int32, ready corev1.ConditionStatus, message string) {
	if nlc.config.Instant {
		nlc.reportInstantly(node, ready, message)
		return
	}
	object := nlc.copyOf(node)
	kube.ReportNode(object, ready, message, nlc.timestamp(nlc.clock))
	nlc.nodes[node].posted = nlc.clock
	if nlc.nodes[node].is(isDown) {
		nlc.nodes[node].started = nlc.clock
	}
	nlc.write(node, object)
	nlc.readCondition(node, object)
	nlc.kubelets.settleNode(node)
	if ready == corev1.ConditionTrue {
		nlc.kubelets.unstick(node)
	}
}

// stopKubelet makes the node's kubelet silent. The conditions stay until the monitor
// has missed it for the grace period.
func (nlc *nodeLifecycleController) stopKubelet(node int32) {
	if nlc.config.Instant {
		nlc.loseInstantly(node)
		return
	}
	state := &nlc.nodes[node]
	if state.is(isDown) {
		return
	}
	state.flags |= isDown
	state.silent = nlc.clock
	if object := nlc.copyOf(node); kube.NodeReady(object) == "" {
		if state.posted == nlc.clock { // it is as old as that
			state.flags |= neverReported
		}
	} else {
		kube.SetNodeHeartbeat(object, nlc.timestamp(nlc.clock))
		nlc.setNode(node, object)
	}
	nlc.kubelets.settleNode(node)
	nlc.requestPass(nlc.graceEnds(node))
}

// edit changes a node as its users do, and its kubelet if an edit is about readiness.
func (nlc *nodeLifecycleController) edit(node int32, edits []cluster.NodeEdit) {
	if nlc.config.Instant {
		nlc.editInstantly(node, edits)
		return
	}
	var ready corev1.ConditionStatus
	others := slices.DeleteFunc(slices.Clone(edits), func(e cluster.NodeEdit) bool {
		switch e {
		case cluster.Ready():
			ready = corev1.ConditionTrue
		case cluster.NotReady():
			ready = corev1.ConditionFalse
		default:
			return false
		}
		return true
	})
	old := nlc.copyOf(node)
	if next, err := nlc.cluster.Edit(old.Name, others...); err == nil {
		nlc.cluster = next
		nlc.followHealth(old, nlc.copyOf(node))
	}
	if ready != "" {
		nlc.report(node, ready, "")
		return
	}
	nlc.write(node, nlc.copyOf(node))
}

// replace puts a node in place of the one of that name, or adds it. A Ready condition
// that is another one is a report of its kubelet.
func (nlc *nodeLifecycleController) replace(node int32, object *corev1.Node) {
	state := &nlc.nodes[node]
	old, was := borrow.From(nlc.cluster).Node(object.Name)
	if was && len(object.Status.Conditions) == 0 {
		object.Status.Conditions = slices.Clone(old.Status.Conditions)
	}
	if nlc.config.Instant {
		state.flags |= isThere
		nlc.replaceInstantly(node, object)
		return
	}
	if !was {
		nlc.bear(node)
		if object.CreationTimestamp.IsZero() {
			object.CreationTimestamp = nlc.timestamp(nlc.clock)
		}
	}
	nlc.write(node, object)
	if !was || !kube.SameReadiness(old, object) {
		state.posted = nlc.clock
		nlc.readCondition(node, object)
	}
	nlc.kubelets.settleNode(node)
}

// bear begins the life of a node. If it was gone so shortly that no pass has missed it,
// the controller does not know it to be another one.
func (nlc *nodeLifecycleController) bear(node int32) {
	state := &nlc.nodes[node]
	missed := state.seen == never || upTo(state.silent, nlc.health.period) < nlc.clock
	if missed {
		state.seen = upTo(nlc.clock, nlc.health.period)
	}
	state.flags |= isThere
	state.posted, state.started = nlc.clock, nlc.clock
}

// remove removes a node. Times that run for its pods run on
// (pkg/controller/tainteviction/taint_eviction.go: handleNodeUpdate).
func (nlc *nodeLifecycleController) remove(node int32) {
	if next, err := nlc.cluster.Without(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nlc.nodeNames[node].name}}); err == nil {
		nlc.cluster = next
	}
	was := nlc.nodes[node]
	nlc.nodes[node] = nodeState{
		flags: was.flags & hasNoExecute, turn: was.turn + 1,
		seen: was.seen, silent: nlc.clock, quarantine: was.quarantine,
	}
	if nlc.room != nil {
		nlc.unsurveyed = true // the positions of others have moved
	}
	nlc.dsc.decide(node)
	nlc.kubelets.settleNode(node)
	if len(nlc.health.zones) > 0 {
		nlc.requestPass(nlc.clock)
	}
	nlc.orphan(node)
}

// write replaces a node's object, which nobody else has, after the NoSchedule taints
// are made what the conditions say.
func (nlc *nodeLifecycleController) write(node int32, object *corev1.Node) {
	nlc.reconcileTaints(object)
	old, _ := borrow.From(nlc.cluster).Node(object.Name)
	nlc.followHealth(old, object)
	nlc.setNode(node, object)
}

// followHealth requests a pass if a node that was as old, which is nil for a new node,
// and is as object now may make it change something.
func (nlc *nodeLifecycleController) followHealth(old, object *corev1.Node) {
	if now := healthOf(object); now.needsPass() || len(nlc.health.zones) > 0 && (old == nil || now != healthOf(old)) {
		nlc.requestPass(nlc.clock)
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

// copyOf returns a copy of a node whose conditions and taints may be changed.
func (nlc *nodeLifecycleController) copyOf(node int32) *corev1.Node {
	object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[node].name)
	copied := *object
	copied.Spec.Taints = slices.Clone(object.Spec.Taints)
	copied.Status.Conditions = slices.Clone(object.Status.Conditions)
	return &copied
}

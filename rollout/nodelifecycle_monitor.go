package rollout

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// act runs what is due in this tick: the pass of the monitor, the tainting of nodes
// that wait for it, and the garbage collection of pods.
func (nlc *nodeLifecycleController) act() {
	if h := &nlc.health; h.nextPass != none && h.nextPass <= nlc.now {
		nlc.monitor()
	}
	for i := range nlc.health.zones {
		nlc.taintNodes(&nlc.health.zones[i])
	}
	nlc.fireAlarms(unreachable)
	nlc.fireAlarms(collection)
	nlc.collectPods()
}

// monitor is a pass over all nodes. A pass that finds what the last one left changes
// nothing, so passes run only after a change of a node's health and where a grace period
// ends (pkg/controller/nodelifecycle/node_lifecycle_controller.go: monitorNodeHealth).
func (nlc *nodeLifecycleController) monitor() {
	nlc.classifyNodes()
	counts := make([]zoneCount, len(nlc.health.zones))
	for n := range nlc.nodes {
		nlc.nodes[n].flags &^= isSwapped
		if node := int32(n); nlc.nodes[n].there() {
			nlc.monitorNode(node, counts)
		}
	}
	emptied := nlc.handleDisruption(counts)
	nlc.health.calm(nlc.clock)
	nlc.health.nextPass = none
	if emptied {
		nlc.requestPass(nlc.clock + 1)
	}
	for n := range nlc.nodes {
		if nlc.waitsForGrace(int32(n)) {
			nlc.requestPass(nlc.graceEnds(int32(n)))
		}
	}
}

// classifyNodes finds the nodes that are new to the controller, which are marked
// reachable first, and the zones of all (classifyNodes, addPodEvictorForNewZone).
func (nlc *nodeLifecycleController) classifyNodes() {
	used := make([]bool, len(nlc.health.zones))
	for n := range nlc.nodes {
		if !nlc.nodes[n].there() {
			continue
		}
		object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[n].name)
		i := nlc.health.zoneOf(object)
		if i < 0 {
			i = nlc.addZone(object)
			used = append(used, false)
		}
		used[i] = true
		if nlc.nodes[n].seen > nlc.clock-max(nlc.health.period, nlc.step) {
			nlc.markReachable(int32(n), &nlc.health.zones[i])
		}
	}
	nlc.health.dropZones(used)
}

func (nlc *nodeLifecycleController) monitorNode(node int32, counts []zoneCount) {
	object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[node].name)
	if lacks, extra := misTaints(object); object.Status.Conditions != nil && len(lacks)+len(extra) > 0 {
		nlc.write(node, nlc.copyOf(node)) // only in the first pass: a manifest written by hand
	}
	if nlc.waitsForGrace(node) && nlc.clock >= nlc.graceEnds(node) {
		nlc.lose(node)
	}
	object, _ = borrow.From(nlc.cluster).Node(nlc.nodeNames[node].name)
	i := nlc.health.zoneOf(object)
	z := &nlc.health.zones[i]
	if _, excluded := object.Labels[excludeDisruption]; !excluded {
		counts[i].add(nlc.countsAsReady(node, object))
	}
	switch ready := kube.NodeReady(object); ready {
	case "":
	case corev1.ConditionTrue:
		nlc.markReachable(node, z)
	default:
		nlc.markForTainting(node, z, object, ready)
	}
}

// markForTainting has a node that is not ready wait for its NoExecute taint. One that
// has the opposite taint does not wait (processTaintBaseEviction,
// markNodeForTainting).
func (nlc *nodeLifecycleController) markForTainting(node int32, z *zone, object *corev1.Node, ready corev1.ConditionStatus) {
	taint, opposite, _ := noExecuteTaints(ready)
	if kube.HasTaint(object, &opposite) {
		nlc.swapTaint(node)
		nlc.nodes[node].flags |= isSwapped
		return
	}
	if !kube.HasTaint(object, &taint) {
		z.known.remove(node)
	}
	z.enqueue(node, nlc.clock)
}

// countsAsReady reports whether the node counts as ready for its zone. A node without a
// Ready condition does if it came with one in mind: as in manifests written by hand.
func (nlc *nodeLifecycleController) countsAsReady(node int32, object *corev1.Node) bool {
	switch kube.NodeReady(object) {
	case "":
		return !nlc.nodes[node].is(neverReported)
	case corev1.ConditionTrue:
		return true
	}
	return false
}

// lose makes a node Unknown. Only if it was ready until now its pods lose readiness
// (tryUpdateNodeHealth, monitorNodeHealth).
func (nlc *nodeLifecycleController) lose(node int32) {
	state, object := &nlc.nodes[node], nlc.copyOf(node)
	wasReady := nlc.countsAsReady(node, object)
	kube.LoseNode(object, state.is(neverReported), nlc.timestamp(nlc.clock))
	state.flags &^= isUnready | notReadyCauses | neverReported
	if wasReady {
		state.flags |= isLost
	}
	nlc.write(node, object)
	nlc.kubelets.settleNode(node)
}

// taintNodes adds NoExecute taints to nodes that wait for one, as fast as the zone
// allows. A node that is ready again uses its turn too
// (pkg/controller/nodelifecycle/node_lifecycle_controller.go: doNoExecuteTaintingPass;
// pkg/controller/nodelifecycle/scheduler/rate_limited_queue.go: Try).
func (nlc *nodeLifecycleController) taintNodes(z *zone) {
	for z.queued.next(0) != none && z.limit.accept(nlc.clock) {
		node := nlc.pickQueued(z)
		z.queued.remove(node)
		if !nlc.nodes[node].there() {
			continue
		}
		object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[node].name)
		if _, _, ok := noExecuteTaints(kube.NodeReady(object)); ok {
			nlc.swapTaint(node)
		}
	}
}

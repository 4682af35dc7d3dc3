package rollout

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// collectPods is a pass of the garbage collector over pods
// (pkg/controller/podgc/gc_controller.go: gc).
func (nlc *nodeLifecycleController) collectPods() {
	h := &nlc.health
	h.collected = nlc.now
	if h.nextGC == none || h.nextGC > nlc.now {
		return
	}
	h.nextGC = none
	for n := range nlc.nodes {
		switch {
		case nlc.outOfService(int32(n)):
			nlc.collectTerminating(int32(n))
		case !nlc.config.Instant && !nlc.nodes[n].there() && nlc.hasPods(int32(n)):
			nlc.collectOrphaned(int32(n))
		}
	}
}

// outOfService reports whether the node is not ready and its user has said that it does
// not come back (gcTerminating).
func (nlc *nodeLifecycleController) outOfService(node int32) bool {
	if !nlc.nodes[node].there() || !nlc.nodes[node].is(outOfService) {
		return false
	}
	object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[node].name)
	return kube.NodeNotReady(object)
}

// collectTerminating removes the terminating pods of a node (gcTerminating).
func (nlc *nodeLifecycleController) collectTerminating(node int32) {
	for id := range nlc.podsOn(node) {
		if nlc.pods[id].is(terminating) {
			nlc.emitPod(EventGarbageCollected, id, cause{Detail: corev1.TaintNodeOutOfService})
			nlc.vanish(id)
		}
	}
}

// collectOrphaned puts a node that is gone in quarantine, and removes its pods after
// it (gcOrphaned, discoverDeletedNodes). The quarantine goes on where a node comes back
// and goes again meanwhile, and one begins with the collection itself.
func (nlc *nodeLifecycleController) collectOrphaned(node int32) {
	state := &nlc.nodes[node]
	ends := state.quarantine
	if ends != 0 && upTo(ends, nlc.health.gcPeriod) < nlc.clock {
		ends = 0 // an earlier pass has seen the node there, or without pods
	}
	over := ends != 0 && ends <= nlc.clock
	if ends == 0 || over {
		state.quarantine = nlc.clock + nlc.health.quarantine
	}
	if over {
		nlc.collect(node)
		return
	}
	nlc.requestCollection(state.quarantine)
}

func (nlc *nodeLifecycleController) hasPods(node int32) bool {
	for range nlc.podsOn(node) {
		return true
	}
	return false
}

// collect removes the pods of a removed node.
func (nlc *nodeLifecycleController) collect(node int32) {
	for id := range nlc.podsOn(node) {
		nlc.emitPod(EventGarbageCollected, id, cause{Reason: ReasonNodeDeleted})
		nlc.vanish(id)
	}
}

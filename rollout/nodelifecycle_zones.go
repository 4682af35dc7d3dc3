package rollout

import (
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// handleDisruption sets the rates of zones by how many of their nodes are ready. Where
// no node of any zone is ready, the control plane is more likely to be at fault: all
// NoExecute taints go, and none comes before a node is ready again. handleDisruption
// reports whether it has emptied the queues, which the next pass fills again.
func (nlc *nodeLifecycleController) handleDisruption(counts []zoneCount) (emptied bool) {
	h := &nlc.health
	allAre, allWere := true, true
	for i, c := range counts {
		if c != (zoneCount{}) {
			allAre = allAre && c.state(h.unhealthy) == zoneFull
			allWere = allWere && h.zones[i].state == zoneFull
		}
	}
	switch {
	case allAre && allWere:
	case allAre:
		nlc.stopTainting()
		return true
	default:
		if allWere {
			h.probed = nlc.clock
		}
		for i, c := range counts {
			nlc.setZone(&h.zones[i], c, allWere)
		}
	}
	return false
}

func (nlc *nodeLifecycleController) setZone(z *zone, c zoneCount, anew bool) {
	state := c.state(nlc.health.unhealthy)
	if state != z.state || anew {
		z.limit.swap(nlc.health.rateOf(state, c.ready+c.notReady), nlc.clock)
	}
	z.state = state
}

// stopTainting removes the NoExecute taints of all nodes. It works on the nodes as they
// were when the pass began, so a taint that the pass has swapped stays
// (pkg/controller/nodelifecycle/node_lifecycle_controller.go: handleDisruption).
func (nlc *nodeLifecycleController) stopTainting() {
	for n := range nlc.nodes {
		if !nlc.nodes[n].there() {
			continue
		}
		object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[n].name)
		z := &nlc.health.zones[nlc.health.zoneOf(object)]
		if nlc.nodes[n].is(isSwapped) {
			z.forget(int32(n))
		} else {
			nlc.markReachable(int32(n), z)
		}
	}
	for i := range nlc.health.zones {
		z := &nlc.health.zones[i]
		z.state = zoneFull
		z.limit.swap(0, nlc.clock)
	}
}

// adoptZones sets the zones of a cluster in which nodes are not ready to the state in
// which its controller has them. Where all are ready, the first pass finds the zones.
func (nlc *nodeLifecycleController) adoptZones() {
	for n := range nlc.nodes {
		if nlc.nodes[n].there() {
			state := &nlc.nodes[n]
			state.seen, state.posted, state.started = longAgo, longAgo, longAgo
		}
	}
	if nlc.config.Instant || !nlc.unsettledNodes() {
		return
	}
	nlc.classifyNodes()
	counts := make([]zoneCount, len(nlc.health.zones))
	for n := range nlc.nodes {
		if nlc.nodes[n].there() {
			nlc.adoptNode(int32(n), counts)
		}
	}
	all := zoneFull
	for _, c := range counts {
		if state := c.state(nlc.health.unhealthy); state != zoneFull {
			all = state
		}
	}
	for i, c := range counts {
		z := &nlc.health.zones[i]
		z.state = c.state(nlc.health.unhealthy)
		if z.limit.rate = nlc.health.rateOf(z.state, c.ready+c.notReady); all == zoneFull {
			z.limit.rate = 0
		}
	}
	nlc.requestPass(nlc.clock)
}

// unsettledNodes reports whether the monitor has something to do about a node.
func (nlc *nodeLifecycleController) unsettledNodes() bool {
	b := borrow.From(nlc.cluster)
	for i := range b.Len() {
		object := b.At(i)
		h := healthOf(object)
		lacks, extra := misTaints(object)
		if h.needsPass() || len(object.Status.Conditions) > 0 && len(lacks)+len(extra) > 0 {
			return true
		}
	}
	return false
}

// adoptNode counts a node, and notes that it has waited for the taint that it has.
func (nlc *nodeLifecycleController) adoptNode(node int32, counts []zoneCount) {
	object, _ := borrow.From(nlc.cluster).Node(nlc.nodeNames[node].name)
	i := nlc.health.zoneOf(object)
	if _, excluded := object.Labels[excludeDisruption]; !excluded {
		counts[i].add(nlc.countsAsReady(node, object))
	}
	if taint, _, ok := noExecuteTaints(kube.NodeReady(object)); ok && kube.HasTaint(object, &taint) {
		nlc.health.zones[i].known.add(node)
	}
}

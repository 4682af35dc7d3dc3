package rollout

// arm queues the pod's next move, or removes it from the queue.
func (k *kubelets) arm(id int32) {
	p := &k.pods[id]
	due := k.nextMove(p)
	if due != p.due && due != none {
		k.podQueue.put(due, id)
	}
	p.due = due
}

// rearm recomputes when the node's pods will move.
func (k *kubelets) rearm(d *daemonSet, node int32) {
	for id := d.head[node]; id != none; id = k.pods[id].next {
		k.arm(id)
	}
}

// rearmAll recomputes the moves after a change of minReadySeconds: pods become
// available at another time.
func (k *kubelets) rearmAll(d *daemonSet) {
	for n := range d.head {
		k.rearm(d, int32(n))
	}
}

// nextMove returns the next tick in which the pod does something by itself, is
// evicted, or is seen differently by the controller because time has passed. It
// returns none if the pod waits for something else.
func (k *kubelets) nextMove(p *pod) int32 { return earlier(k.evictTick(p), k.ownMove(p)) }

func (k *kubelets) ownMove(p *pod) int32 {
	switch {
	case k.restores(p):
		return k.tickOf(int64(k.clock))
	case p.is(terminating) && p.is(isReady): // the status counts it still
		return earlier(k.stopTick(p), k.availableTick(p))
	case p.is(terminating):
		return k.stopTick(p)
	case p.phase == failed:
		return k.retryTick(p)
	case p.terminal() || !p.is(bound):
		return none
	case p.is(loops) && k.nodes[p.node].works():
		return k.loopTick(p)
	case p.is(isReady):
		return k.availableTick(p)
	case p.is(stays) || !k.nodes[p.node].works() || k.waitsForNode(p):
		return none
	case p.phase == pending && p.is(pulls):
		return k.pullTick(p)
	case p.phase == pending:
		return k.tickOf(int64(p.boundAt()) + int64(max(k.step, k.durations(p).start)))
	case k.heldBack(p):
		return none
	}
	return k.tickOf(int64(p.startedAt()) + int64(k.durations(p).ready))
}

func earlier(a, b int32) int32 {
	if a == none || b != none && b < a {
		return b
	}
	return a
}

func (k *kubelets) stopTick(p *pod) int32 {
	if p.is(stays) || p.node == none || !k.nodes[p.node].stops() {
		return none
	}
	return k.tickOf(int64(p.deletedAt()) + int64(k.stopTime(p)))
}

func (k *kubelets) stopTime(p *pod) simTime { return min(k.durations(p).stop, k.graceOf(p)) }

// retryTick returns when the backoff that keeps a failed pod is over.
func (k *kubelets) retryTick(p *pod) int32 {
	if p.owner == none || p.node == none {
		return none
	}
	if ends := k.backoffEnds(k.daemonSets.at[p.owner], p.node); ends > k.clock || k.dueNow(p) {
		return k.tickOf(int64(ends))
	}
	return none
}

// availableTick returns when a ready pod has been ready for minReadySeconds.
func (k *kubelets) availableTick(p *pod) int32 {
	if at, ok := k.availableAt(p); ok && (at > int64(k.clock) || k.dueNow(p)) {
		return k.tickOf(at)
	}
	return none
}

// availableNow reports whether the pod becomes available in this tick.
func (k *kubelets) availableNow(p *pod) bool {
	at, ok := k.availableAt(p)
	return ok && at > int64(k.clock-k.step) && k.tickOf(at) == k.now
}

// heldBack reports whether something keeps a running pod from becoming ready.
func (k *kubelets) heldBack(p *pod) bool {
	if k.nodes[p.node].holds() {
		return true
	}
	return k.faultOf(p).kind == neverReady
}

func (k *kubelets) move(id int32) {
	p := &k.pods[id]
	switch {
	case p.is(terminating) && k.stopTick(p) == k.now:
		k.emitPod(EventStopped, id, cause{})
		k.vanish(id)
		return
	case k.restores(p):
		k.restore(id)
	case p.phase == failed: // its backoff is over
	case p.is(loops) && p.phase == running && !p.is(terminating):
		k.loop(id)
	case p.is(isReady):
		k.emitPod(EventAvailable, id, cause{})
	case p.phase == pending:
		k.startPod(id)
	default:
		k.becomeReady(id)
	}
	k.changed(p)
	k.arm(id)
}

// startPod makes a pod run. A pod that needs no time to become ready is ready at
// once.
func (k *kubelets) startPod(id int32) {
	p := &k.pods[id]
	t := k.faultOf(p)
	if k.rejects(id, t) || k.failsPull(id, t) {
		return
	}
	p.phase, p.since, p.reason = running, k.clock, 0
	switch {
	case t.kind == crashLoop:
		p.flags |= loops
		k.emitPod(EventStarted, id, cause{})
		k.loop(id)
	case k.durations(p).ready == 0 && !k.heldBack(p):
		k.becomeReady(id)
	default:
		k.emitPod(EventStarted, id, cause{})
	}
}

func (k *kubelets) becomeReady(id int32) {
	p := &k.pods[id]
	p.flags |= isReady
	p.readied, p.reason = k.clock, 0
	k.emitPod(EventReady, id, cause{})
}

func (k *kubelets) becomeUnready(id int32) {
	p := &k.pods[id]
	if !p.is(isReady) {
		return
	}
	p.flags &^= isReady
	p.readied = k.clock
	k.changed(p)
	k.emitPod(EventNotReady, id, cause{})
}

package rollout

// nextMove is the tick in which the pod does something by itself or is turned
// out, or in which time alone changes what the controller thinks of it; none if
// it waits for something else.
func (s *Sim) nextMove(p *pod) int32 { return earlier(s.evictTick(p), s.ownMove(p)) }

func (s *Sim) ownMove(p *pod) int32 {
	switch {
	case p.is(terminating) && p.is(isReady): // the status counts it still
		return earlier(s.stopTick(p), s.availableTick(p))
	case p.is(terminating):
		return s.stopTick(p)
	case p.phase == failed:
		return s.retryTick(p)
	case p.terminal() || !p.is(bound):
		return none
	case p.is(loops) && s.nodes[p.node].works():
		return s.loopTick(p)
	case p.is(isReady):
		return s.availableTick(p)
	case p.is(stays) || !s.nodes[p.node].works():
		return none
	case p.phase == pending && p.is(pulls):
		return s.pullTick(p)
	case p.phase == pending:
		return s.tickOf(int64(p.boundAt()) + int64(max(s.step, s.pace(p).start)))
	case s.heldBack(p):
		return none
	}
	return s.tickOf(int64(p.startedAt()) + int64(s.pace(p).ready))
}

func earlier(a, b int32) int32 {
	if a == none || b != none && b < a {
		return b
	}
	return a
}

func (s *Sim) stopTick(p *pod) int32 {
	if p.is(stays) || p.node == none || !s.nodes[p.node].works() || s.nodes[p.node].is(isStuck) {
		return none
	}
	return s.tickOf(int64(p.deletedAt()) + int64(s.stopTime(p)))
}

func (s *Sim) stopTime(p *pod) stamp { return min(s.pace(p).stop, s.graceOf(p)) }

// graceOf is for how long the pod may take to stop.
func (s *Sim) graceOf(p *pod) stamp {
	if p.grace != none {
		return p.grace
	}
	return s.classes[p.class].grace
}

// retryTick is when the backoff that keeps a failed pod is over.
func (s *Sim) retryTick(p *pod) int32 {
	if p.owner == none || p.node == none {
		return none
	}
	if ends := s.backoffEnds(s.daemons[p.owner], p.node); ends > s.clock || s.dueNow(p) {
		return s.tickOf(int64(ends))
	}
	return none
}

// dueNow says whether the pod is to move in this tick and has not yet: an input
// that has it looked at again must not make that forgotten.
func (s *Sim) dueNow(p *pod) bool { return p.due != none && p.due == s.now }

// availableTick is when a ready pod has been so for minReadySeconds.
func (s *Sim) availableTick(p *pod) int32 {
	if at, ok := s.availableAt(p); ok && (at > int64(s.clock) || s.dueNow(p)) {
		return s.tickOf(at)
	}
	return none
}

// availableNow says whether that is in this tick.
func (s *Sim) availableNow(p *pod) bool {
	at, ok := s.availableAt(p)
	return ok && at > int64(s.clock-s.step) && s.tickOf(at) == s.now
}

// availableAt is the moment when a ready pod has been so for minReadySeconds.
func (s *Sim) availableAt(p *pod) (moment int64, ok bool) {
	minReady := stamp(0)
	switch {
	case p.readied == never:
		return 0, false
	case p.owner != none:
		minReady = s.daemons[p.owner].minReady
	case p.set != none && !p.is(terminating): // its controller does not count one that goes
		minReady = s.sets.at[p.set].minReady()
	default:
		return 0, false
	}
	return int64(p.readied) + int64(minReady), true
}

// heldBack says whether something keeps a running pod from becoming ready.
func (s *Sim) heldBack(p *pod) bool {
	if s.nodes[p.node].holds() {
		return true
	}
	return s.troubleOf(p).kind == neverReady
}

// tickOf is the first tick that is not before the moment, nor past; none if time
// ends before.
func (s *Sim) tickOf(moment int64) int32 {
	step := int64(s.step)
	tick := moment / step
	if moment%step > 0 {
		tick++
	}
	if tick > int64(s.last) {
		return none
	}
	return int32(max(tick, int64(s.now), 0))
}

// movePods has every pod that is due be evicted or make its move.
func (s *Sim) movePods() {
	for _, id := range s.takeDue() {
		if s.evictTick(&s.pods[id]) == s.now {
			s.turnOut(id)
		} else {
			s.move(id)
		}
	}
}

func (s *Sim) move(id int32) {
	p := &s.pods[id]
	switch {
	case p.is(terminating) && s.stopTick(p) == s.now:
		s.emitPod(Stopped, id, Why{})
		s.vanish(id)
		return
	case p.phase == failed: // its backoff is over
	case p.is(loops) && !p.is(frozen) && p.phase == running && !p.is(terminating):
		s.loop(id)
	case p.is(isReady):
		s.emitPod(Available, id, Why{})
	case p.phase == pending:
		s.startPod(id)
	default:
		s.becomeReady(id)
	}
	s.changed(p)
	s.arm(id)
}

// startPod makes a pod run; one that takes no time to be ready is so at once.
func (s *Sim) startPod(id int32) {
	p := &s.pods[id]
	t := s.troubleOf(p)
	if s.rejects(id, t) || s.failsPull(id, t) {
		return
	}
	p.phase, p.since, p.reason = running, s.clock, 0
	switch {
	case t.kind == crashLoop:
		p.flags |= loops
		s.emitPod(Started, id, Why{})
		s.loop(id)
	case s.pace(p).ready == 0 && !s.heldBack(p):
		s.becomeReady(id)
	default:
		s.emitPod(Started, id, Why{})
	}
}

func (s *Sim) becomeReady(id int32) {
	p := &s.pods[id]
	p.flags |= isReady
	p.readied, p.reason = s.clock, 0
	s.emitPod(Ready, id, Why{})
}

func (s *Sim) becomeUnready(id int32) {
	p := &s.pods[id]
	if !p.is(isReady) {
		return
	}
	p.flags &^= isReady
	p.readied = s.clock
	s.changed(p)
	s.emitPod(Unready, id, Why{})
}

// deletePod is what the API server and the kubelet make of a deletion: unbound,
// failed and succeeded pods and those without a grace period are gone at once
// (pkg/registry/core/pod: CheckGracefulDelete), and so are those that need no
// time to stop where a kubelet is there to stop them.
func (s *Sim) deletePod(id int32) {
	p := &s.pods[id]
	works := p.node != none && s.nodes[p.node].works() && !s.nodes[p.node].is(isStuck)
	if !p.is(bound) || p.terminal() || s.graceOf(p) == 0 || works && s.stopTime(p) == 0 {
		s.vanish(id)
		return
	}
	s.endRuns(id)
	s.seat(p, false)
	p.flags = p.flags&^stays | terminating
	s.seat(p, true)
	p.since = s.clock
	s.changed(p)
	s.arm(id)
}

// deleteWithin is deletePod with a grace period that is not the pod's own, unless
// it is none. A pod on its way out can be given less, not more.
func (s *Sim) deleteWithin(id int32, grace stamp) {
	p := &s.pods[id]
	switch {
	case !p.is(terminating):
		p.grace = grace
		s.deletePod(id)
	case grace == 0:
		s.vanish(id)
	case grace > 0 && p.deletedAt()+s.graceOf(p) > s.clock+grace:
		p.grace = s.clock + grace - p.deletedAt()
		s.arm(id)
	}
}

// collect removes the pods of a node that is gone
// (pkg/controller/podgc: deletes pods bound to nodes that do not exist).
func (s *Sim) collect(node int32) {
	for id := range s.podsOn(node) {
		s.emitPod(Collected, id, Why{Rule: NodeGone})
		s.vanish(id)
	}
}

package rollout

import "iter"

// takeInputs has the inputs that are due take effect, in the order given.
func (s *Sim) takeInputs() {
	for len(s.inputs) > 0 && s.inputs[0].tick <= s.now {
		in := s.inputs[0].input
		s.inputs = s.inputs[1:]
		in.apply(s)
	}
	if s.unsurveyed {
		s.survey()
	}
}

// movePods evicts or moves every pod that is due.
func (s *Sim) movePods() {
	for _, id := range s.takeDue() {
		if s.evictTick(&s.pods[id]) == s.now {
			s.evictions.evictTainted(id)
		} else {
			s.kubelets.move(id)
		}
	}
}

// Tick advances time by one tick and returns the events of that tick, nil if
// there are none. It cannot fail. Its cost depends on what happens, not on the
// number of nodes.
func (s *Sim) Tick() []Event {
	if s.now >= s.last {
		return nil
	}
	if s.idle() {
		s.skip(s.now + 1)
		return nil
	}
	s.pass()
	return s.report()
}

// idle reports whether nothing at all is due in the next tick.
func (s *Sim) idle() bool { return s.nextDue() > s.now+1 }

// pass runs a tick in which something is due.
func (s *Sim) pass() {
	s.beginTick()
	s.control()
	s.evictions.endDrains()
}

// beginTick runs the part of a tick before the controllers.
func (s *Sim) beginTick() {
	s.skip(s.now + 1)
	s.takeInputs()
	s.nlc.act()
	s.evictions.processTaints()
	s.movePods()
	s.evictions.retryDrains()
	s.dc.fireProgressChecks()
}

// nextDue returns the next tick after the present one in which something is due,
// or a tick after the last if there is none.
func (s *Sim) nextDue() int32 {
	next := s.nextChange()
	for _, slot := range s.deployments.order {
		if check := s.deployments.at[slot].check; check != none {
			next = min(next, max(check, s.now))
		}
	}
	return next
}

// nextChange is nextDue without deadlines, which change only a condition.
func (s *Sim) nextChange() int32 {
	next := s.last + 1
	if t := s.nextMoves(); t != none {
		next = t
	}
	next = min(next, s.nextManaged())
	if len(s.inputs) > 0 {
		next = min(next, s.inputs[0].tick)
	}
	for i := range s.evictions.drains {
		next = min(next, s.evictions.nextTry(&s.evictions.drains[i]))
	}
	if at := s.nextRetry(); at != int64(never) {
		next = min(next, s.tickOf(at))
	}
	if s.wanting() {
		next = s.now
	}
	return max(next, s.now)
}

// control runs the controllers and the scheduler, in rounds until nothing
// changes: each DaemonSet, then each Deployment, then each ReplicaSet syncs once,
// ascending by key. A controller without changes since its last sync is skipped:
// the sync would find what the last one found.
func (s *Sim) control() { s.rounds(s.roundLimit()) }

// rounds runs at most so many.
func (s *Sim) rounds(limit int32) {
	for s.round = 1; s.round <= limit; s.round++ {
		s.busy = false
		s.recountQuotas()
		s.fireRetries()
		s.dsc.syncAll()
		s.dc.syncAll()
		s.rsc.syncAll()
		s.scheduler.schedule()
		if !s.busy && !s.wanting() {
			break
		}
	}
	s.round = 0
}

// roundLimit ends a tick in which controllers never stop. A DaemonSet whose
// selector does not match its own template creates pods in a loop; only an
// unvalidated DaemonSet can be like that. Others need as many rounds as bursts.
func (s *Sim) roundLimit() int32 {
	pods := len(s.nodes) + len(s.pods)
	for _, slot := range s.deployments.order {
		pods += 2 * int(min(s.deployments.at[slot].replicas(), 1_000_000))
	}
	return int32(50 + 4*min(pods, 100_000_000)/burst)
}

// Run passes no time until it is ranged over; Settle passes time by itself. The loop
// passes at most max ticks, until the simulation is settled, and yields the events
// of each tick that has some. Ticks in which nothing is due are skipped at no cost.
func (s *Sim) Run(max int) iter.Seq[[]Event] {
	return func(yield func([]Event) bool) {
		for range s.passes(max) {
			if !yield(s.report()) {
				return
			}
		}
	}
}

// Advance is Run without events, for callers that look at the state afterwards.
// It takes a fraction of the time. It returns only the Refused events, since a
// refused input leaves no other trace.
func (s *Sim) Advance(max int) (refused []Event) {
	was := s.quiet
	s.quiet = true
	defer func() { s.quiet = was }()
	for range s.passes(max) {
		refused = append(refused, s.report()...)
	}
	return refused
}

// passes is Run, but yields the ticks. The caller reports what happened.
func (s *Sim) passes(max int) iter.Seq[int] {
	return func(yield func(int) bool) {
		end := s.now + int32(min(int64(max), int64(s.last-s.now)))
		for s.now < end {
			next := s.nextDue()
			if next > s.last {
				return // settled
			}
			s.skip(min(next-1, end))
			if s.now == end {
				return
			}
			if s.pass(); len(s.notes) > 0 && !yield(int(s.now)) {
				return
			}
		}
	}
}

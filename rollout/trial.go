package rollout

import "slices"

// outcome is what came of letting a simulation go.
type outcome struct {
	settled bool
	refused bool  // an input was
	last    int32 // the tick of the DaemonSet's last event
}

// rest lets time pass until nothing more happens by itself, or nothing but what
// happens again and again for ever. For what comes to neither there is a bound, of
// many more ticks with events than a rollout has.
func (s *Sim) rest(key string) outcome {
	const look = 16 // now and then
	o := outcome{last: s.now}
	patience := 1000 + 20*(len(s.nodes)+len(s.pods))
	for events := range s.Run(int(s.last)) {
		for i := range events {
			o.refused = o.refused || events[i].Kind == Refused
			if events[i].DaemonSet == key {
				o.last = int32(events[i].Tick)
			}
		}
		if patience--; patience == 0 || patience%look == 0 && s.spins() {
			break // what spins is not settled; what has just come to rest is
		}
	}
	o.settled = s.Settled()
	return o
}

// spins says whether every pod that something is still to happen to goes round for
// ever.
func (s *Sim) spins() bool {
	for _, slot := range s.agenda.slots[s.agenda.first:] {
		for _, id := range slot.pods {
			if p := &s.pods[id]; p.due == slot.tick && p.phase != vacant && !s.goesRound(p) {
				return false
			}
		}
	}
	return len(s.alarms) == 0 && len(s.inputs) == 0
}

func (s *Sim) goesRound(p *pod) bool {
	return p.is(loops) || s.rejectsForEver(p) || p.owner != none && p.node != none && s.expelsForEver(s.daemons[p.owner], p.node)
}

// try injects the candidate's inputs into a fork and waits for what comes of
// them. They are of use if none is refused and the rollout ends, with nodes; or, as
// a relief, if only nodes are left that are in the way now.
func (x *exam) try(c candidate) (Remedy, bool) {
	f := x.sim.Fork()
	r := Remedy{Means: c.means, Does: c.does, Inputs: c.inputs}
	if len(c.inputs) == 0 || f.Inject(c.inputs...) != nil {
		return r, false
	}
	o := f.rest(x.d.key)
	if o.refused {
		return r, false
	}
	r.Ticks = int(o.last - x.sim.now)
	switch d := f.find(x.d.key); {
	case d == nil:
		return r, x.d.deleting
	case f.State(x.d.key) == Done:
		return r, d.number(desired) > 0 && f.stand(d)
	}
	if !o.settled {
		return r, false
	}
	then := f.examine(x.d.key)
	r.Leaves = nodesOf(then.wanted)
	return r, len(then.blocked) == 0 && len(r.Leaves) > 0 && within(r.Leaves, nodesOf(x.wanted))
}

// stand says whether every wanted pod is there to stay: the status counts those on
// their way out too.
func (s *Sim) stand(d *daemon) bool {
	for n := range s.nodes {
		if c := s.count(d, int32(n)); d.marks[n]&desired != 0 && c.newest == none && c.oldest == none {
			return false
		}
	}
	return true
}

// within says whether the first names, ascending, are all among the second.
func within(names, all []string) bool {
	for _, n := range names {
		if _, ok := slices.BinarySearch(all, n); !ok {
			return false
		}
	}
	return true
}

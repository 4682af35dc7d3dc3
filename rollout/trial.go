package rollout

import "slices"

// outcome is what came of letting a simulation go.
type outcome struct {
	settled bool
	refused bool  // an input was
	last    int32 // the tick of the last event of the object that it is about
}

// owner is whose events they are: the key of a DaemonSet or of a Deployment.
type owner struct{ daemonSet, deployment string }

// slots of the two, none where there is none.
func (s *Sim) slots(of owner) (daemon, deployment int32) {
	daemon, deployment = none, none
	if d := s.find(of.daemonSet); d != nil {
		daemon = d.slot
	}
	if d := s.deployments.find(of.deployment); d != nil {
		deployment = d.slot
	}
	return daemon, deployment
}

// rest lets time pass until nothing more happens by itself, or nothing but what
// happens again and again for ever. For what comes to neither there is a bound, of
// many more ticks with events than a rollout has. The events themselves nobody reads.
func (s *Sim) rest(of owner) outcome {
	const look = 16 // now and then
	o := outcome{last: s.now}
	patience, turns := 1000+20*(len(s.nodes)+len(s.pods)), 0
	daemon, deployment := s.slots(of)
	s.quiet = true
	for range s.passes(int(s.last)) {
		for _, n := range s.notes {
			if n.owner == daemon && n.deployment == deployment {
				o.last = s.now
			}
		}
		o.refused = o.refused || len(s.report()) > 0
		if patience--; patience == 0 || patience%look == 0 && s.spins(&turns) {
			break // what spins is not settled; what has just come to rest is
		}
	}
	s.quiet = false
	o.settled = s.Settled()
	return o
}

// spins says whether every pod that something is still to happen to goes round for
// ever. Where the next pod may go to another node it must have been so for some turns.
func (s *Sim) spins(turns *int) bool {
	const enough = 8
	sure := true
	for _, id := range s.moves() {
		p := &s.pods[id]
		if !s.goesRound(p) {
			*turns = 0
			return false
		}
		sure = sure && !s.mayGoElsewhere(p)
	}
	*turns++
	return len(s.alarms) == 0 && len(s.inputs) == 0 && (sure || *turns >= enough)
}

func (s *Sim) goesRound(p *pod) bool {
	return p.is(loops) || s.rejectsForEver(p) || p.owner != none && p.node != none && s.expelledForEver(s.daemons[p.owner], p.node) != none
}

// mayGoElsewhere says whether the pod is rejected, but its successor not on every node.
func (s *Sim) mayGoElsewhere(p *pod) bool {
	return p.set != none && s.rejectsForEver(p) && len(s.troubleOf(p).nodes) > 0
}

// patient is an object that is stuck, of either kind.
type patient interface {
	owner() owner
	// recovered says what came of it in a fork that has come to rest: whether its rollout
	// has ended, or that only some nodes are left that are in the way now.
	recovered(f *Sim, settled bool) (leaves []string, ok bool)
}

// try injects the candidate's inputs into a fork and waits for what comes of
// them. They are of use if none is refused and the rollout ends; or, as a relief, if
// it leaves only what is in the way now.
func (w ward) try(c candidate) (Remedy, bool) {
	f := w.sim.Fork()
	r := Remedy{Means: c.means, Does: c.does, Inputs: c.inputs}
	if len(c.inputs) == 0 || f.Inject(c.inputs...) != nil {
		return r, false
	}
	o := f.rest(w.patient.owner())
	if o.refused {
		return r, false
	}
	r.Ticks = int(o.last - w.sim.now)
	ok := false
	r.Leaves, ok = w.patient.recovered(f, o.settled)
	return r, ok
}

func (x *exam) owner() owner { return owner{daemonSet: x.d.key} }

func (x *exam) recovered(f *Sim, settled bool) (leaves []string, ok bool) {
	switch d := f.find(x.d.key); {
	case d == nil:
		return nil, x.d.deleting
	case f.State("daemonset/"+x.d.key) == Done:
		return nil, d.number(desired) > 0 && f.stand(d)
	case !settled:
		return nil, false
	}
	then := f.examine(x.d.key)
	leaves = nodesOf(then.wanted)
	return leaves, len(then.blocked) == 0 && len(leaves) > 0 && within(leaves, nodesOf(x.wanted))
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

package rollout

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/placement"
)

// schedule tries the pods that are not bound: the higher priority first, then
// the older, then by name. Those of DaemonSets are aimed at one node each, others
// go to the best. Without new pods or room that was freed there is nothing to try;
// a pod that is bound may be what another one was waiting to be near to.
func (s *Sim) schedule() {
	if !s.freed || len(s.unbound) == 0 {
		return
	}
	s.freed = false
	if len(s.unbound) > 1 {
		slices.SortFunc(s.unbound, s.byPriority)
	}
	waiting := s.unbound[:0]
	var vain map[int32]*vainTry // by class, since the last pod was bound
	loose, evicted := false, false
	for _, id := range s.unbound {
		p := &s.pods[id]
		switch {
		case p.set != none:
			if vain == nil {
				vain = map[int32]*vainTry{}
			}
			if s.place(id, vain) {
				clear(vain)
				continue
			}
			loose = true
		case s.fits(p):
			s.bind(id)
			continue
		default:
			s.noteUnschedulable(id, "")
			evicted = s.preempt(id) || evicted
		}
		waiting = append(waiting, id)
	}
	s.freed = evicted || loose && len(waiting) < len(s.unbound)
	s.busy = s.busy || evicted
	s.unbound = s.unbound[:len(waiting)]
}

// vainTry is a class of pods that no node takes.
type vainTry struct {
	where *placement.Prediction
	why   string // once somebody has asked
}

// place binds the pod to the node that the scheduler likes best; false if no node
// takes it. Among equals the seed draws, for each pod and node by itself
// (pkg/scheduler: schedulePod, selectHost).
func (s *Sim) place(id int32, vain map[int32]*vainTry) bool {
	p := &s.pods[id]
	try := vain[p.class]
	if try == nil {
		where := s.predict(p.class)
		if r, ok := where.Bind(s.podName(id), s.config.Seed); ok {
			s.bindTo(id, s.slotOf(r.Node))
			return true
		}
		try = &vainTry{where: where}
		vain[p.class] = try
	}
	if !p.is(tried) && try.why == "" && !s.quiet {
		try.why = unplaced(try.where)
	}
	s.noteUnschedulable(id, try.why)
	return false
}

// unplaced is why no node takes the pod.
func unplaced(p *placement.Prediction) string {
	if err := p.ScoreError(); err != nil && p.Placed().Len() > 0 {
		return err.Error()
	}
	return p.String()
}

// bindTo binds a pod that was aimed at no node.
func (s *Sim) bindTo(id, node int32) {
	s.pods[id].node = node
	s.link(id)
	s.bind(id)
}

func (s *Sim) byPriority(a, b int32) int {
	p, q := &s.pods[a], &s.pods[b]
	return cmp.Or(cmp.Compare(s.classes[q.class].priority, s.classes[p.class].priority), cmp.Compare(p.created, q.created), s.inTurn(a, b))
}

// fits says whether the scheduler would bind the pod to its node now: the node
// lets it in, and has room. Affinity to other pods and spreading are not judged.
func (s *Sim) fits(p *pod) bool {
	if p.node == none || !s.nodes[p.node].there() {
		return false
	}
	c := s.classes[p.class]
	if p.created != s.clock || p.is(tried) { // it was made for a node that wanted it
		if node, _ := s.cluster.Borrow().Node(s.roster[p.node].name); c.workload.Check(node).Decision != placement.Eligible {
			return false
		}
	}
	if s.nodes[p.node].is(isOpen) {
		return true
	}
	room, position := s.roomFor(p), int(s.position[p.node])
	return room.Fits(c.workload, position) && (room == s.room || s.room.Fits(c.workload, position))
}

// fitsWithout reports whether the pod would fit if other pods were not on its node.
// Without an account every node is open, and it is not for room that the pod waits.
func (s *Sim) fitsWithout(id int32, others []int32) bool {
	if s.room == nil {
		return false
	}
	room, freed := s.room, s.freed
	defer func() { s.room, s.freed = room, freed }()
	s.room = room.Clone()
	for _, other := range others {
		s.seat(&s.pods[other], false)
	}
	return s.fits(&s.pods[id])
}

// noteUnschedulable tells once why a pod is not bound; empty: what whyUnbound says.
func (s *Sim) noteUnschedulable(id int32, why string) {
	if p := &s.pods[id]; !p.is(tried) {
		p.flags |= tried
		if why == "" && !s.quiet {
			why = s.whyUnbound(p)
		}
		s.emitPod(Unschedulable, id, Why{Detail: why})
	}
}

// whyUnbound is what keeps the pod from being bound, in the scheduler's words
// and with the evidence.
func (s *Sim) whyUnbound(p *pod) string {
	if p.set != none {
		return unplaced(s.predict(p.class))
	}
	if p.node == none || !s.nodes[p.node].there() {
		return "no such node"
	}
	return reasons(s.against(p))
}

// against is all that the scheduler has against the node that the pod is aimed at.
func (s *Sim) against(p *pod) []placement.Reason {
	c := s.classes[p.class]
	node, _ := s.cluster.Borrow().Node(s.roster[p.node].name)
	why := slices.Clone(c.workload.Check(node).Reasons)
	if !s.nodes[p.node].is(isOpen) {
		why = append(why, s.roomFor(p).Why(c.workload, int(s.position[p.node]))...)
	}
	return why
}

func (s *Sim) bind(id int32) {
	p := &s.pods[id]
	p.flags = p.flags&^nominated | bound
	p.since = s.clock
	s.seat(p, true)
	s.relink(id)
	s.expelPod(id)
	s.arm(id)
	s.busy = true
	if p.created != s.clock || p.set != none {
		s.emitPod(Bound, id, Why{})
	}
}

// seat counts the pod in on its node, or out. A pod that has ended takes no room
// (placement.NewRoom), one that is on its way out does. Before a survey there is
// nothing to do: it counts all pods.
func (s *Sim) seat(p *pod, in bool) {
	if s.unsurveyed || !p.is(bound) || p.terminal() || s.room == nil || p.node == none || s.position[p.node] == none {
		return
	}
	load := s.loadOf(p)
	if p.is(terminating) {
		load = load.Leaving()
	}
	if in {
		s.room.Add(load, int(s.position[p.node]))
	} else {
		s.room.Remove(load, int(s.position[p.node]))
		s.freed = true
	}
}

// loadOf is what the pod takes.
func (s *Sim) loadOf(p *pod) *placement.Load {
	if p.name < 0 {
		return s.loads[^p.name]
	}
	return s.classes[p.class].load
}

// survey makes the account of the nodes anew: once in a tick in which nodes have
// come, gone or become larger, after its inputs and before anybody asks for room. It
// costs as much as there are nodes and pods.
func (s *Sim) survey() {
	s.unsurveyed = false
	b := s.cluster.Borrow()
	s.position = make([]int32, len(s.nodes))
	open := true
	for n := range s.roster {
		s.position[n] = none
		s.nodes[n].flags &^= isOpen
		if i, ok := b.Position(s.roster[n].name); ok {
			s.position[n] = int32(i)
			if len(b.At(i).Status.Allocatable) == 0 {
				s.nodes[n].flags |= isOpen
			} else {
				open = false
			}
		}
	}
	s.freed, s.room = true, nil
	if open && len(s.sets.order) == 0 {
		return
	}
	s.room = placement.NewRoom(s.roomy())
	s.arena = arena{}
	for i := range s.pods {
		if p := &s.pods[i]; p.phase != vacant {
			s.seat(p, true)
		}
	}
}

// dropPods takes the pods out of the snapshot that the simulation keeps: it has
// pods of its own.
func (s *Sim) dropPods() error {
	var pods []runtime.Object
	for _, p := range s.cluster.Borrow().Pods() {
		pods = append(pods, p)
	}
	rest, err := s.cluster.Without(pods...)
	if err != nil {
		return err
	}
	s.cluster = rest
	return nil
}

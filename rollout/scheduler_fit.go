package rollout

import (
	"slices"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// refreshFilters updates the filters and the room.
func (s *scheduler) refreshFilters() {
	if s.filters.of == s.cluster {
		return
	}
	s.filters = filterCache{of: s.cluster, cluster: s.roomy(), allowed: map[int32]*placement.Prediction{}}
	s.room.Over(s.filters.cluster)
}

// predict returns where the scheduler would bind a pod of the class now.
func (s *scheduler) predict(class int32) *placement.Prediction {
	s.refreshFilters()
	allowed, ok := s.filters.allowed[class]
	if !ok {
		allowed = s.classes[class].workload.Predict(s.filters.cluster)
		s.filters.allowed[class] = allowed
	}
	return room.Predict(allowed, s.roomBeside(class))
}

// roomBeside is roomFor for a pod that may go to any node: it includes the pods
// nominated to each.
func (s *scheduler) roomBeside(class int32) room.Room {
	var nominees []int32
	for _, list := range [...][]queuedPod{s.unbound, s.trying} { // a pod may be on both
		for _, waiting := range list {
			if q := &s.pods[waiting.pod]; q.is(nominated) && s.nodes[q.node].there() && s.classes[q.class].priority >= s.classes[class].priority {
				nominees = append(nominees, waiting.pod)
			}
		}
	}
	if s.room == nil || len(nominees) == 0 {
		return s.room
	}
	slices.Sort(nominees)
	taken := s.room.Clone()
	for _, id := range slices.Compact(nominees) {
		taken.Add(s.loadOf(&s.pods[id]), int(s.position[s.pods[id].node]))
	}
	return taken
}

// roomFor returns the usage as the scheduler sees it for the pod. It includes
// other pods nominated to the same node with the same or a higher priority
// (pkg/scheduler/framework/runtime/framework.go:
// RunFilterPluginsWithNominatedPods).
func (s *scheduler) roomFor(p *pod) room.Room {
	nominees := s.nominees(p)
	if len(nominees) == 0 {
		return s.room
	}
	taken := s.room.Clone()
	for _, id := range nominees {
		taken.Add(s.loadOf(&s.pods[id]), int(s.position[p.node]))
	}
	return taken
}

// nominees returns the other pods nominated to the pod's node with the same or a
// higher priority. Only pods of DaemonSets are nominated, and they stay nominated
// when they are orphaned.
func (s *scheduler) nominees(p *pod) []int32 {
	list := s.nomineesIn(nil, s.loose[p.node], p)
	for _, slot := range s.daemonSets.order {
		list = s.nomineesIn(list, s.daemonSets.at[slot].head[p.node], p)
	}
	return list
}

func (s *scheduler) nomineesIn(list []int32, head int32, p *pod) []int32 {
	for id := head; id != none; id = s.pods[id].next {
		if q := &s.pods[id]; q.is(nominated) && q != p && s.classes[q.class].priority >= s.classes[p.class].priority {
			list = append(list, id)
		}
	}
	return list
}

// fits reports whether the scheduler would bind the pod to its node now: the node
// is eligible and has room. Pod affinity and topology spread are not checked.
func (s *scheduler) fits(p *pod) bool {
	if p.node == none || !s.nodes[p.node].there() {
		return false
	}
	c := s.classes[p.class]
	if p.created != s.clock || p.is(tried) || c.changed { // else it was made for a node that wanted it
		if node, _ := borrow.From(s.cluster).Node(s.nodeNames[p.node].name); c.workload.Check(node).Decision != placement.Eligible {
			return false
		}
	}
	if s.nodes[p.node].is(isOpen) {
		return true
	}
	taken, position := s.roomFor(p), int(s.position[p.node])
	return room.Fits(taken, c.workload, position) && (taken == s.room || room.Fits(s.room, c.workload, position))
}

// fitsWithout reports whether the pod would fit if other pods were not on its node.
// Without an account every node is open, and it is not for room that the pod waits.
func (s *scheduler) fitsWithout(id int32, others []int32) bool {
	if s.room == nil {
		return false
	}
	full, freed := s.room, s.freed
	defer func() { s.room, s.freed = full, freed }()
	s.room = full.Clone()
	for _, other := range others {
		s.bindPod(&s.pods[other], false)
	}
	return s.fits(&s.pods[id])
}

// noteUnschedulable records once why a pod is not bound; an empty reason means
// that of whyUnbound.
func (s *scheduler) noteUnschedulable(id int32, why string) {
	if p := &s.pods[id]; !p.is(tried) {
		p.flags |= tried
		if why == "" && !s.quiet {
			why = s.whyUnbound(p)
		}
		s.emitPod(EventUnschedulable, id, cause{Detail: why})
	}
}

// whyUnbound returns why the pod is not bound, in the scheduler's words and with
// the evidence.
func (s *scheduler) whyUnbound(p *pod) string {
	if why := s.classes[p.class].ignored(); why != "" {
		return why
	}
	if p.set != none {
		return unplaced(s.predict(p.class))
	}
	if p.node == none || !s.nodes[p.node].there() {
		return "no such node"
	}
	return reasons(s.against(p))
}

// against returns all reasons why the scheduler refuses the one node of the pod.
func (s *scheduler) against(p *pod) []placement.FilterReason {
	c := s.classes[p.class]
	node, _ := borrow.From(s.cluster).Node(s.nodeNames[p.node].name)
	why := slices.Clone(c.workload.Check(node).Reasons)
	if !s.nodes[p.node].is(isOpen) {
		why = append(why, room.Why(s.roomFor(p), c.workload, int(s.position[p.node]))...)
	}
	return why
}

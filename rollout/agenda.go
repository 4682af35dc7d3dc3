package rollout

import (
	"slices"
	"sort"
)

// agenda is what pods will do by themselves: for every future tick in which
// something is due, ascending, a list of pods linked through pod.later and
// pod.earlier. A pod is on it at most once, with its next move; ticks in which
// nothing is due are not in it and cost nothing. Few distinct ticks are
// outstanding at a time, and new ones mostly come last.
type agenda struct {
	slots []slot
	first int // slots before it are past
}

type slot struct {
	tick int32
	head int32 // a pod, or none: all it had was called off
}

func (a *agenda) clone() agenda {
	return agenda{slots: append([]slot(nil), a.slots[a.first:]...)}
}

// next is the next tick with something due, or none.
func (a *agenda) next() int32 {
	a.skip()
	if a.first == len(a.slots) {
		return none
	}
	return a.slots[a.first].tick
}

func (a *agenda) skip() {
	for a.first < len(a.slots) && a.slots[a.first].head == none {
		a.first++
	}
	if a.first == len(a.slots) {
		a.slots, a.first = a.slots[:0], 0
	}
}

// slot finds the list of a tick, making one if there is none.
func (a *agenda) slot(tick int32) *slot {
	n := len(a.slots)
	if n > a.first && a.slots[n-1].tick == tick {
		return &a.slots[n-1]
	}
	i := n
	if n > a.first && a.slots[n-1].tick > tick {
		i = a.first + sort.Search(n-a.first, func(i int) bool { return a.slots[a.first+i].tick >= tick })
		if a.slots[i].tick == tick {
			return &a.slots[i]
		}
	}
	a.slots = slices.Insert(a.slots, i, slot{tick, none})
	return &a.slots[i]
}

// arm puts the pod's next move on the agenda, or takes it off.
func (s *Sim) arm(id int32) {
	p := &s.pods[id]
	due := s.nextMove(p)
	if due == p.due {
		return
	}
	s.disarm(id)
	if due == none {
		return
	}
	list := s.agenda.slot(due)
	p.due, p.later, p.earlier = due, list.head, none
	if list.head != none {
		s.pods[list.head].earlier = id
	}
	list.head = id
}

func (s *Sim) disarm(id int32) {
	p := &s.pods[id]
	if p.due == none {
		return
	}
	if p.earlier == none {
		s.agenda.slot(p.due).head = p.later
	} else {
		s.pods[p.earlier].later = p.later
	}
	if p.later != none {
		s.pods[p.later].earlier = p.earlier
	}
	p.due, p.later, p.earlier = none, none, none
}

// takeDue takes the pods with a move due by now off the agenda: by node, then
// by DaemonSet, then as the status orders them.
func (s *Sim) takeDue() []int32 {
	due := s.due[:0]
	for t := s.agenda.next(); t != none && t <= s.now; t = s.agenda.next() {
		for id := s.agenda.slots[s.agenda.first].head; id != none; {
			next := s.pods[id].later
			due = append(due, id)
			p := &s.pods[id]
			p.due, p.later, p.earlier = none, none, none
			id = next
		}
		s.agenda.slots[s.agenda.first].head = none
	}
	slices.Reverse(due) // lists grow at their heads: mostly in order now
	if !slices.IsSortedFunc(due, s.inTurn) {
		slices.SortFunc(due, s.inTurn)
	}
	s.due = due
	return due
}

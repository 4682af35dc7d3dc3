package rollout

import (
	"iter"
	"slices"
	"sort"
)

// agenda is what pods will do by themselves: for every future tick in which
// something may be due, ascending, a list of pods. What a pod will do next is
// its due tick; an entry that says otherwise is stale and is passed over, so
// that nothing needs to be searched for when plans change. Few ticks are
// outstanding at a time, and new ones mostly come last; those in which nothing
// is due are not there and cost nothing.
type agenda struct {
	slots   []slot
	first   int     // slots before it are past
	entries []entry // of all lists
	free    int32   // the first of no list, or none
}

// slot is a tick and the list of its pods, which is not empty until nextMoves
// has looked at it.
type slot struct{ tick, head, tail int32 }

// entry is a pod in a list, and the next one or none.
type entry struct{ pod, next int32 }

func (a *agenda) clone() agenda {
	return agenda{slots: slices.Clone(a.slots[a.first:]), entries: slices.Clone(a.entries), free: a.free}
}

// put notes a pod for a tick.
func (a *agenda) put(tick, pod int32) {
	at := a.entry(pod)
	i := len(a.slots) - 1
	switch {
	case i < a.first || a.slots[i].tick < tick:
		a.slots = append(a.slots, slot{tick, at, at})
		return
	case a.slots[i].tick > tick:
		i = a.first + sort.Search(i-a.first, func(i int) bool { return a.slots[a.first+i].tick >= tick })
		if a.slots[i].tick != tick {
			a.slots = slices.Insert(a.slots, i, slot{tick, at, at})
			return
		}
	}
	a.entries[a.slots[i].tail].next = at
	a.slots[i].tail = at
}

// entry takes a free place for a pod.
func (a *agenda) entry(pod int32) int32 {
	at := a.free
	if at == none {
		a.entries = append(a.entries, entry{pod, none})
		return int32(len(a.entries) - 1)
	}
	a.free = a.entries[at].next
	a.entries[at] = entry{pod, none}
	return at
}

// drop ends the first slot. What is left of its list is free.
func (a *agenda) drop() {
	if past := &a.slots[a.first]; past.head != none {
		a.entries[past.tail].next = a.free
		a.free = past.head
	}
	if a.first++; a.first == len(a.slots) {
		a.slots = a.slots[:0]
		a.first = 0
	}
}

// moves yields the ticks in which pods will do something, and the pods, ascending
// by tick.
func (s *Sim) moves() iter.Seq2[int32, int32] {
	return func(yield func(tick, pod int32) bool) {
		for _, list := range s.agenda.slots[s.agenda.first:] {
			for at := list.head; at != none; at = s.agenda.entries[at].next {
				if id := s.agenda.entries[at].pod; s.pods[id].due == list.tick && !yield(list.tick, id) {
					return
				}
			}
		}
	}
}

// nextMoves is the first tick with a move that is not stale, or none.
func (s *Sim) nextMoves() int32 {
	for a := &s.agenda; a.first < len(a.slots); a.drop() {
		list := &a.slots[a.first]
		for list.head != none {
			e := &a.entries[list.head]
			if s.pods[e.pod].due == list.tick {
				return list.tick
			}
			list.head, e.next, a.free = e.next, a.free, list.head
		}
	}
	return none
}

// arm puts the pod's next move on the agenda, or takes it off.
func (s *Sim) arm(id int32) {
	p := &s.pods[id]
	due := s.nextMove(p)
	if due != p.due && due != none {
		s.agenda.put(due, id)
	}
	p.due = due
}

// takeDue takes the pods with a move due by now off the agenda: by node, then
// by DaemonSet, then as the status orders them.
func (s *Sim) takeDue() []int32 {
	s.due = s.due[:0]
	for a := &s.agenda; a.first < len(a.slots) && a.slots[a.first].tick <= s.now; a.drop() {
		list := &a.slots[a.first]
		for at := list.head; at != none; at = a.entries[at].next {
			id := a.entries[at].pod
			if p := &s.pods[id]; p.due == list.tick {
				p.due = none
				s.due = append(s.due, id)
			}
		}
	}
	if !slices.IsSortedFunc(s.due, s.inTurn) {
		slices.SortFunc(s.due, s.inTurn)
	}
	return s.due
}

package rollout

import (
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
	slots []slot
	first int       // slots before it are past
	spare [][]int32 // lists to be used again
}

type slot struct {
	tick int32
	pods []int32
}

func (a *agenda) clone() agenda {
	c := agenda{slots: slices.Clone(a.slots[a.first:])}
	for i := range c.slots {
		c.slots[i].pods = slices.Clone(c.slots[i].pods)
	}
	return c
}

// put notes a pod for a tick.
func (a *agenda) put(tick, pod int32) {
	i := len(a.slots) - 1
	switch {
	case i < a.first || a.slots[i].tick < tick:
		a.slots = append(a.slots, slot{tick, a.list()})
		i++
	case a.slots[i].tick > tick:
		i = a.first + sort.Search(i-a.first, func(i int) bool { return a.slots[a.first+i].tick >= tick })
		if a.slots[i].tick != tick {
			a.slots = slices.Insert(a.slots, i, slot{tick, a.list()})
		}
	}
	a.slots[i].pods = append(a.slots[i].pods, pod)
}

func (a *agenda) list() []int32 {
	if n := len(a.spare); n > 0 {
		list := a.spare[n-1]
		a.spare = a.spare[:n-1]
		return list[:0]
	}
	return nil
}

// drop ends the first slot.
func (a *agenda) drop() {
	a.spare = append(a.spare, a.slots[a.first].pods)
	a.slots[a.first].pods = nil
	if a.first++; a.first == len(a.slots) {
		a.slots = a.slots[:0]
		a.first = 0
	}
}

// nextMoves is the first tick with a move that is not stale, or none.
func (s *Sim) nextMoves() int32 {
	for a := &s.agenda; a.first < len(a.slots); a.drop() {
		list := &a.slots[a.first]
		for n := len(list.pods); n > 0; n-- {
			if s.pods[list.pods[n-1]].due == list.tick {
				return list.tick
			}
			list.pods = list.pods[:n-1]
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
		for _, id := range list.pods {
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

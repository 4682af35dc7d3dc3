package rollout

import (
	"slices"
	"sort"
)

// eventQueue is what is due by itself: pods' moves, and alarms about nodes.
type eventQueue struct {
	podQueue podQueue
	alarms   []alarm // ascending by tick
	due      []int32 // scratch
}

func (q *eventQueue) fork() eventQueue {
	return eventQueue{podQueue: q.podQueue.clone(), alarms: slices.Clone(q.alarms)}
}

// alarm is something due that is not a pod's: the collection of a gone node's
// pods, the taints of one that is down.
type alarm struct {
	tick int32
	node int32
	kind alarmKind
	turn uint8 // of the node: a later one has its own alarm
}

type alarmKind uint8

const (
	collection alarmKind = iota
	unreachable
)

// podQueue is what pods will do by themselves: for every future tick in which
// something may be due, ascending, a list of pods. What a pod will do next is
// its due tick; an entry that says otherwise is stale and is passed over, so
// that nothing needs to be searched for when plans change. Few ticks are
// outstanding at a time, and new ones mostly come last; those in which nothing
// is due are not there and cost nothing.
type podQueue struct {
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

func (a *podQueue) clone() podQueue {
	return podQueue{slots: slices.Clone(a.slots[a.first:]), entries: slices.Clone(a.entries), free: a.free}
}

// put notes a pod for a tick.
func (a *podQueue) put(tick, pod int32) {
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
func (a *podQueue) entry(pod int32) int32 {
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
func (a *podQueue) drop() {
	if past := &a.slots[a.first]; past.head != none {
		a.entries[past.tail].next = a.free
		a.free = past.head
	}
	if a.first++; a.first == len(a.slots) {
		a.slots = a.slots[:0]
		a.first = 0
	}
}

// alarm has it ring some seconds from now; this tick, if none.
func (s *store) alarm(kind alarmKind, node int32, after stamp) {
	a := alarm{s.tickOf(int64(s.clock) + int64(after)), node, kind, s.nodes[node].turn}
	if a.tick == none {
		return
	}
	i, _ := slices.BinarySearchFunc(s.alarms, a.tick+1, func(x alarm, tick int32) int { return int(x.tick - tick) })
	s.alarms = slices.Insert(s.alarms, i, a)
}

package rollout

import (
	"slices"
	"sort"
)

// eventQueue holds what is due by itself: pods' moves, and alarms about nodes.
type eventQueue struct {
	podQueue podQueue
	alarms   []alarm // ascending by tick
	due      []int32 // scratch
}

func (q *eventQueue) fork() eventQueue {
	return eventQueue{podQueue: q.podQueue.clone(), alarms: slices.Clone(q.alarms)}
}

// alarm is a due event that is not a pod's: the garbage collection of a removed
// node's pods, or the taints of a node that is down.
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

// podQueue holds what pods will do by themselves: a list of pods for every future
// tick with something due, ascending. A pod's due tick says when it moves next.
// An entry with another tick is stale and is skipped, so changing a due tick
// needs no search. Few ticks are outstanding at a time, and new ones mostly come
// last. Ticks with nothing due have no entry and cost nothing.
type podQueue struct {
	slots   []slot
	first   int          // slots before it are past
	entries []queueEntry // of all lists
	free    int32        // the first of no list, or none
}

// slot is a tick and the list of its pods, which is not empty until nextMoves
// has looked at it.
type slot struct{ tick, head, tail int32 }

// queueEntry is a pod in a list, and the next one or none.
type queueEntry struct{ pod, next int32 }

func (q *podQueue) clone() podQueue {
	return podQueue{slots: slices.Clone(q.slots[q.first:]), entries: slices.Clone(q.entries), free: q.free}
}

// put notes a pod for a tick.
func (q *podQueue) put(tick, pod int32) {
	at := q.entry(pod)
	i := len(q.slots) - 1
	switch {
	case i < q.first || q.slots[i].tick < tick:
		q.slots = append(q.slots, slot{tick, at, at})
		return
	case q.slots[i].tick > tick:
		i = q.first + sort.Search(i-q.first, func(i int) bool { return q.slots[q.first+i].tick >= tick })
		if q.slots[i].tick != tick {
			q.slots = slices.Insert(q.slots, i, slot{tick, at, at})
			return
		}
	}
	q.entries[q.slots[i].tail].next = at
	q.slots[i].tail = at
}

// entry takes a free place for a pod.
func (q *podQueue) entry(pod int32) int32 {
	at := q.free
	if at == none {
		q.entries = append(q.entries, queueEntry{pod, none})
		return int32(len(q.entries) - 1)
	}
	q.free = q.entries[at].next
	q.entries[at] = queueEntry{pod, none}
	return at
}

// drop ends the first slot. What is left of its list is free.
func (q *podQueue) drop() {
	if past := &q.slots[q.first]; past.head != none {
		q.entries[past.tail].next = q.free
		q.free = past.head
	}
	if q.first++; q.first == len(q.slots) {
		q.slots = q.slots[:0]
		q.first = 0
	}
}

// alarm has it ring some seconds from now; this tick, if none.
func (s *store) alarm(kind alarmKind, node int32, after simTime) {
	a := alarm{s.tickOf(int64(s.clock) + int64(after)), node, kind, s.nodes[node].turn}
	if a.tick == none {
		return
	}
	i, _ := slices.BinarySearchFunc(s.alarms, a.tick+1, func(x alarm, tick int32) int { return int(x.tick - tick) })
	s.alarms = slices.Insert(s.alarms, i, a)
}

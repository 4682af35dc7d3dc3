package rollout

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// scratch lends a list, which saves an allocation where none is out.
type scratch struct{ list []int32 }

// moves yields the ticks in which pods will do something, and the pods, ascending
// by tick.
func (s *store) moves() iter.Seq2[int32, int32] {
	return func(yield func(tick, pod int32) bool) {
		for _, list := range s.podQueue.slots[s.podQueue.first:] {
			for at := list.head; at != none; at = s.podQueue.entries[at].next {
				if id := s.podQueue.entries[at].pod; s.pods[id].due == list.tick && !yield(list.tick, id) {
					return
				}
			}
		}
	}
}

// nextMoves returns the first tick with a move that is not stale, or none.
func (s *store) nextMoves() int32 {
	for a := &s.podQueue; a.first < len(a.slots); a.drop() {
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

// takeDue takes the pods with a move due by now off the queue: by node, then
// by DaemonSet, then as the status orders them.
func (s *store) takeDue() []int32 {
	s.due = s.due[:0]
	for a := &s.podQueue; a.first < len(a.slots) && a.slots[a.first].tick <= s.now; a.drop() {
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

// listed yields an owner's pods on a node as they are now, in order, to loops that
// may change the list.
func (s *store) listed(owner, node int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		list := s.scratch.take()
		for id := *s.head(owner, node); id != none; id = s.pods[id].next {
			list = append(list, id)
		}
		if owner == none && len(list) > 1 {
			slices.SortFunc(list, s.inTurn)
		}
		s.yieldAll(list, yield)
	}
}

// yieldAll yields a list that was taken from the scratch, and returns it there.
func (t *podTable) yieldAll(list []int32, yield func(int32) bool) {
	for _, id := range list {
		if !yield(id) {
			break
		}
	}
	t.scratch.giveBack(list)
}

// podsOn yields all pods that are bound to a node now: pods without a controller
// first, then by the key of their controller. The loop may change lists.
func (s *store) podsOn(node int32) iter.Seq[int32] {
	return func(yield func(int32) bool) { s.yieldAll(s.appendPodsOn(s.scratch.take(), node), yield) }
}

func (s *store) appendPodsOn(list []int32, node int32) []int32 {
	add := func(id int32) {
		for ; id != none; id = s.pods[id].next {
			if s.pods[id].is(bound) {
				list = append(list, id)
			}
		}
	}
	add(s.loose[node])
	for _, slot := range s.daemonSets.order {
		add(s.daemonSets.at[slot].head[node])
	}
	if s.loose[node] != none {
		slices.SortFunc(list, s.inTurn)
	}
	return list
}

// head returns where the list of a DaemonSet's pods on a node begins, or of pods
// that no DaemonSet owns.
func (s *store) head(owner, node int32) *int32 {
	if owner == none {
		return &s.loose[node]
	}
	return &s.daemonSets.at[owner].head[node]
}

// link puts the pod into the list on its node: a DaemonSet's where the
// controller's order puts it, others in front. A pod that is aimed at no node is
// on no list.
func (s *store) link(id int32) {
	p := &s.pods[id]
	if p.node == none {
		return
	}
	at := s.head(p.owner, p.node)
	for p.owner != none && *at != none && s.before(*at, id) {
		at = &s.pods[*at].next
	}
	p.next, *at = *at, id
	if p.owner != none {
		s.live[p.class]++
		s.daemonSets.at[p.owner].touch(p.node)
	}
}

func (s *store) unlink(id int32) {
	p := &s.pods[id]
	if p.node == none {
		return
	}
	at := s.head(p.owner, p.node)
	for *at != id {
		at = &s.pods[*at].next
	}
	*at, p.next = p.next, none
	if p.owner != none {
		s.live[p.class]--
		s.daemonSets.at[p.owner].touch(p.node)
	}
}

// relink puts the pod where it belongs after its order has changed.
func (s *store) relink(id int32) {
	p := &s.pods[id]
	if p.node == none {
		return
	}
	if *s.head(p.owner, p.node) == id && p.next == none {
		s.changed(p)
		return
	}
	s.unlink(id)
	s.link(id)
}

// vanish removes the pod.
func (s *store) vanish(id int32) {
	if !s.pods[id].is(bound) {
		s.unbound = slices.DeleteFunc(s.unbound, func(q queuedPod) bool { return q.pod == id })
		s.freed = s.freed || s.pods[id].is(nominated) // the room kept for it (pkg/scheduler/eventhandlers.go: deletePodFromSchedulingQueue)
	}
	s.unlink(id)
	s.leave(id)
	p := &s.pods[id]
	s.bindPod(p, false)
	delete(s.restarted, id)
	delete(s.ownReady, id)
	s.byClass.remove(id, p.class)
	s.uncharge(p)
	p.phase, p.due = vacant, none
	p.next, s.free = s.free, id
}

// before reports the controller's order of pods on a node: bound first, then the
// oldest, then by name (pkg/controller/daemon/daemon_controller.go:
// podByCreationTimestampAndPhase).
func (t *podTable) before(a, b int32) bool { return t.compare(a, b) < 0 }

func (t *podTable) compare(a, b int32) int {
	p, q := &t.pods[a], &t.pods[b]
	if p.is(bound) != q.is(bound) {
		if p.is(bound) {
			return -1
		}
		return 1
	}
	if p.created != q.created {
		return cmp.Compare(p.created, q.created)
	}
	return t.compareNames(a, b)
}

func (t *podTable) compareNames(a, b int32) int {
	p, q := &t.pods[a], &t.pods[b]
	if p.class == q.class && p.name >= 0 && q.name >= 0 && max(p.name, q.name) < serials {
		return cmp.Compare(p.name, q.name)
	}
	return strings.Compare(t.podName(a), t.podName(b))
}

func (c *scratch) take() []int32 {
	list := c.list[:0]
	c.list = nil
	return list
}

func (c *scratch) giveBack(list []int32) { c.list = list }

// inTurn orders pods for events: by node, the key of their controller, and as
// compare does.
func (s *store) inTurn(a, b int32) int {
	p, q := &s.pods[a], &s.pods[b]
	if p.node != q.node {
		return cmp.Compare(p.node, q.node)
	}
	if p.owner != q.owner || p.set != q.set {
		if c := strings.Compare(s.ownerKey(p), s.ownerKey(q)); c != 0 {
			return c
		}
	}
	return s.compare(a, b)
}

// ownerKey returns the key of the pod's DaemonSet or Deployment.
func (o *objectTables) ownerKey(p *pod) string {
	switch {
	case p.owner != none:
		return o.daemonSets.at[p.owner].key
	case p.set != none:
		return o.keyOfSet(o.replicaSets.at[p.set])
	}
	return ""
}

// fullKeyOf returns the key of the pod's DaemonSet or Deployment with its kind.
func (o *objectTables) fullKeyOf(p *pod) string {
	if p.owner != none {
		return o.daemonSets.at[p.owner].fullKey
	}
	if p.set != none {
		return o.fullKeyOfSet(o.replicaSets.at[p.set])
	}
	return ""
}

func before(first bool) int {
	if first {
		return -1
	}
	return 1
}

package rollout

import (
	"math/bits"

	"github.com/berthsim/berth/placement"
)

// marks are what one node contributes to a sync of one DaemonSet. Each is a
// question that the real controller asks of every node in every sync; here they
// are answered again only for nodes where something happened, and counted, so
// that a sync costs what changed. For the first few, the nodes that have them
// are kept as sets too: a sync walks those in order.
//
// The conditions are those of pkg/controller/daemon, in update.go unless
// daemon_controller.go (dc) is said; old and new are the pods of a node that
// findUpdatedPodsOnNode finds, and available is podutil.IsPodAvailable.
//
//	mark         condition (function)                                      read by
//	toCreate     shouldRun, and no pod or no live one                      manage
//	             (dc podsShouldBeOnNode: nodesNeedingDaemonPods)
//	toPrune      podsToDelete is not empty (dc podsShouldBeOnNode,         manage
//	             getUnscheduledPodsWithoutNode)
//	oldUp        old available, no new, shouldRun (rollingUpdate:          replace (WithinBudget),
//	             candidatePodsToDelete, candidateNewNodes)                 surge (WithinSurge)
//	oldUpOut     likewise, not shouldRun                                   replace, surge (EnoughElsewhere)
//	oldDown      old not available, no new, shouldRun (rollingUpdate:      replace (OldUnavailable),
//	             allowedReplacementPods, allowedNewNodes)                  surge (OldUnavailableSurge)
//	oldDownOut   likewise, not shouldRun                                   replace, surge (OldUnwanted)
//	superseded   old, and new available (rollingUpdate: oldPodsToDelete)   surge (NewAvailable)
//	out          adds to numUnavailable (rollingUpdate, without surge)     replace
//	surging      adds to numSurge (rollingUpdate, with surge)              surge
//	serving      adds to numAvailable (rollingUpdate, with surge)          surge
//	lost         the nodeLister has no node of an old pod's name           rollingUpdate, lostError
//	desired      shouldRun (dc updateDaemonSetStatus, and                  status, maxSurge,
//	             updatedDesiredNodeCounts)                                 maxUnavailable
//	occupied     shouldRun, and a pod (dc updateDaemonSetStatus)           status
//	misplaced    not shouldRun, and a pod (dc updateDaemonSetStatus)       status
//	statusReady  its first pod is ready (dc updateDaemonSetStatus)         status
//	statusUp     its first pod is available (dc updateDaemonSetStatus)     status
//	statusNew    its first pod is updated (dc updateDaemonSetStatus)       status
type marks uint32

const (
	toCreate   marks = 1 << iota // manage creates a pod
	toPrune                      // manage deletes pods
	oldUp                        // an available old pod without a new one, the node eligible
	oldUpOut                     // likewise, but the node is not eligible
	oldDown                      // an unavailable old pod without a new one, the node eligible
	oldDownOut                   // likewise, but the node is not eligible
	superseded                   // an old pod beside an available new one

	out         // counts as unavailable (without surge)
	surging     // uses a unit of the surge
	serving     // its pod is available; with two, the old one (with surge)
	lost        // an old pod without a new one, and no such node: surge cannot look it up
	desired     // the DaemonSet wants a pod here
	occupied    // and has one
	misplaced   // has one that is not wanted
	statusReady // the pod that the status looks at is ready,
	statusUp    // available,
	statusNew   // updated

	dirty // to be looked at again: not counted
)

const (
	markSets   = 7  // toCreate to superseded
	markCounts = 17 // toCreate to statusNew
)

// tally is the marks of every node of one DaemonSet, with their counts and sets.
type tally struct {
	marks []marks
	count [markCounts]int32
	sets  [markSets]bitset
	dirty []int32 // nodes whose marks may be stale
	stale bool    // all may be
}

func newTally(nodes int) tally {
	t := tally{marks: make([]marks, nodes), stale: true}
	for i := range t.sets {
		t.sets[i] = newBitset(nodes)
	}
	return t
}

func (t *tally) clone() tally {
	c := *t
	c.marks = append([]marks(nil), t.marks...)
	c.dirty = append([]int32(nil), t.dirty...)
	for i := range t.sets {
		c.sets[i] = t.sets[i].clone()
	}
	return c
}

// number is how many nodes have a mark, which must be a single one.
func (t *tally) number(m marks) int { return int(t.count[bits.TrailingZeros32(uint32(m))]) }

func (t *tally) set(m marks) *bitset { return &t.sets[bits.TrailingZeros32(uint32(m))] }

func (t *tally) touch(node int32) {
	if t.marks[node]&dirty == 0 {
		t.marks[node] |= dirty
		t.dirty = append(t.dirty, node)
	}
}

// put replaces the marks of a node.
func (t *tally) put(node int32, now marks) {
	before := t.marks[node] &^ dirty
	t.marks[node] = now
	for changed := before ^ now; changed != 0; changed &= changed - 1 {
		i := bits.TrailingZeros32(uint32(changed))
		has := now>>i&1 == 1
		if has {
			t.count[i]++
		} else {
			t.count[i]--
		}
		switch {
		case i >= markSets:
		case has:
			t.sets[i].add(node)
		default:
			t.sets[i].remove(node)
		}
	}
}

// refresh brings the tally up to date.
func (s *Sim) refresh(d *daemon) {
	if d.stale {
		for n := range d.marks {
			d.put(int32(n), s.classify(d, int32(n)))
		}
	} else {
		for _, n := range d.dirty {
			d.put(n, s.classify(d, n))
		}
	}
	d.dirty = d.dirty[:0]
	d.stale = false
}

// census is what classify needs to know of the pods on a node.
type census struct {
	first   int32 // the pod that the status looks at
	newest  int32 // a live-or-failed new pod, and an old one; of several, the last
	oldest  int32
	newPods int // not terminating
	oldPods int
}

func (s *Sim) count(d *daemon, node int32) census {
	c := census{first: none, newest: none, oldest: none}
	for id := d.head[node]; id != none; id = s.pods[id].next {
		p := &s.pods[id]
		if p.gone() {
			continue
		}
		if c.first == none {
			c.first = id
		}
		switch {
		case p.is(terminating):
		case s.fresh[p.class]:
			c.newest = id
			c.newPods++
		default:
			c.oldest = id
			c.oldPods++
		}
	}
	return c
}

// classify answers a sync's questions about one node.
func (s *Sim) classify(d *daemon, node int32) marks {
	wanted := d.decision[node] == placement.Eligible
	head := d.head[node]
	if head == none {
		if wanted {
			return desired | toCreate | out
		}
		return 0
	}
	if p := &s.pods[head]; p.next == none && p.live() && d.decision[node] != placement.Excluded {
		return s.soleMarks(d, node, head, wanted)
	}
	c := s.count(d, node)
	if c.first == none && !wanted {
		return 0
	}
	return s.statusMarks(d, node, c.first, wanted) | s.manageMarks(d, node) | s.updateMarks(d, node, c, wanted)
}

// soleMarks is for what most nodes have, one live pod that may stay: manage has
// nothing to do there.
func (s *Sim) soleMarks(d *daemon, node, id int32, wanted bool) marks {
	m := s.statusMarks(d, node, id, wanted)
	p := &s.pods[id]
	switch up := s.available(d, p); {
	case !s.fresh[p.class] && up:
		return m | s.aloneMarks(node, true, wanted) | serving
	case !s.fresh[p.class]:
		return m | s.aloneMarks(node, false, wanted)
	case up:
		return m | serving
	}
	return m | out
}

// statusMarks follows pkg/controller/daemon: updateDaemonSetStatus, which looks
// at the first pod of each node that there is.
func (s *Sim) statusMarks(d *daemon, node, first int32, wanted bool) marks {
	switch {
	case first == none:
		return desired
	case !wanted && s.nodes[node].there():
		return misplaced
	case !wanted:
		return 0
	}
	m := desired | occupied
	p := &s.pods[first]
	if p.is(isReady) {
		m |= statusReady
	}
	if s.available(d, p) {
		m |= statusUp
	}
	if s.fresh[p.class] {
		m |= statusNew
	}
	return m
}

func (s *Sim) manageMarks(d *daemon, node int32) marks {
	var m marks
	create, doomed := s.manageNode(d, node, s.doomed[:0])
	if create != 0 {
		m |= toCreate
	}
	if len(doomed) > 0 {
		m |= toPrune
	}
	s.doomed = doomed[:0]
	return m
}

// updateMarks follows pkg/controller/daemon: rollingUpdate, both loops.
func (s *Sim) updateMarks(d *daemon, node int32, c census, wanted bool) marks {
	if c.newPods > 1 || c.oldPods > 1 {
		return out | surging
	}
	newUp := c.newest != none && s.available(d, &s.pods[c.newest])
	oldIsUp := c.oldest != none && s.available(d, &s.pods[c.oldest])
	var m marks
	switch {
	case c.oldest == none && c.newest == none:
		return out
	case c.oldest != none && c.newest != none:
		m = out | surging
		if newUp {
			m = out | superseded
		}
	case c.newest != none:
		if newUp {
			return serving
		}
		return out
	default:
		m = s.aloneMarks(node, oldIsUp, wanted)
	}
	if oldIsUp {
		m |= serving
	}
	return m
}

// aloneMarks is for an old pod that has no new one beside it.
func (s *Sim) aloneMarks(node int32, up, wanted bool) marks {
	var m marks
	switch {
	case up && wanted:
		m = oldUp
	case up:
		m = oldUpOut
	case wanted:
		m = oldDown | out
	default:
		m = oldDownOut | out
	}
	if !s.nodes[node].there() {
		m |= lost
	}
	return m
}

// available follows pkg/api/v1/pod: IsPodAvailable.
func (s *Sim) available(d *daemon, p *pod) bool { return s.availableFor(d.minReady, p) }

func (s *Sim) availableFor(minReady stamp, p *pod) bool {
	return p.is(isReady) && (minReady <= 0 || p.readied != never && int64(p.readied)+int64(minReady) <= int64(s.clock))
}

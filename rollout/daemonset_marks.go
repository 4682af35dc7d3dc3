package rollout

import (
	"math/bits"

	appsv1 "k8s.io/api/apps/v1"
)

// countInto puts the seven numbers that count nodes into a status.
func (t *nodeCounts) countInto(st *appsv1.DaemonSetStatus) {
	wanted, up := t.number(desired), t.number(statusUp)
	st.DesiredNumberScheduled, st.CurrentNumberScheduled, st.NumberMisscheduled = int32(wanted), int32(t.number(occupied)), int32(t.number(misplaced))
	st.NumberReady, st.UpdatedNumberScheduled = int32(t.number(statusReady)), int32(t.number(statusNew))
	st.NumberAvailable, st.NumberUnavailable = int32(up), int32(wanted-up)
}

// countedIn reports whether a status already has these counts. The counts that
// change most are compared first.
func (t *nodeCounts) countedIn(st *appsv1.DaemonSetStatus) bool {
	wanted, up := t.number(desired), t.number(statusUp)
	return int(st.NumberAvailable) == up && int(st.CurrentNumberScheduled) == t.number(occupied) &&
		int(st.UpdatedNumberScheduled) == t.number(statusNew) && int(st.NumberReady) == t.number(statusReady) &&
		int(st.NumberMisscheduled) == t.number(misplaced) && int(st.DesiredNumberScheduled) == wanted &&
		int(st.NumberUnavailable) == wanted-up
}

// marks are what one node contributes to a sync of one DaemonSet. Each is a
// question that the real controller asks about every node in every sync. Here a
// mark is updated only for nodes where something happened, and counted, so a sync
// costs what changed. For the first few marks the nodes that have them are also
// kept as sets, which a sync walks in order.
//
// The conditions are the controller's (pkg/controller/daemon/update.go:
// rollingUpdate, updatedDesiredNodeCounts, findUpdatedPodsOnNode). Where the
// table has dc they are from its other file
// (pkg/controller/daemon/daemon_controller.go: podsShouldBeOnNode,
// getUnscheduledPodsWithoutNode, updateDaemonSetStatus). old and new are the pods
// of a node that findUpdatedPodsOnNode finds, and available follows one function
// (pkg/api/v1/pod/util.go: IsPodAvailable).
//
//	mark         condition (function)                                      read by
//	toCreate     shouldRun, and no pod or no live one                      manage
//	             (dc podsShouldBeOnNode: nodesNeedingDaemonPods)
//	toPrune      podsToDelete is not empty (dc podsShouldBeOnNode,         manage
//	             getUnscheduledPodsWithoutNode)
//	oldUp        old available, no new, shouldRun (rollingUpdate:          replace (ReasonMaxUnavailable),
//	             candidatePodsToDelete, candidateNewNodes)                 surge (ReasonMaxSurge)
//	oldUpOut     likewise, not shouldRun                                   replace, surge (ReasonSurplusAvailable)
//	oldDown      old not available, no new, shouldRun (rollingUpdate:      replace (ReasonOldUnavailable),
//	             allowedReplacementPods, allowedNewNodes)                  surge (ReasonOldUnavailableSurge)
//	oldDownOut   likewise, not shouldRun                                   replace, surge (ReasonOldUnwanted)
//	superseded   old, and new available (rollingUpdate: oldPodsToDelete)   surge (ReasonNewAvailable)
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
	oldUpOut                     // the same, but the node is not eligible
	oldDown                      // an unavailable old pod without a new one, the node eligible
	oldDownOut                   // the same, but the node is not eligible
	superseded                   // an old pod beside an available new one

	out         // counts as unavailable (without surge)
	surging     // uses a unit of the surge
	serving     // its pod is available; with two, the old one (with surge)
	lost        // an old pod without a new one, and no such node: surge cannot look it up
	desired     // the DaemonSet wants a pod here
	occupied    // and has one
	misplaced   // has a pod and wants none
	statusReady // the pod that the status looks at is ready,
	statusUp    // available,
	statusNew   // updated

	dirty // to be classified again: not counted
)

const (
	markSets   = 7  // toCreate to superseded
	markCounts = 17 // toCreate to statusNew
)

// nodeCounts is the marks of every node of one DaemonSet, with their counts and sets.
type nodeCounts struct {
	marks []marks
	count [markCounts]int32
	sets  [markSets]bitset
	dirty []int32 // nodes whose marks may be stale
	stale bool    // all may be
}

func newNodeCounts(nodes int) nodeCounts {
	t := nodeCounts{marks: make([]marks, nodes), stale: true}
	for i := range t.sets {
		t.sets[i] = newBitset(nodes)
	}
	return t
}

func (t *nodeCounts) clone() nodeCounts {
	c := *t
	c.marks = append([]marks(nil), t.marks...)
	c.dirty = append([]int32(nil), t.dirty...)
	for i := range t.sets {
		c.sets[i] = t.sets[i].clone()
	}
	return c
}

// number returns how many nodes have a mark, which must be a single one.
func (t *nodeCounts) number(m marks) int { return int(t.count[bits.TrailingZeros32(uint32(m))]) }

func (t *nodeCounts) set(m marks) *bitset { return &t.sets[bits.TrailingZeros32(uint32(m))] }

func (t *nodeCounts) touch(node int32) {
	if t.marks[node]&dirty == 0 {
		t.marks[node] |= dirty
		t.dirty = append(t.dirty, node)
	}
}

// put replaces the marks of a node.
func (t *nodeCounts) put(node int32, now marks) {
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

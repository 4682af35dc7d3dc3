package rollout

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
)

// Wait is a node that keeps a DaemonSet's rollout from being done, or a pod that
// keeps a Deployment's, with what it waits for.
type Wait struct {
	Node      string // of a Deployment, the pod's; empty if it has none
	Pod       string // of a Deployment; empty if it is not created yet
	Blocker   Blocker
	Until     int      // the tick in which the wait ends by itself; -1 if it is unknown, or never
	Detail    string   // for BlockerUnschedulable: why the pod does not fit; for BlockerNotStarted, BlockerNotReady and BlockerFailedPodBackoff: its reason, like ImagePullBackOff
	BlockedBy []string // for BlockerQueued and BlockerUpdateLimit: the nodes, or pods, that use the update limit, ascending
}

// Blocker is what a node waits for.
type Blocker uint8

const (
	BlockerNotCreated       Blocker = iota + 1 // it has no pod yet: a sync creates at most 250
	BlockerUnschedulable                       // its pod is not bound
	BlockerNotStarted                          // its pod does not run yet
	BlockerNotReady                            // its pod is not ready
	BlockerMinReadySeconds                     // its pod is ready, but not yet for minReadySeconds
	BlockerTerminating                         // its previous pod is terminating
	BlockerFailedPodBackoff                    // its pod has failed
	BlockerQueued                              // others are being updated first
	BlockerUpdateLimit                         // other nodes use the whole update limit and make no progress
	BlockerOnDelete                            // strategy OnDelete: a user must delete its pod
	BlockerSyncError                           // the controller's sync fails, and is retried
	BlockerPaused                              // the Deployment is paused
)

var blockers = [...]string{"", "NotCreated", "Unschedulable", "NotStarted", "NotReady", "MinReadySeconds", "Terminating", "FailedPodBackoff", "Queued", "UpdateLimit", "OnDelete", "SyncError", "Paused"}

// String returns the name of the blocker: "NotReady".
func (c Blocker) String() string {
	if c > 0 && int(c) < len(blockers) {
		return blockers[c]
	}
	return fmt.Sprintf("Blocker(%d)", uint8(c))
}

// String returns the wait in one line.
func (w Wait) String() string {
	who := w.Node
	switch {
	case w.Pod != "" && w.Node != "":
		who = w.Pod + " on " + w.Node
	case w.Pod != "":
		who = w.Pod
	case w.Node == "":
		who = "a replica"
	}
	s := who + " waits: " + w.Blocker.String()
	if w.Until >= 0 {
		s += fmt.Sprintf(" until %d", w.Until)
	}
	if w.Detail != "" {
		s += ": " + w.Detail
	}
	if len(w.BlockedBy) > 0 {
		s += ", used by " + strings.Join(w.BlockedBy, " ")
	}
	return s
}

// Waiting returns the nodes that keep RolloutStatus from done, ascending by name:
// nodes that want a pod and whose pod is not updated or not available. It costs
// as much as there are nodes.
func (s *Sim) Waiting(key string) []Wait {
	d, deployed := s.resolve(key)
	switch {
	case deployed != nil:
		return s.waitingFor(deployed)
	case d == nil:
		return nil
	}
	if d.wants() { // nothing was synced since it changed
		s = s.Fork()
		d = s.daemonSets.find(d.key)
		s.dsc.refresh(d)
	}
	var waits []Wait
	var queue *Wait
	for n := range s.nodes {
		if m := d.marks[n]; m&desired == 0 || m&statusNew != 0 && m&statusUp != 0 {
			continue
		}
		w := s.waitOf(d, int32(n))
		w.Node = s.nodeNames[n].name
		if w.Blocker == BlockerQueued {
			if queue == nil {
				q := s.budgetWait(d)
				queue = &q
			}
			w.Blocker, w.BlockedBy = queue.Blocker, queue.BlockedBy
		}
		waits = append(waits, w)
	}
	return waits
}

// waitOf returns what the node waits for. It returns BlockerQueued also where it
// is BlockerUpdateLimit.
func (s *Sim) waitOf(d *daemonSet, node int32) Wait {
	c := s.dsc.podsOnNode(d, node)
	switch {
	case c.newest != none && !s.available(d, &s.pods[c.newest]):
		return s.podWait(c.newest)
	case c.first != none && s.pods[c.first].is(terminating):
		return until(BlockerTerminating, s.kubelets.stopTick(&s.pods[c.first]))
	case c.oldest == none:
		return until(BlockerNotCreated, none)
	case d.object.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType:
		return until(BlockerOnDelete, none)
	case d.failure != "":
		return until(BlockerSyncError, none)
	}
	return until(BlockerQueued, none)
}

func until(c Blocker, tick int32) Wait { return Wait{Blocker: c, Until: int(tick)} }

// podWait returns what a pod that is not available waits for.
func (s *Sim) podWait(id int32) Wait {
	p := &s.pods[id]
	switch {
	case p.phase == failed:
		return Wait{Blocker: BlockerFailedPodBackoff, Until: int(p.due), Detail: s.kubelets.reasonOf(p)}
	case !p.is(bound):
		return Wait{Blocker: BlockerUnschedulable, Until: -1, Detail: s.scheduler.whyUnbound(p)}
	case p.phase == pending:
		return Wait{Blocker: BlockerNotStarted, Until: int(p.due), Detail: s.kubelets.reasonOf(p)}
	case !p.is(isReady):
		return Wait{Blocker: BlockerNotReady, Until: int(p.due), Detail: s.kubelets.reasonOf(p)}
	}
	return until(BlockerMinReadySeconds, p.due)
}

// budgetWait distinguishes a queue that moves from one that does not. It does not
// move if nodes that make no progress by themselves use the whole update limit.
func (s *Sim) budgetWait(d *daemonSet) Wait {
	surge, budget, err := d.budget()
	user := out
	if surge > 0 {
		user, budget = surging, surge
	}
	if err != nil {
		return Wait{Blocker: BlockerSyncError, Until: -1}
	}
	w := Wait{Blocker: BlockerQueued, Until: -1}
	stuck := 0
	for n := range s.nodes {
		if d.marks[n]&user != 0 {
			w.BlockedBy = append(w.BlockedBy, s.nodeNames[n].name)
			if !s.getsOn(d, int32(n)) {
				stuck++
			}
		}
	}
	if stuck >= budget {
		w.Blocker = BlockerUpdateLimit
	}
	return w
}

// getsOn reports whether one of the node's pods will do something by itself.
func (s *Sim) getsOn(d *daemonSet, node int32) bool {
	for id := d.head[node]; id != none; id = s.pods[id].next {
		if s.pods[id].due != none {
			return true
		}
	}
	return false
}

// waitingFor lists the pods that keep the Deployment's RolloutStatus from done:
// new ones that are not available, and old ones. It costs as much as there are.
func (s *Sim) waitingFor(d *deployment) []Wait {
	current := s.currentSet(d)
	var waits []Wait
	var blockers []string
	stuck := true // no new pod makes progress by itself
	switch {
	case current == nil && d.failure != "": // and so there will be none
		waits = append(waits, Wait{Blocker: BlockerSyncError, Until: -1, Detail: d.failure})
	case current != nil:
		for _, id := range current.pods {
			if p := &s.pods[id]; p.live() && !s.availableFor(current.minReady(), p) {
				w := s.waitOfPod(id, s.podWait(id))
				waits, blockers = append(waits, w), append(blockers, w.Pod)
				stuck = stuck && p.due == none
			}
		}
		waits = append(waits, s.missing(current)...)
	}
	slices.Sort(blockers)
	return append(waits, s.oldWaits(d, blockers, stuck)...)
}

func (s *Sim) waitOfPod(id int32, w Wait) Wait {
	w.Pod = s.podName(id)
	if p := &s.pods[id]; p.node != none {
		w.Node = s.nodeNames[p.node].name
	}
	return w
}

// missing returns the wait for pods that the ReplicaSet has not created yet.
func (s *Sim) missing(rs *replicaSet) []Wait {
	if len(s.appendActive(nil, rs)) >= int(rs.size()) {
		return nil
	}
	w := until(BlockerNotCreated, none)
	if rs.denied != "" {
		w.Blocker, w.Detail = BlockerSyncError, rs.denied
	}
	return []Wait{w}
}

// oldWaits returns what the old pods wait for: their turn, the pods that use the
// update limit, or their own deletion where the new pods are created after it.
func (s *Sim) oldWaits(d *deployment, blockers []string, stuck bool) []Wait {
	w := Wait{Blocker: BlockerQueued, Until: -1, BlockedBy: blockers}
	switch {
	case d.object.Spec.Paused:
		w = until(BlockerPaused, none)
	case d.failure != "":
		w = Wait{Blocker: BlockerSyncError, Until: -1, Detail: d.failure}
	case len(blockers) > 0 && stuck:
		w.Blocker = BlockerUpdateLimit
	}
	var waits []Wait
	for _, slot := range d.mine {
		for _, id := range s.replicaSets.at[slot].pods {
			switch p := &s.pods[id]; {
			case slot == d.current || p.terminal():
			case !p.is(terminating):
				waits = append(waits, s.waitOfPod(id, w))
			case d.recreates():
				waits = append(waits, s.waitOfPod(id, until(BlockerTerminating, s.kubelets.stopTick(p))))
			}
		}
	}
	return waits
}

package rollout

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
)

// Wait is a node that keeps a DaemonSet's rollout from being done, or a pod that
// keeps a Deployment's, and what it waits for.
type Wait struct {
	Node     string // of a Deployment, the pod's; empty if it has none
	Pod      string // of a Deployment; empty for one that is still to be created
	For      Cause
	Until    int      // the tick in which that ends by itself; -1 if nobody can tell, or never
	Detail   string   // for Scheduling: what the pod does not fit for; for Start, Readiness and Backoff: its reason, like ImagePullBackOff
	Blockers []string // for Turn and Blocked: the nodes, or pods, that use the budget, ascending
}

// Cause is what a node waits for.
type Cause uint8

const (
	Creation    Cause = iota + 1 // of its pod: at most 250 in a sync
	Scheduling                   // its pod is not bound
	Start                        // of its pod
	Readiness                    // of its pod
	MinReady                     // its pod is ready, but not yet for minReadySeconds
	Termination                  // of the pod before
	Backoff                      // its pod has failed
	Turn                         // others are being updated first
	Blocked                      // others use the whole budget and do not get on
	User                         // strategy OnDelete: somebody must delete its pod
	SyncError                    // the controller fails, and tries again
	Paused                       // the Deployment is paused
)

var causes = [...]string{"", "Creation", "Scheduling", "Start", "Readiness", "MinReady", "Termination", "Backoff", "Turn", "Blocked", "User", "SyncError", "Paused"}

// String is the name of the cause.
func (c Cause) String() string {
	if c > 0 && int(c) < len(causes) {
		return causes[c]
	}
	return fmt.Sprintf("Cause(%d)", uint8(c))
}

// String is the wait in one line.
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
	s := who + " waits for " + w.For.String()
	if w.Until >= 0 {
		s += fmt.Sprintf(" until %d", w.Until)
	}
	if w.Detail != "" {
		s += ": " + w.Detail
	}
	if len(w.Blockers) > 0 {
		s += ", used by " + strings.Join(w.Blockers, " ")
	}
	return s
}

// Waiting lists the nodes that keep RolloutStatus from done, ascending by name:
// those that want a pod and whose pod is not updated or not available. It costs
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
		if w.For == Turn {
			if queue == nil {
				q := s.budgetWait(d)
				queue = &q
			}
			w.For, w.Blockers = queue.For, queue.Blockers
		}
		waits = append(waits, w)
	}
	return waits
}

// waitOf is what the node waits for; Turn also where it is Blocked.
func (s *Sim) waitOf(d *daemonSet, node int32) Wait {
	c := s.dsc.podsOnNode(d, node)
	switch {
	case c.newest != none && !s.available(d, &s.pods[c.newest]):
		return s.podWait(c.newest)
	case c.first != none && s.pods[c.first].is(terminating):
		return until(Termination, s.kubelets.stopTick(&s.pods[c.first]))
	case c.oldest == none:
		return until(Creation, none)
	case d.object.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType:
		return until(User, none)
	case d.failure != "":
		return until(SyncError, none)
	}
	return until(Turn, none)
}

func until(c Cause, tick int32) Wait { return Wait{For: c, Until: int(tick)} }

// podWait is what a pod that is not available waits for.
func (s *Sim) podWait(id int32) Wait {
	p := &s.pods[id]
	switch {
	case p.phase == failed:
		return Wait{For: Backoff, Until: int(p.due), Detail: s.kubelets.reasonOf(p)}
	case !p.is(bound):
		return Wait{For: Scheduling, Until: -1, Detail: s.scheduler.whyUnbound(p)}
	case p.phase == pending:
		return Wait{For: Start, Until: int(p.due), Detail: s.kubelets.reasonOf(p)}
	case !p.is(isReady):
		return Wait{For: Readiness, Until: int(p.due), Detail: s.kubelets.reasonOf(p)}
	}
	return until(MinReady, p.due)
}

// budgetWait tells a queue that moves from one that does not: it does not if the
// nodes that do not get on by themselves use the whole budget.
func (s *Sim) budgetWait(d *daemonSet) Wait {
	surge, budget, err := d.budget()
	user := out
	if surge > 0 {
		user, budget = surging, surge
	}
	if err != nil {
		return Wait{For: SyncError, Until: -1}
	}
	w := Wait{For: Turn, Until: -1}
	stuck := 0
	for n := range s.nodes {
		if d.marks[n]&user != 0 {
			w.Blockers = append(w.Blockers, s.nodeNames[n].name)
			if !s.getsOn(d, int32(n)) {
				stuck++
			}
		}
	}
	if stuck >= budget {
		w.For = Blocked
	}
	return w
}

// getsOn says whether one of the node's pods will do something by itself.
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
	stuck := true // no new pod gets on by itself
	switch {
	case current == nil && d.failure != "": // and so there will be none
		waits = append(waits, Wait{For: SyncError, Until: -1, Detail: d.failure})
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

// missing is the wait for pods that the ReplicaSet is still to create.
func (s *Sim) missing(rs *replicaSet) []Wait {
	if len(s.appendActive(nil, rs)) >= int(rs.size()) {
		return nil
	}
	w := until(Creation, none)
	if rs.denied != "" {
		w.For, w.Detail = SyncError, rs.denied
	}
	return []Wait{w}
}

// oldWaits is what the old pods wait for: their turn, or for those that use the
// budget, or to be gone where the new ones come after them.
func (s *Sim) oldWaits(d *deployment, blockers []string, stuck bool) []Wait {
	w := Wait{For: Turn, Until: -1, Blockers: blockers}
	switch {
	case d.object.Spec.Paused:
		w = until(Paused, none)
	case d.failure != "":
		w = Wait{For: SyncError, Until: -1, Detail: d.failure}
	case len(blockers) > 0 && stuck:
		w.For = Blocked
	}
	var waits []Wait
	for _, slot := range d.mine {
		for _, id := range s.replicaSets.at[slot].pods {
			switch p := &s.pods[id]; {
			case slot == d.current || p.terminal():
			case !p.is(terminating):
				waits = append(waits, s.waitOfPod(id, w))
			case d.recreates():
				waits = append(waits, s.waitOfPod(id, until(Termination, s.kubelets.stopTick(p))))
			}
		}
	}
	return waits
}

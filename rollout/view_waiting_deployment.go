package rollout

import (
	"slices"
)

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

package rollout

import appsv1 "k8s.io/api/apps/v1"

// storeStatus writes what the controller would: the numbers from before the
// sync's own effects (pkg/controller/daemon: updateDaemonSetStatus, storeDaemonSetStatus).
func (s *Sim) storeStatus(d *daemon) {
	st, generation := &d.status, d.object.Generation
	if st.ObservedGeneration >= generation && d.countedIn(st) {
		return
	}
	d.countInto(st)
	if st.ObservedGeneration != generation {
		st.ObservedGeneration = generation
		s.forgetBackoffs(d)
	}
}

// countInto puts the seven numbers that count nodes into a status.
func (t *tally) countInto(st *appsv1.DaemonSetStatus) {
	wanted, up := t.number(desired), t.number(statusUp)
	st.DesiredNumberScheduled, st.CurrentNumberScheduled, st.NumberMisscheduled = int32(wanted), int32(t.number(occupied)), int32(t.number(misplaced))
	st.NumberReady, st.UpdatedNumberScheduled = int32(t.number(statusReady)), int32(t.number(statusNew))
	st.NumberAvailable, st.NumberUnavailable = int32(up), int32(wanted-up)
}

// countedIn says whether a status has them already; what changes most is looked
// at first.
func (t *tally) countedIn(st *appsv1.DaemonSetStatus) bool {
	wanted, up := t.number(desired), t.number(statusUp)
	return int(st.NumberAvailable) == up && int(st.CurrentNumberScheduled) == t.number(occupied) &&
		int(st.UpdatedNumberScheduled) == t.number(statusNew) && int(st.NumberReady) == t.number(statusReady) &&
		int(st.NumberMisscheduled) == t.number(misplaced) && int(st.DesiredNumberScheduled) == wanted &&
		int(st.NumberUnavailable) == wanted-up
}

// Status is the DaemonSet's status as the controller stored it last; false if
// there is no such DaemonSet.
func (s *Sim) Status(key string) (appsv1.DaemonSetStatus, bool) {
	d, _ := s.resolve(key)
	if d == nil {
		return appsv1.DaemonSetStatus{}, false
	}
	return *d.status.DeepCopy(), true
}

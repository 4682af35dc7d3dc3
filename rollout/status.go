package rollout

import appsv1 "k8s.io/api/apps/v1"

// storeStatus writes what the controller would: the numbers from before the
// sync's own effects (pkg/controller/daemon: updateDaemonSetStatus, storeDaemonSetStatus).
func (s *Sim) storeStatus(d *daemon) {
	now, st := d.numbers(), &d.status
	generation := d.object.Generation
	if now == numbersOf(st) && st.ObservedGeneration >= generation {
		return
	}
	st.DesiredNumberScheduled, st.CurrentNumberScheduled, st.NumberMisscheduled = now.desired, now.current, now.misscheduled
	st.NumberReady, st.UpdatedNumberScheduled = now.ready, now.updated
	st.NumberAvailable, st.NumberUnavailable = now.available, now.unavailable
	if st.ObservedGeneration != generation {
		st.ObservedGeneration = generation
		s.forgetBackoffs(d)
	}
}

// numbers are the seven of a status that count nodes.
type numbers struct{ desired, current, misscheduled, ready, updated, available, unavailable int32 }

func (t *tally) numbers() numbers {
	n := numbers{
		desired: int32(t.number(desired)), current: int32(t.number(occupied)), misscheduled: int32(t.number(misplaced)),
		ready: int32(t.number(statusReady)), updated: int32(t.number(statusNew)), available: int32(t.number(statusUp)),
	}
	n.unavailable = n.desired - n.available
	return n
}

func numbersOf(st *appsv1.DaemonSetStatus) numbers {
	return numbers{
		st.DesiredNumberScheduled, st.CurrentNumberScheduled, st.NumberMisscheduled,
		st.NumberReady, st.UpdatedNumberScheduled, st.NumberAvailable, st.NumberUnavailable,
	}
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

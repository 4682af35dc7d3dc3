package rollout

import appsv1 "k8s.io/api/apps/v1"

// storeStatus writes what the controller would: the numbers from before the
// sync's own effects (pkg/controller/daemon: updateDaemonSetStatus, storeDaemonSetStatus).
func (s *Sim) storeStatus(d *daemon) {
	now := d.status
	now.DesiredNumberScheduled = d.count32(desired)
	now.CurrentNumberScheduled = d.count32(occupied)
	now.NumberMisscheduled = d.count32(misplaced)
	now.NumberReady = d.count32(statusReady)
	now.UpdatedNumberScheduled = d.count32(statusNew)
	now.NumberAvailable = d.count32(statusUp)
	now.NumberUnavailable = now.DesiredNumberScheduled - now.NumberAvailable
	generation := d.object.Generation
	if sameNumbers(now, d.status) && d.status.ObservedGeneration >= generation {
		return
	}
	observed := d.status.ObservedGeneration
	d.status = now
	d.status.ObservedGeneration = generation
	s.busy = true
	if observed != generation {
		s.forgetBackoffs(d)
	}
}

func sameNumbers(a, b appsv1.DaemonSetStatus) bool {
	return a.DesiredNumberScheduled == b.DesiredNumberScheduled &&
		a.CurrentNumberScheduled == b.CurrentNumberScheduled &&
		a.NumberMisscheduled == b.NumberMisscheduled &&
		a.NumberReady == b.NumberReady &&
		a.UpdatedNumberScheduled == b.UpdatedNumberScheduled &&
		a.NumberAvailable == b.NumberAvailable &&
		a.NumberUnavailable == b.NumberUnavailable
}

func (t *tally) count32(m marks) int32 { return int32(t.number(m)) }

// Status is the DaemonSet's status as the controller stored it last; false if
// there is no such DaemonSet.
func (s *Sim) Status(key string) (appsv1.DaemonSetStatus, bool) {
	d := s.find(key)
	if d == nil {
		return appsv1.DaemonSetStatus{}, false
	}
	return *d.status.DeepCopy(), true
}

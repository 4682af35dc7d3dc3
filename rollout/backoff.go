package rollout

// The controller waits before it deletes one failed pod after another on a
// node: the first goes at once, the next after 1 s, doubling to 15 minutes
// (cmd/kube-controller-manager/app: startDaemonSetController), per DaemonSet,
// observed generation and node (pkg/controller/daemon: failedPodsBackoffKey).
const (
	firstBackoff  = 1
	longestFailed = 15 * 60
)

// backoff is one node's entry (k8s.io/client-go/util/flowcontrol: Backoff).
type backoff struct{ delay, last stamp }

func (b backoff) expired(now stamp) bool { return now-b.last > 2*longestFailed }

// inBackoff follows IsInBackOffSinceUpdate.
func (s *Sim) inBackoff(d *daemon, node int32) bool {
	return s.backoffEnds(d, node) > s.clock
}

// backoffEnds is when the node's backoff is over; not after now if it is not in one.
func (s *Sim) backoffEnds(d *daemon, node int32) stamp {
	if d.backoffs == nil || d.backoffs[node].delay == 0 || d.backoffs[node].expired(s.clock) {
		return s.clock
	}
	return d.backoffs[node].last + d.backoffs[node].delay
}

// backOff follows Next, and has the node's failed pods looked at again when it is over.
func (s *Sim) backOff(d *daemon, node int32) {
	if d.backoffs == nil {
		d.backoffs = make([]backoff, len(s.nodes))
	}
	b := &d.backoffs[node]
	if b.delay == 0 || b.expired(s.clock) {
		b.delay = firstBackoff
	} else {
		b.delay = min(2*b.delay, longestFailed)
	}
	b.last = s.clock
	s.rearm(d, node)
	d.touch(node)
}

// rearm looks again at when the node's pods will move.
func (s *Sim) rearm(d *daemon, node int32) {
	for id := d.head[node]; id != none; id = s.pods[id].next {
		s.arm(id)
	}
}

// forgetBackoffs is what a new observed generation comes to: its keys are new.
func (s *Sim) forgetBackoffs(d *daemon) {
	old := d.backoffs
	d.backoffs = nil
	for n, b := range old {
		if b.delay != 0 {
			s.rearm(d, int32(n))
			d.touch(int32(n))
		}
	}
}

package rollout

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/berthsim/berth/internal/kube"
)

// enqueue adds a new pod to the queue. The scheduler never tries a pod that it ignores.
func (s *scheduler) enqueue(id int32) {
	if why := s.classes[s.pods[id].class].ignored(); why != "" {
		s.noteUnschedulable(id, why)
		return
	}
	s.unbound, s.arrived = append(s.unbound, queuedPod{pod: id}), true
}

// take moves the pods that may fit now from the queue to trying, in order.
func (s *scheduler) take() {
	s.trying = s.trying[:0]
	if !s.freed && !s.moved && !s.arrived {
		return
	}
	rest := s.unbound[:0]
	for _, q := range s.unbound {
		if s.mayFit(q) {
			s.trying = append(s.trying, q)
		} else {
			rest = append(rest, q)
		}
	}
	s.unbound = rest
	s.freed, s.moved, s.arrived = false, false, false
	if !slices.IsSortedFunc(s.trying, s.compareQueued) {
		slices.SortStableFunc(s.trying, s.compareQueued)
	}
}

// mayFit reports whether the pod may fit now: it is new, or something has happened for
// which it returns to the queue
// (pkg/scheduler/backend/queue/scheduling_queue.go: isPodWorthRequeuing).
func (s *scheduler) mayFit(q queuedPod) bool {
	p := &s.pods[q.pod]
	return s.freed || !p.is(tried) || s.moved && s.classes[p.class].related
}

// compareQueued orders the pods that are tried: those that are not in backoff, higher
// priority first, then the order of the list
// (pkg/scheduler/framework/plugins/queuesort/priority_sort.go: Less). Pods in backoff
// follow, since they are popped only when no other is left
// (pkg/scheduler/backend/queue/active_queue.go: unlockedPop).
func (s *scheduler) compareQueued(a, b queuedPod) int {
	p, q := &s.pods[a.pod], &s.pods[b.pod]
	return cmp.Or(
		cmp.Compare(s.backoffOf(a), s.backoffOf(b)),
		cmp.Compare(s.classes[q.class].priority, s.classes[p.class].priority),
		s.compareArrivals(a.pod, b.pod))
}

// backoffOf returns when the pod's backoff ends, or 0 if it is not in backoff: from 1 s
// to 10 s after the last try, and the second in which it ends counts as well
// (pkg/scheduler/backend/queue/backoff_queue.go: calculateBackoffDuration,
// isEntityBackingoff).
func (s *scheduler) backoffOf(q queuedPod) simTime {
	const longest simTime = 10
	if q.tries == 0 {
		return 0
	}
	end := q.last + min(longest, simTime(1)<<min(q.tries-1, 4))
	if end < s.clock {
		return 0
	}
	return end
}

// compareArrivals orders new pods of one tick, which controllers create at the same
// time: as the list has them, or with OrderSeeded by a draw for each.
func (s *scheduler) compareArrivals(a, b int32) int {
	x, y := s.pods[a].is(tried), s.pods[b].is(tried)
	switch {
	case x && y:
		return 0
	case x || y:
		return before(x)
	case s.config.Order != OrderSeeded:
		return 0
	}
	return cmp.Compare(s.arrivalDraw(a), s.arrivalDraw(b))
}

func (s *scheduler) arrivalDraw(id int32) uint64 {
	var g rand.PCG
	g.Seed(s.config.Seed, kube.HashName("queue\x00"+s.fullName(id)))
	return g.Uint64()
}

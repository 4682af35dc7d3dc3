package rollout

import (
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// scheduler binds pods to nodes and preempts others for them. It reads the
// store's cache, which is updated as pods are added and removed.
type scheduler struct {
	*store
	kubelets  *kubelets
	evictions *evictions
}

// vainTry is a class of pods that fit on no node.
type vainTry struct {
	where *placement.Prediction
	why   string // set on the first request
}

// schedule tries the pods of the queue that may fit now. A pod of a DaemonSet is tried
// on its one node; other pods go to the best node. Binding a pod may allow another
// that depends on where pods are.
func (s *scheduler) schedule() {
	s.take()
	var vain map[int32]*vainTry // by class, since the last pod was bound
	placed, evicted := false, false
	for _, q := range s.trying {
		id := q.pod
		p := &s.pods[id]
		switch {
		case p.set != none:
			if vain == nil {
				vain = map[int32]*vainTry{}
			}
			if s.place(id, vain) {
				clear(vain)
				placed = true
				continue
			}
		case s.fits(p):
			s.bind(id)
			placed = true
			continue
		default:
			s.noteUnschedulable(id, "")
			evicted = s.preempt(id) || evicted
		}
		s.unbound = append(s.unbound, queuedPod{pod: id, tries: q.tries + 1, last: s.clock})
	}
	s.trying = s.trying[:0]
	s.moved, s.freed = s.moved || placed, s.freed || evicted
	s.busy = s.busy || evicted
}

// place binds the pod to the node with the highest score. It returns false if the
// pod fits on no node. Among equals a draw from the seed decides, made for each
// pod and node by itself (pkg/scheduler/schedule_one.go: schedulePod;
// pkg/scheduler/framework/sorted_nodes.go: nodeScoreHeap.Less).
func (s *scheduler) place(id int32, vain map[int32]*vainTry) bool {
	p := &s.pods[id]
	try := vain[p.class]
	if try == nil {
		where := s.predict(p.class)
		if r, ok := room.Bind(where, s.podName(id), s.config.Seed); ok {
			s.bindTo(id, s.slotOf(r.Node))
			return true
		}
		try = &vainTry{where: where}
		vain[p.class] = try
	}
	if !p.is(tried) && try.why == "" && !s.quiet {
		try.why = unplaced(try.where)
	}
	s.noteUnschedulable(id, try.why)
	return false
}

// unplaced returns why the pod fits on no node.
func unplaced(p *placement.Prediction) string {
	if err := p.ScoreError(); err != nil && p.Placed().Len() > 0 {
		return err.Error()
	}
	return p.String()
}

// bindTo binds a pod that is not bound for a certain node.
func (s *scheduler) bindTo(id, node int32) {
	s.pods[id].node = node
	s.link(id)
	s.bind(id)
	if !s.nodes[node].there() && !s.config.Instant {
		s.orphan(node)
	}
}

func (s *scheduler) bind(id int32) {
	p := &s.pods[id]
	p.flags = p.flags&^nominated | bound
	p.since = s.clock
	s.bindPod(p, true)
	s.relink(id)
	s.evictions.processPodTaints(id)
	s.kubelets.arm(id)
	s.busy = true
	if p.created != s.clock || p.set != none {
		s.emitPod(EventBound, id, cause{})
	}
}

package rollout

import "slices"

// evictions remove pods from nodes: because of NoExecute taints, through the
// eviction API with its budgets, and for drains.
type evictions struct {
	*store
	kubelets *kubelets
	drains   []drain // in progress, in the order in which they began
	index    *pdbIndex
}

func (e *evictions) fork() evictions {
	f := evictions{drains: slices.Clone(e.drains)}
	for i := range f.drains {
		d := &f.drains[i]
		d.pods, d.failed = slices.Clone(d.pods), slices.Clone(d.failed)
	}
	return f
}

// evictPod evicts the pod with the given grace period.
func (e *evictions) evictPod(id int32, rule Reason, grace simTime) refusal {
	r := e.evictable(&e.pods[id])
	if r.message == "" {
		if !e.pods[id].is(terminating) {
			e.emitPod(EventEvicted, id, cause{Reason: rule})
		}
		e.kubelets.deleteWithin(id, grace)
	}
	return r
}

// setOwner moves the pod from one owner to another. Taint eviction leaves some
// pods to their DaemonSet to delete, and may evict this one now.
func (e *evictions) setOwner(id, owner, class int32) {
	e.unlink(id)
	e.setClass(id, class)
	p := &e.pods[id]
	p.owner = owner
	p.flags &^= orphan
	if owner == none {
		p.flags |= orphan
	}
	e.link(id)
	e.processPodTaints(id)
	e.kubelets.arm(id)
}

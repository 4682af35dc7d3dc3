package placement

import "math/bits"

// Fits says whether the scheduler's filters NodePorts, NodeResourcesFit,
// PodTopologySpread and InterPodAffinity let the workload's pod onto the node,
// as full as the nodes now are. It does not look at what Check looks at. The
// first question about a workload that minds where other pods are, or while
// pods that do are there, costs a look at every pod or kind of pod; later ones
// what has changed.
func (r *Room) Fits(w *Workload, position int) bool {
	r, w = r.orNothing(), w.orNothing()
	return r.isNode(position) && r.fits(w, r.question(w), position)
}

func (r *Room) fits(w *Workload, q *question, position int) bool {
	return r.fitting(w, q, position>>6, 1<<(position&63)) != 0
}

// fitting gives those of 64 nodes, the k-th, on which the workload fits.
func (r *Room) fitting(w *Workload, q *question, k int, nodes uint64) uint64 {
	if w.fault != nil || k >= len(r.blocks) {
		return 0
	}
	b := &r.blocks[k].value
	if len(w.ports) > 0 {
		nodes &^= b.ports.taken(w.ports)
	}
	if nodes = b.takes(&w.asks, nodes); q == nil {
		return nodes
	}
	for rest := nodes; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); !q.fits(k<<6 | i) {
			nodes &^= 1 << i
		}
	}
	return nodes
}

package placement

import (
	"math/bits"
	"slices"

	"github.com/berthsim/berth/cluster"
)

// Room is the scheduler's account of the nodes of a cluster: what each can
// allocate and what the pods on it have left of that, as NodeInfo of
// pkg/scheduler/framework keeps it. Nodes are known by position, as
// cluster.Borrowed gives it: where a position is that of no node, nothing fits and
// nothing is counted. Pods can be added and removed; a Clone costs a pointer for
// every 64 nodes, and the first change to any of these afterwards a copy of theirs.
// The zero Room has no nodes. Not safe for concurrent use.
type Room struct {
	roster
	has     []*capacity // by position; nodes of one size share theirs
	hasMine bool        // has may be changed in place
	blocks  []*block    // 64 nodes each
	me      *owner      // of the blocks that may be changed in place; nil: of none
	kinds   *kinds      // that the cohorts are of

	base      *account   // the room is this account and what the log says; nil: the log may have been cut
	absent    []resident // pods of the base that the room was made without, ascending by position
	crowds    []crowd    // that were counted in
	log       []change
	questions map[*Workload]*question
}

// NewRoom gives the account of a cluster with its pods counted in: those bound
// to a node that there is and not Succeeded or Failed. The first account of a
// snapshot costs some µs for each pod; later ones, also of snapshots that differ
// only in labels, taints or conditions of nodes, cost a Clone.
func NewRoom(c *cluster.Cluster) *Room {
	r := accountOf(c).room.Clone()
	r.cluster = c
	return r
}

// emptyRoom is the account without pods.
func emptyRoom(c *cluster.Cluster) *Room {
	nodes := c.Borrow()
	n := nodes.Len()
	r := &Room{roster: roster{cluster: c}, has: make([]*capacity, n), hasMine: true, blocks: make([]*block, (n+63)/64), me: &owner{}, kinds: newKinds()}
	for i := range r.blocks {
		r.blocks[i] = &block{owner: r.me}
	}
	var sizes sizes
	for i := range n {
		r.has[i] = &nothing
		r.offer(i, sizes.shared(offered(nodes.At(i))))
	}
	return r
}

// Len is the number of nodes.
func (r *Room) Len() int {
	if r == nil {
		return 0
	}
	return len(r.has)
}

// orNothing lets a nil Room and the zero one have no nodes.
func (r *Room) orNothing() *Room {
	if r == nil || r.kinds == nil {
		return emptyRoom(nil)
	}
	return r
}

func (r *Room) isNode(position int) bool { return uint(position) < uint(r.Len()) }

// Clone gives an independent copy.
func (r *Room) Clone() *Room {
	r = r.orNothing()
	if r.me != nil { // what both have is now nobody's
		r.me, r.hasMine, r.mine = &owner{}, false, false
	}
	return &Room{roster: r.shared(), has: r.has, blocks: slices.Clone(r.blocks), me: &owner{}, kinds: r.kinds}
}

// freeze makes the room one that many may clone at a time and none may change.
// It forgets the snapshot: others will share it.
func (r *Room) freeze() *Room {
	r.me, r.hasMine, r.cluster = nil, false, nil
	return r
}

// change gives the block of a node to be changed.
func (r *Room) change(position int) *block {
	b := r.blocks[position>>6]
	if b.owner != r.me {
		b = b.clone(r.me)
		r.blocks[position>>6] = b
	}
	return b
}

// Add counts a pod in. Nothing is checked: a pod may be bound where it does not fit.
func (r *Room) Add(l *Load, position int) {
	if !r.isNode(position) {
		return
	}
	l = l.orNothing()
	b := r.count(l, position, 1)
	for _, p := range l.ports {
		b.take(p, l, position&63)
	}
}

// Remove takes a pod out that was added, with the same load or an equal one of
// the same name.
func (r *Room) Remove(l *Load, position int) {
	if !r.isNode(position) {
		return
	}
	l = l.orNothing()
	b := r.count(l, position, -1)
	for _, p := range l.ports {
		b.free(p, position&63, func(h holder) bool { return h.load.name == l.name })
	}
}

func (r *Room) count(l *Load, position int, sign int64) *block {
	b, i := r.change(position), position&63
	left, scored := &b.left[i], &b.scored[i]
	left.cpu -= sign * l.requests.cpu
	left.memory -= sign * l.requests.memory
	left.ephemeral -= sign * l.requests.ephemeral
	left.pods -= int32(sign)
	scored.cpu += sign * l.scoredCPU
	scored.memory += sign * l.scoredMemory
	for _, s := range l.requests.scalars {
		b.give(s.name, i, -sign*s.amount)
	}
	r.regroup(&b.pods[i], change{r.kinds.id(l), int32(position), int32(sign)})
	return b
}

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
	nodes = r.blocks[k].takes(w, nodes)
	if q == nil {
		return nodes
	}
	for rest := nodes; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); !q.fits(k<<6 | i) {
			nodes &^= 1 << i
		}
	}
	return nodes
}

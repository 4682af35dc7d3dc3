package placement

import (
	"math/bits"
	"slices"

	"github.com/berthsim/berth/cluster"
)

// Room is the scheduler's account of the nodes of a cluster: what each can
// allocate and what the pods on it have left of that, as NodeInfo of
// pkg/scheduler/framework keeps it. Nodes are known by position, as
// cluster.Borrowed gives it. Pods can be added and removed; a Clone costs a
// pointer for every 64 nodes, and the first change to any of these afterwards a
// copy of theirs. Not safe for concurrent use.
type Room struct {
	roster
	has     []capacity // by position
	hasMine bool       // has may be changed in place
	blocks  []*block   // 64 nodes each
	me      *owner     // of the blocks that may be changed in place; nil: of none
	kinds   *kinds     // that the cohorts are of

	base      *account   // the room is this account and what the log says; nil: the log may have been cut
	absent    []resident // pods of the base that the room was made without, ascending by position
	crowds    []crowd    // that were counted in
	log       []change
	questions map[*Workload]*question
}

// owner is an identity, and must therefore not be of size zero.
type owner struct{ _ byte }

// block is 64 nodes. Other rooms may share it: only its owner changes it.
type block struct {
	owner *owner
	left  [64]left
	more  [64]more
}

// left is what a node has left: what every pod needs, in half a cache line.
type left struct {
	cpu, memory, ephemeral int64
	pods                   int32
}

// more is the rest of a node's account.
type more struct {
	scoredCPU, scoredMemory int64   // requested, as scores count it
	scalars                 scalars // left; what is neither had nor requested is not there
	ports                   []usedPort
	pods                    []cohort
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
	r := &Room{roster: roster{cluster: c}, has: make([]capacity, n), hasMine: true, blocks: make([]*block, (n+63)/64), me: &owner{}, kinds: newKinds()}
	for i := range r.blocks {
		r.blocks[i] = &block{owner: r.me}
	}
	for i := range n {
		r.offer(i, offered(nodes.At(i)))
	}
	return r
}

// Len is the number of nodes.
func (r *Room) Len() int { return len(r.has) }

// Clone gives an independent copy.
func (r *Room) Clone() *Room {
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

func (b *block) clone(me *owner) *block {
	copied := *b
	copied.owner = me
	pods := 0
	for i := range b.more {
		pods += len(b.more[i].pods)
	}
	cohorts := make([]cohort, 0, pods)
	for i := range copied.more {
		m := &copied.more[i]
		m.scalars = slices.Clone(m.scalars)
		m.ports = slices.Clone(m.ports)
		from := len(cohorts)
		cohorts = append(cohorts, m.pods...)
		m.pods = cohorts[from:len(cohorts):len(cohorts)]
	}
	return &copied
}

// Add counts a pod in. Nothing is checked: a pod may be bound where it does not fit.
func (r *Room) Add(l *Load, position int) {
	m := r.count(l, position, 1)
	for _, p := range l.ports {
		m.ports = append(m.ports, usedPort{p, l})
	}
}

// Remove takes a pod out that was added, with the same load or an equal one of
// the same name.
func (r *Room) Remove(l *Load, position int) {
	m := r.count(l, position, -1)
	for _, p := range l.ports {
		if i := slices.IndexFunc(m.ports, func(u usedPort) bool { return u.hostPort == p && u.load.name == l.name }); i >= 0 {
			m.ports = slices.Delete(m.ports, i, i+1)
		}
	}
}

func (r *Room) count(l *Load, position int, sign int64) *more {
	b := r.change(position)
	left, more := &b.left[position&63], &b.more[position&63]
	left.cpu -= sign * l.requests.cpu
	left.memory -= sign * l.requests.memory
	left.ephemeral -= sign * l.requests.ephemeral
	left.pods -= int32(sign)
	more.scoredCPU += sign * l.scoredCPU
	more.scoredMemory += sign * l.scoredMemory
	for _, s := range l.requests.scalars {
		more.scalars = more.scalars.add(s.name, -sign*s.amount)
	}
	r.regroup(more, r.kinds.id(l), int32(position), int32(sign))
	return more
}

// Fits says whether the scheduler's filters NodePorts, NodeResourcesFit,
// PodTopologySpread and InterPodAffinity let the workload's pod onto the node,
// as full as the nodes now are. It does not look at what Check looks at. The
// first question about a workload that minds where other pods are, or while
// pods that do are there, costs a look at every pod or kind of pod; later ones
// what has changed.
func (r *Room) Fits(w *Workload, position int) bool { return r.fits(w, r.question(w), position) }

func (r *Room) fits(w *Workload, q *question, position int) bool {
	b := r.blocks[position>>6]
	return b.left[position&63].takes(&w.asks) &&
		(len(w.asks.scalars) == 0 || b.more[position&63].takes(w.asks.scalars)) &&
		(len(w.ports) == 0 || !clash(w.ports, b.more[position&63].ports)) &&
		(q == nil || q.fits(position)) && w.fault == nil
}

// fitting gives those of 64 nodes, the k-th, on which the workload fits.
func (r *Room) fitting(w *Workload, q *question, k int, nodes uint64) uint64 {
	for rest := nodes; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); !r.fits(w, q, k<<6|i) {
			nodes &^= 1 << i
		}
	}
	return nodes
}

// takes follows plugins/noderesources, fitsRequest: what is not asked for does
// not matter, even where more than there is has been given away.
func (l *left) takes(a *amounts) bool {
	return l.pods >= 1 &&
		(a.cpu <= l.cpu || a.cpu <= 0) &&
		(a.memory <= l.memory || a.memory <= 0) &&
		(a.ephemeral <= l.ephemeral || a.ephemeral <= 0)
}

func (m *more) takes(asked scalars) bool {
	for _, s := range asked {
		if s.amount > 0 && s.amount > m.scalars.amount(s.name) {
			return false
		}
	}
	return true
}

package placement

import (
	"math"
	"math/bits"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

// Room is the scheduler's account of the nodes of a cluster: what each can
// allocate and what the pods on it have left of that, as NodeInfo of
// pkg/scheduler/framework keeps it. Nodes are known by position, as
// cluster.Borrowed gives it. Pods can be added and removed; a Clone costs a
// pointer for every 64 nodes, and the first change to any of these afterwards a
// copy of theirs. Not safe for concurrent use.
type Room struct {
	nodes  cluster.Borrowed
	has    []capacity // by position; never changed
	blocks []*block   // 64 nodes each
	me     *owner     // of the blocks that may be changed in place; nil: of none
}

// owner is an identity, and must therefore not be of size zero.
type owner struct{ _ byte }

// capacity is what a node can allocate.
type capacity struct {
	cpu, memory, ephemeral int64
	pods                   int32
}

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
}

// NewRoom gives the account of a cluster with its pods counted in: those bound
// to a node that there is and not Succeeded or Failed. The first account of a
// snapshot costs some µs for each pod; later ones, also of snapshots that differ
// only in labels, taints or conditions of nodes, cost a Clone.
func NewRoom(c *cluster.Cluster) *Room {
	r := accountOf(c).room.Clone()
	r.nodes = c.Borrow()
	return r
}

// emptyRoom is the account without pods.
func emptyRoom(nodes cluster.Borrowed) *Room {
	n := nodes.Len()
	r := &Room{nodes: nodes, has: make([]capacity, n), blocks: make([]*block, (n+63)/64), me: &owner{}}
	for i := range r.blocks {
		r.blocks[i] = &block{owner: r.me}
	}
	for i := range n {
		r.open(i, nodes.At(i))
	}
	return r
}

// open gives a node without pods all that it can allocate.
func (r *Room) open(position int, node *corev1.Node) {
	list := node.Status.Allocatable
	a := toAmounts(list)
	places := min(max(list.Pods().Value(), math.MinInt32), math.MaxInt32)
	r.has[position] = capacity{a.cpu, a.memory, a.ephemeral, int32(places)}
	b := r.blocks[position>>6]
	b.left[position&63] = left{a.cpu, a.memory, a.ephemeral, int32(places)}
	b.more[position&63] = more{scalars: a.scalars}
}

// Clone gives an independent copy.
func (r *Room) Clone() *Room {
	if r.me != nil {
		r.me = &owner{} // what both have is now nobody's
	}
	copied := *r
	copied.blocks = slices.Clone(r.blocks)
	copied.me = &owner{}
	return &copied
}

// freeze makes the room one that many may clone at a time and none may change.
// It forgets the snapshot: others will share it.
func (r *Room) freeze() *Room {
	r.me, r.nodes = nil, cluster.Borrowed{}
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
	for i := range copied.more {
		m := &copied.more[i]
		m.scalars = slices.Clone(m.scalars)
		m.ports = slices.Clone(m.ports)
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
	return more
}

// Fits says whether the scheduler's filters NodePorts and NodeResourcesFit let
// the workload's pod onto the node, as full as the node now is. It does not look
// at what Check looks at.
func (r *Room) Fits(w *Workload, position int) bool {
	b := r.blocks[position>>6]
	return b.left[position&63].takes(&w.asks) &&
		(len(w.asks.scalars) == 0 || b.more[position&63].takes(w.asks.scalars)) &&
		(len(w.ports) == 0 || !clash(w.ports, b.more[position&63].ports))
}

// fitting gives those of 64 nodes, the k-th, on which the workload fits.
func (r *Room) fitting(w *Workload, k int, nodes uint64) uint64 {
	for rest := nodes; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); !r.Fits(w, k<<6|i) {
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

package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// Room tracks the nodes of a cluster and their pods as the scheduler does
// (pkg/scheduler/framework/types.go: NodeInfo): what each node can allocate and
// what its pods have left. Nodes are addressed by position, as in
// snapshot.Snapshot. At a position without a node nothing fits and nothing is
// counted.
//
// Pods can be added and removed. A Clone costs a pointer per 64 nodes. The
// first later change to any of these nodes costs a copy of their block. The
// zero Room has no nodes. Concurrent calls of Clone are safe; otherwise a Room
// is not safe for concurrent use.
type Room struct {
	nodeTable
	origin
	has       *cow[[]*capacity] // by position; nodes of one size share a capacity
	blocks    []*cow[block]     // 64 nodes each
	me        *owner
	kinds     *kinds // numbers the kinds of the podClassCounts
	log       changeLog
	questions questions
}

// emptyRoom returns a room without pods.
func emptyRoom(c *cluster.Cluster) *Room {
	nodes := borrow.From(c)
	n := nodes.Len()
	me := &owner{}
	r := &Room{nodeTable: nodeTable{cluster: c}, me: me, has: &cow[[]*capacity]{me, make([]*capacity, n)}, blocks: make([]*cow[block], (n+63)/64), kinds: newKinds()}
	for i := range r.blocks {
		r.blocks[i] = &cow[block]{owner: me}
	}
	var sizes sizes
	for i := range n {
		r.has.value[i] = &nothing
		r.offer(i, sizes.shared(offered(nodes.At(i))))
	}
	return r
}

// Len returns the number of nodes.
func (r *Room) Len() int {
	if r == nil || r.has == nil {
		return 0
	}
	return len(r.has.value)
}

// orNothing returns a room without nodes for a nil Room and for the zero Room,
// and r otherwise.
func (r *Room) orNothing() *Room {
	if r == nil || r.kinds == nil {
		return emptyRoom(nil)
	}
	return r
}

func (r *Room) isNode(position int) bool { return uint(position) < uint(r.Len()) }

// Clone returns an independent copy.
func (r *Room) Clone() *Room {
	r = r.orNothing()
	r.me.share()
	return &Room{nodeTable: nodeTable{cluster: r.cluster, nodes: r.nodes}, me: &owner{}, has: r.has, blocks: slices.Clone(r.blocks), kinds: r.kinds}
}

// share prepares the room to be cloned concurrently; it must not change
// afterwards. The room forgets its snapshot, since others will share it.
func (r *Room) share() *Room {
	r.me.share()
	r.cluster = nil
	return r
}

// self returns the owner of the parts that the room may change in place.
func (r *Room) self() *owner {
	if r.me.cloned.Load() {
		r.me = &owner{}
	}
	return r.me
}

func (r *Room) block(position int) *block { return &r.blocks[position>>6].value }

// change returns the block of a node for modification.
func (r *Room) change(position int) *block {
	b := &r.blocks[position>>6]
	*b = (*b).by(r.self(), (*block).clone)
	return &(*b).value
}

// Add adds a pod to a node. It checks nothing: a pod may be bound where it does
// not fit.
func (r *Room) Add(l *Load, position int) {
	if !r.isNode(position) {
		return
	}
	l = l.orNothing()
	b := r.count(l, position, 1)
	for _, p := range l.ports {
		b.ports.take(p, l, position&63)
	}
}

// Remove removes a pod that was added, with the same load or an equal one of
// the same name.
func (r *Room) Remove(l *Load, position int) {
	if !r.isNode(position) {
		return
	}
	l = l.orNothing()
	b := r.count(l, position, -1)
	for _, p := range l.ports {
		b.ports.free(p, position&63, func(h holder) bool { return h.load.name == l.name })
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

// SetNode replaces a node. The pods there keep what they have taken. At
// position Len it appends a node. A nil node means no node: nothing fits there,
// and no topology counts its pods. The node must not be changed afterwards.
//
// The first call copies the list of nodes. After a change of labels or taints,
// questions about other pods are computed again.
func (r *Room) SetNode(position int, node *corev1.Node) {
	if r.kinds == nil {
		*r = *emptyRoom(nil)
	}
	if position < 0 || position > r.Len() {
		return
	}
	r.own(r.self(), r.Len())
	r.has = r.has.by(r.self(), cloneSlice)
	if position == r.Len() {
		r.nodes.value, r.has.value = append(r.nodes.value, nil), append(r.has.value, &nothing)
		if position>>6 == len(r.blocks) {
			r.blocks = append(r.blocks, &cow[block]{owner: r.self()})
		}
	}
	was := r.nodes.value[position]
	r.nodes.value[position] = node
	now := offered(node)
	r.offer(position, &now)
	if !alike(was, node) {
		r.columns = nil
		r.askAnew()
	}
}

// Over moves the room to another snapshot. Its nodes must have the same names
// and allocatable amounts. Labels and taints may differ, and so may all objects
// except pods. Questions about other pods are computed again. A snapshot with a
// different number of nodes changes nothing.
func (r *Room) Over(c *cluster.Cluster) {
	if borrow.From(c).Len() != r.Len() {
		return
	}
	r.nodeTable = nodeTable{cluster: c}
	r.askAnew()
}

// askAnew drops the questions, and what only they need.
func (r *Room) askAnew() { r.questions, r.log, r.base = nil, nil, nil }

// offer changes what a node can allocate. The room must own its list of
// capacities.
func (r *Room) offer(position int, now *capacity) {
	was := r.has.value[position]
	r.has.value[position] = now
	b, i := r.change(position), position&63
	left := &b.left[i]
	left.cpu += now.cpu - was.cpu
	left.memory += now.memory - was.memory
	left.ephemeral += now.ephemeral - was.ephemeral
	left.pods += now.pods - was.pods
	for _, s := range was.scalars {
		b.give(s.name, i, -s.amount)
	}
	for _, s := range now.scalars {
		b.give(s.name, i, s.amount)
	}
}

// free returns what a node has left.
func (r *Room) free(position int) capacity {
	b, i := r.block(position), position&63
	left := capacity{amounts{cpu: b.left[i].cpu, memory: b.left[i].memory, ephemeral: b.left[i].ephemeral}, b.left[i].pods}
	for _, s := range b.scalars {
		left.scalars = left.scalars.add(s.name, s.left[i])
	}
	return left
}

// longestLog is the length at which the questions of a room without a base read
// its log.
const longestLog = 1 << 12

// note logs a change if a question or the base needs it.
func (r *Room) note(c change) {
	if r.base == nil && len(r.questions) == 0 {
		return
	}
	r.log = append(r.log, c)
	if r.base == nil && len(r.log) >= longestLog {
		r.questions.catchUp(r)
		r.log = r.log[:0]
	}
}

// regroup counts pods of a kind on a node.
func (r *Room) regroup(on *[]podClassCount, c change) {
	r.note(c)
	all := *on
	for i := range all {
		if all[i].kind != c.kind {
			continue
		}
		if all[i].pods += c.pods; all[i].pods == 0 {
			last := len(all) - 1
			all[i] = all[last]
			*on = all[:last]
		}
		return
	}
	*on = append(all, podClassCount{c.kind, c.pods})
}

package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

// Room is the scheduler's account of the nodes of a cluster: what each can
// allocate and what the pods on it have left of that, as the scheduler keeps it
// (pkg/scheduler/framework/types.go: NodeInfo). Nodes are known by position, as
// cluster.Borrowed gives it: where a position is that of no node, nothing fits and
// nothing is counted. Pods can be added and removed; a Clone costs a pointer for
// every 64 nodes, and the first change to any of these afterwards a copy of theirs.
// The zero Room has no nodes. Many may Clone a room at a time; else it is not safe
// for concurrent use.
type Room struct {
	nodeTable
	origin
	has       *cow[[]*capacity] // by position; nodes of one size share theirs
	blocks    []*cow[block]     // 64 nodes each
	me        *owner
	kinds     *kinds // that the cohorts are of
	log       changeLog
	questions questions
}

// emptyRoom is the account without pods.
func emptyRoom(c *cluster.Cluster) *Room {
	nodes := c.Borrow()
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

// Len is the number of nodes.
func (r *Room) Len() int {
	if r == nil || r.has == nil {
		return 0
	}
	return len(r.has.value)
}

// orNothing lets a nil Room and the zero one have no nodes.
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

// share makes the room one that many may clone at a time and none may change.
// It forgets the snapshot: others will share it.
func (r *Room) share() *Room {
	r.me.share()
	r.cluster = nil
	return r
}

// self returns the owner of what the room may change in place.
func (r *Room) self() *owner {
	if r.me.cloned.Load() {
		r.me = &owner{}
	}
	return r.me
}

func (r *Room) block(position int) *block { return &r.blocks[position>>6].value }

// change returns the block of a node, to be changed.
func (r *Room) change(position int) *block {
	b := &r.blocks[position>>6]
	*b = (*b).by(r.self(), (*block).clone)
	return &(*b).value
}

// Add counts a pod in. Nothing is checked: a pod may be bound where it does not fit.
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

// Remove takes a pod out that was added, with the same load or an equal one of
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

// SetNode puts a node in the place of another, with what the pods there have
// taken; at the position Len it is one more. A nil node is none: nothing fits
// there, and no topology counts what is there. The node must not be changed
// afterwards. The first call copies the list of nodes; a change of labels or
// taints makes questions about other pods be asked anew.
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

// Over has the room go on over another snapshot, whose nodes have the same names
// and can allocate the same: their labels and taints may be others, and so may
// all objects but pods. Questions about other pods are asked anew. A snapshot with
// more or fewer nodes changes nothing.
func (r *Room) Over(c *cluster.Cluster) {
	if c.Borrow().Len() != r.Len() {
		return
	}
	r.nodeTable = nodeTable{cluster: c}
	r.askAnew()
}

// askAnew forgets the questions, and with them what only they need.
func (r *Room) askAnew() { r.questions, r.log, r.base = nil, nil, nil }

// offer changes what a node can allocate, in a list that is the room's own.
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

// free is what a node has left.
func (r *Room) free(position int) capacity {
	b, i := r.block(position), position&63
	left := capacity{amounts{cpu: b.left[i].cpu, memory: b.left[i].memory, ephemeral: b.left[i].ephemeral}, b.left[i].pods}
	for _, s := range b.scalars {
		left.scalars = left.scalars.add(s.name, s.left[i])
	}
	return left
}

// longestLog is how long the log of a room without a base becomes before its
// questions read it.
const longestLog = 1 << 12

// note logs a change where somebody needs to know of it.
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

// regroup counts pods of a kind on a node, whose cohorts are given.
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

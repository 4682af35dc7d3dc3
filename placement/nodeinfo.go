package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// room tracks the nodes of a cluster and their pods. internal/room/hook
// documents what it promises. The zero room has no nodes.
type room struct {
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
func emptyRoom(c *cluster.Cluster) *room {
	nodes := borrow.From(c)
	n := nodes.Len()
	me := &owner{}
	r := &room{nodeTable: nodeTable{cluster: c}, me: me, has: &cow[[]*capacity]{me, make([]*capacity, n)}, blocks: make([]*cow[block], (n+63)/64), kinds: newKinds()}
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

// len returns the number of nodes.
func (r *room) len() int {
	if r == nil || r.has == nil {
		return 0
	}
	return len(r.has.value)
}

// orNothing returns a room without nodes for a nil room and for the zero room,
// and r otherwise.
func (r *room) orNothing() *room {
	if r == nil || r.kinds == nil {
		return emptyRoom(nil)
	}
	return r
}

func (r *room) isNode(position int) bool { return uint(position) < uint(r.len()) }

// clone returns an independent copy.
func (r *room) clone() *room {
	r = r.orNothing()
	r.me.share()
	return &room{nodeTable: nodeTable{cluster: r.cluster, nodes: r.nodes}, me: &owner{}, has: r.has, blocks: slices.Clone(r.blocks), kinds: r.kinds}
}

// share prepares the room to be cloned concurrently; it must not change
// afterwards. The room forgets its snapshot, since others will share it.
func (r *room) share() *room {
	r.me.share()
	r.cluster = nil
	return r
}

// self returns the owner of the parts that the room may change in place.
func (r *room) self() *owner {
	if r.me.cloned.Load() {
		r.me = &owner{}
	}
	return r.me
}

func (r *room) block(position int) *block { return &r.blocks[position>>6].value }

// change returns the block of a node for modification.
func (r *room) change(position int) *block {
	b := &r.blocks[position>>6]
	*b = (*b).by(r.self(), (*block).clone)
	return &(*b).value
}

// add adds a pod to a node. It checks nothing: a pod may be bound where it does
// not fit.
func (r *room) add(l *load, position int) {
	if !r.isNode(position) {
		return
	}
	l = l.orNothing()
	b := r.count(l, position, 1)
	for _, p := range l.ports {
		b.ports.take(p, l, position&63)
	}
}

// remove removes a pod that was added, with the same load or an equal one of
// the same name.
func (r *room) remove(l *load, position int) {
	if !r.isNode(position) {
		return
	}
	l = l.orNothing()
	b := r.count(l, position, -1)
	for _, p := range l.ports {
		b.ports.free(p, position&63, func(h holder) bool { return h.load.name == l.name })
	}
}

func (r *room) count(l *load, position int, sign int64) *block {
	b, i := r.change(position), position&63
	left, scored := &b.left[i], &b.scored[i]
	left.cpu -= sign * l.requests.cpu
	left.memory -= sign * l.requests.memory
	left.ephemeral -= sign * l.requests.ephemeral
	left.pods -= int32(sign)
	scored.cpu += sign * l.scoredCPU
	scored.memory += sign * l.scoredMemory
	for _, s := range l.requests.scalars {
		b.release(s.name, i, -sign*s.amount)
	}
	r.regroup(&b.pods[i], change{r.kinds.id(l), int32(position), int32(sign)})
	return b
}

// setNode replaces a node, or appends one at position len.
func (r *room) setNode(position int, node *corev1.Node) {
	if r.kinds == nil {
		*r = *emptyRoom(nil)
	}
	if position < 0 || position > r.len() {
		return
	}
	r.own(r.self(), r.len())
	r.has = r.has.by(r.self(), cloneSlice)
	if position == r.len() {
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

// over moves the room to another snapshot of the same nodes and pods.
func (r *room) over(c *cluster.Cluster) {
	if borrow.From(c).Len() != r.len() {
		return
	}
	r.nodeTable = nodeTable{cluster: c}
	r.askAnew()
}

// askAnew drops the questions, and what only they need.
func (r *room) askAnew() { r.questions, r.log, r.base = nil, nil, nil }

// offer changes what a node can allocate. The room must own its list of
// capacities.
func (r *room) offer(position int, now *capacity) {
	was := r.has.value[position]
	r.has.value[position] = now
	b, i := r.change(position), position&63
	left := &b.left[i]
	left.cpu += now.cpu - was.cpu
	left.memory += now.memory - was.memory
	left.ephemeral += now.ephemeral - was.ephemeral
	left.pods += now.pods - was.pods
	for _, s := range was.scalars {
		b.release(s.name, i, -s.amount)
	}
	for _, s := range now.scalars {
		b.release(s.name, i, s.amount)
	}
}

// free returns what a node has left.
func (r *room) free(position int) capacity {
	b, i := r.block(position), position&63
	left := capacity{amounts{cpu: b.left[i].cpu, memory: b.left[i].memory, ephemeral: b.left[i].ephemeral}, b.left[i].pods}
	for _, s := range b.scalars {
		left.scalars = left.scalars.add(s.name, s.left[i])
	}
	return left
}

// longestLog is the length from where on the questions of a room without a base
// read its log.
const longestLog = 1 << 12

// note logs a change if a question or the base needs it.
func (r *room) note(c change) {
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
func (r *room) regroup(on *[]podClassCount, c change) {
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

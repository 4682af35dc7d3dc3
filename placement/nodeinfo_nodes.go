package placement

import (
	"maps"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/cluster"
)

// roster is the nodes of a room: those of a snapshot, or after SetNode its own.
type roster struct {
	cluster *cluster.Cluster
	nodes   []*corev1.Node // by position, nil where there is none; nil as a whole: those of the snapshot
	mine    bool           // nodes may be changed in place
	columns map[string]cluster.Column
}

func (r *roster) node(position int) *corev1.Node {
	if r.nodes == nil {
		return r.cluster.Borrow().At(position)
	}
	return r.nodes[position]
}

// shared gives the roster for another room that goes on from here.
func (r *roster) shared() roster {
	return roster{cluster: r.cluster, nodes: r.nodes}
}

// own makes the nodes the room's own.
func (r *roster) own(n int) {
	if r.mine {
		return
	}
	nodes := make([]*corev1.Node, n, n+1)
	for i := range nodes {
		nodes[i] = r.node(i)
	}
	r.nodes, r.mine = nodes, true
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
	r.own(r.Len())
	if position == len(r.nodes) {
		r.nodes, r.has = append(r.nodes, nil), append(slices.Clip(r.has), &nothing)
		if position>>6 == len(r.blocks) {
			r.blocks = append(r.blocks, &block{owner: r.me})
		}
	}
	was := r.nodes[position]
	r.nodes[position] = node
	now := offered(node)
	r.offer(position, &now)
	if !alike(was, node) {
		r.columns, r.questions, r.base, r.log = nil, nil, nil, nil
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
	r.roster = roster{cluster: c}
	r.questions, r.base, r.log = nil, nil, nil
}

// alike says whether no selector and no topology tells the nodes apart.
func alike(a, b *corev1.Node) bool {
	return a != nil && b != nil && a.Name == b.Name && maps.Equal(a.Labels, b.Labels) && equality.Semantic.DeepEqual(a.Spec.Taints, b.Spec.Taints)
}

// capacity is what a node can allocate.
type capacity struct {
	amounts
	pods int32
}

func offered(node *corev1.Node) capacity {
	if node == nil {
		return capacity{}
	}
	list := node.Status.Allocatable
	return capacity{toAmounts(list), int32(min(max(list.Pods().Value(), math.MinInt32), math.MaxInt32))}
}

var nothing capacity

// sizes is the capacities that were met, of which a cluster has few: nodes of one
// size share one.
type sizes map[[4]int64][]*capacity

func (s *sizes) shared(c capacity) *capacity {
	if *s == nil {
		*s = sizes{}
	}
	key := [4]int64{c.cpu, c.memory, c.ephemeral, int64(c.pods)}
	for _, known := range (*s)[key] {
		if slices.Equal(known.scalars, c.scalars) {
			return known
		}
	}
	(*s)[key] = append((*s)[key], &c)
	return &c
}

// offer changes what a node can allocate.
func (r *Room) offer(position int, now *capacity) {
	was := r.has[position]
	if !r.hasMine {
		r.has, r.hasMine = slices.Clone(r.has), true
	}
	r.has[position] = now
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

// column gives what the nodes have for a topology key.
func (r *roster) column(key string) cluster.Column {
	if r.nodes == nil {
		return r.cluster.Borrow().Column(key)
	}
	if c, ok := r.columns[key]; ok {
		return c
	}
	if r.columns == nil {
		r.columns = map[string]cluster.Column{}
	}
	r.columns[key] = columnOf(r.nodes, key)
	return r.columns[key]
}

func columnOf(nodes []*corev1.Node, key string) cluster.Column {
	c, ids := cluster.Column{IDs: make([]int32, len(nodes))}, map[string]int32{}
	for i, n := range nodes {
		c.IDs[i] = -1
		if n == nil {
			continue
		}
		value, ok := n.Labels[key]
		if !ok {
			continue
		}
		id, known := ids[value]
		if !known {
			id = int32(len(c.Values))
			ids[value], c.Values = id, append(c.Values, value)
		}
		c.IDs[i] = id
	}
	return c
}

// included gives the nodes that a spread constraint looks at: those with the
// topology keys of all constraints in keys, and those that its inclusion policies
// let in (plugins/podtopologyspread, matchNodeInclusionPolicies). That
// a daemon's pod has affinity to one node alone is left to evenness.pinned.
func (r *roster) included(w *Workload, keys []spread, s *spread) []uint64 {
	if r.nodes == nil {
		return includedOf(r.cluster, w, keys, s)
	}
	words := make([]uint64, (len(r.nodes)+63)/64)
	for i, n := range r.nodes {
		if n != nil && includes(w, keys, s, n) {
			words[i>>6] |= 1 << (i & 63)
		}
	}
	return words
}

func includedOf(c *cluster.Cluster, w *Workload, keys []spread, s *spread) []uint64 {
	m := maskOf(c, c.Nodes())
	for i := range keys {
		m.keep(c.HasLabel(keys[i].key))
	}
	switch {
	case s.heedsAffinity && w.daemonSet != nil:
		m.meet(w.affinity.selector)
	case s.heedsAffinity:
		m.keep(w.affinity.nodes(c))
	}
	if s.heedsTaints {
		noSchedule, noExecute := w.taintedAway(c)
		m.drop(noSchedule)
		m.drop(noExecute)
	}
	return m.words
}

// includes is includedOf for one node.
func includes(w *Workload, keys []spread, s *spread, n *corev1.Node) bool {
	for i := range keys {
		if _, ok := n.Labels[keys[i].key]; !ok {
			return false
		}
	}
	affinity := w.affinity
	if w.daemonSet != nil {
		affinity.required = false
	}
	return (!s.heedsAffinity || affinity.matches(n)) && (!s.heedsTaints || w.bearsTaints(n))
}

func (w *Workload) bearsTaints(n *corev1.Node) bool {
	for i := range n.Spec.Taints {
		if t := &n.Spec.Taints[i]; keepsAway(t) && !w.tolerations.tolerate(t) {
			return false
		}
	}
	return true
}

package placement

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/snapshot"
)

// question holds what PodTopologySpread and InterPodAffinity need to know about
// the pods of a room to judge a workload: their PreFilter states. It is
// computed from the room once and then follows its changes.
type question struct {
	w             *Workload
	with, without []podTerm // resolved
	namespace     labels.Set
	counters      []counter // for spreads, with and without, then for existing pods with anti-affinity, one per topology key
	spreads       []evenness
	met           int64     // total count of the counters of with
	self          bool      // the pod itself matches with
	kinds         [][]int32 // by kind: the counters that count its pods
	soft          *spreadCounts
	read          int // how much of the room's log
}

// counter counts the pods in each domain of a topology key.
type counter struct {
	key    string
	column snapshot.Column
	among  []uint64 // the nodes whose pods count; nil: all
	pods   []int64  // by domain: the value's id in the column
}

// evenness is a spread constraint and the domains that it considers.
type evenness struct {
	*spread
	label   snapshot.Column
	pinned  bool    // only one node counts: a daemon's pod has affinity to a single node
	domains []int32 // existing domains; none if pinned
	least   int64   // the minimum over all domains
	stale   bool    // least is out of date
}

func (c *counter) add(position int32, pods int64) bool {
	domain := c.column.IDs[position]
	if domain < 0 || !c.has(int(position)) {
		return false
	}
	c.pods[domain] += pods
	return true
}

// in returns the number of pods in the node's domain. It returns false if the
// node has no domain.
func (c *counter) in(position int) (int64, bool) {
	domain := c.column.IDs[position]
	if domain < 0 {
		return 0, false
	}
	return c.pods[domain], true
}

// questions are the questions asked of a room. Each follows the room's log.
type questions map[*Workload]*question

// catchUp makes each question read the log to its end. The log is not needed
// afterwards. Questions not asked since the last call are dropped.
func (qs questions) catchUp(r *room) {
	for w, q := range qs { // any order: each by itself
		if q.read == 0 {
			delete(qs, w)
			continue
		}
		q.catchUp(r)
		q.read = 0
	}
}

// question returns what the room knows about the workload's terms. It returns
// nil if neither the workload nor any pod has such terms.
func (r *room) question(w *Workload) *question {
	if !w.minds && r.kinds.distance.Load() == 0 {
		return nil
	}
	return r.follow(w)
}

func newQuestion(r *room, w *Workload) *question {
	b := borrow.From(r.cluster)
	q := &question{w: w, with: resolve(w.relations.with, b), without: resolve(w.relations.without, b), read: len(r.log)}
	if ns, ok := b.Namespace(w.pod.Namespace); ok {
		q.namespace = ns.Labels
	}
	q.self = meansAll(q.with, w.pod.Namespace, w.pod.Labels)
	for i := range w.spreads {
		q.addSpread(r, &w.spreads[i])
	}
	for _, terms := range [][]podTerm{q.with, q.without} {
		for _, t := range terms {
			q.addCounter(r, t.key, nil)
		}
	}
	q.countAll(r)
	return q
}

func (q *question) addCounter(r *room, key string, among []uint64) *counter {
	column := r.column(key)
	q.counters = append(q.counters, counter{key, column, among, make([]int64, len(column.Values))})
	return &q.counters[len(q.counters)-1]
}

func (q *question) addSpread(r *room, s *spread) {
	c := q.addCounter(r, s.key, r.included(q.w, q.w.spreads, s))
	b := evenness{spread: s, label: c.column, pinned: q.w.daemonSet != nil && s.heedsAffinity, stale: true}
	if b.pinned {
		c.column, c.pods = byPosition(r.len()), make([]int64, r.Len())
	} else {
		b.domains = c.domains()
	}
	q.spreads = append(q.spreads, b)
}

// byPosition makes every node a domain of its own.
func byPosition(n int) snapshot.Column {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(i)
	}
	return snapshot.Column{IDs: ids}
}

// domains returns the domains of the nodes whose pods count, each once.
func (c *counter) domains() []int32 {
	var all []int32
	seen := make([]bool, len(c.pods))
	for i, domain := range c.column.IDs {
		if domain >= 0 && c.has(i) && !seen[domain] {
			seen[domain] = true
			all = append(all, domain)
		}
	}
	return all
}

func (c *counter) has(position int) bool {
	return c.among == nil || c.among[position>>6]&(1<<(position&63)) != 0
}

// countAll counts the pods of the room.
func (q *question) countAll(r *room) {
	if r.base == nil {
		for position, g := range r.podClassCounts() {
			q.count(r, change{g.kind, int32(position), g.pods})
		}
		return
	}
	for kind := range r.kinds.list() {
		for _, p := range r.base.podCounts().of(kind) {
			q.count(r, change{int32(kind), p.position, p.pods})
		}
	}
	q.read = 0
}

// catchUp reads what has changed. After it the question is safe for concurrent
// use.
func (q *question) catchUp(r *room) {
	for _, c := range r.log[q.read:] {
		q.count(r, c)
	}
	q.read = len(r.log)
	q.settle()
}

func (q *question) settle() {
	for i := range q.spreads {
		if b := &q.spreads[i]; b.stale {
			b.least, b.stale = b.leastOf(q.counters[i].pods), false
		}
	}
}

func (q *question) count(r *room, c change) {
	q.soft.count(r, q.w, c)
	for _, k := range q.counting(r, c.kind) {
		counted := q.counters[k].add(c.position, int64(c.pods))
		switch i := int(k); {
		case i < len(q.spreads):
			q.spreads[i].stale = true
		case counted && i < len(q.spreads)+len(q.with):
			q.met += int64(c.pods)
		}
	}
}

// counting returns the counters that count a kind's pods.
func (q *question) counting(r *room, kind int32) []int32 {
	if int(kind) >= len(q.kinds) {
		all := r.kinds.list()
		for _, k := range all[len(q.kinds):] {
			q.kinds = append(q.kinds, q.judge(r, k))
		}
	}
	return q.kinds[kind]
}

func (q *question) judge(r *room, k *kind) []int32 {
	var in []int32
	namespace := q.w.pod.Namespace
	for i := range q.spreads {
		if q.spreads[i].counts(k, namespace) {
			in = append(in, int32(i))
		}
	}
	first := len(q.spreads)
	if meansAll(q.with, k.namespace, k.labels) {
		for i := range q.with {
			in = append(in, int32(first+i))
		}
	}
	first += len(q.with)
	for i := range q.without {
		if q.without[i].matches(k.namespace, nil, k.labels) {
			in = append(in, int32(first+i))
		}
	}
	for i := range k.relations.without {
		if t := &k.relations.without[i]; t.matches(namespace, q.namespace, q.w.pod.Labels) {
			in = append(in, int32(q.keepingAway(r, t.key)))
		}
	}
	return in
}

func meansAll(terms []podTerm, namespace string, pod map[string]string) bool {
	return len(terms) > 0 && !slices.ContainsFunc(terms, func(t podTerm) bool { return !t.matches(namespace, nil, pod) })
}

// keepingAway returns the counter of pods that keep the workload's pod away
// from their domain of a topology key.
func (q *question) keepingAway(r *room, key string) int {
	first := len(q.spreads) + len(q.with) + len(q.without)
	if i := slices.IndexFunc(q.counters[first:], func(c counter) bool { return c.key == key }); i >= 0 {
		return first + i
	}
	q.addCounter(r, key, nil)
	return len(q.counters) - 1
}

// fits reports whether PodTopologySpread and InterPodAffinity let the pod onto
// a node.
func (q *question) fits(position int) bool {
	for i := range q.spreads {
		if missing, pods, least := q.spread(i, position); missing || pods-least > q.spreads[i].maxSkew {
			return false
		}
	}
	return q.isNear(position) && !q.isAny(q.apart(), position) && !q.isAny(q.keptAway(), position)
}

func (q *question) nearby() []counter { return q.counters[len(q.spreads):][:len(q.with)] }

func (q *question) apart() []counter {
	return q.counters[len(q.spreads)+len(q.with):][:len(q.without)]
}

func (q *question) keptAway() []counter {
	return q.counters[len(q.spreads)+len(q.with)+len(q.without):]
}

// leastOf follows preFilterState.minMatchNum.
func (b *evenness) leastOf(pods []int64) int64 {
	if len(b.domains) < b.minDomains {
		return 0
	}
	least := int64(math.MaxInt32)
	for _, domain := range b.domains {
		least = min(least, pods[domain])
	}
	return least
}

// spread returns the number of pods that the node's domain would have, and the
// minimum over all domains
// (pkg/scheduler/framework/plugins/podtopologyspread/filtering.go: Filter).
func (q *question) spread(i, position int) (missing bool, pods, least int64) {
	b, c := &q.spreads[i], &q.counters[i]
	if b.label.IDs[position] < 0 {
		return true, 0, 0
	}
	pods, _ = c.in(position)
	if !b.pinned {
		return false, pods + b.self, b.least
	}
	if c.has(position) && b.minDomains <= 1 {
		return false, pods + b.self, pods
	}
	return false, pods + b.self, 0
}

// isNear follows the scheduler
// (pkg/scheduler/framework/plugins/interpodaffinity/filtering.go:
// nodeTopologyMatchesAffinity, satisfiesSelfAffinityCheck). For each topology
// key the node's domain must have a pod that all terms match; or no pod
// anywhere matches and the pod is the first of its kind.
func (q *question) isNear(position int) bool {
	met := true
	for i := range q.nearby() {
		pods, ok := q.nearby()[i].in(position)
		if !ok {
			return false
		}
		met = met && pods > 0
	}
	return met || q.met == 0 && q.self
}

func (q *question) isAny(of []counter, position int) bool {
	for i := range of {
		if pods, _ := of[i].in(position); pods > 0 {
			return true
		}
	}
	return false
}

// included returns the nodes that a spread constraint considers: nodes with the
// topology keys of all constraints in keys that its inclusion policies allow
// (pkg/scheduler/framework/plugins/podtopologyspread/common.go:
// matchNodeInclusionPolicies). A daemon's pod has affinity to one node alone;
// that is left to evenness.pinned.
func (r *nodeTable) included(w *Workload, keys []spread, s *spread) []uint64 {
	if r.nodes == nil {
		return includedOf(borrow.From(r.cluster), w, keys, s)
	}
	words := make([]uint64, (len(r.nodes.value)+63)/64)
	for i, n := range r.nodes.value {
		if n != nil && includes(w, keys, s, n) {
			words[i>>6] |= 1 << (i & 63)
		}
	}
	return words
}

func includedOf(c *snapshot.Snapshot, w *Workload, keys []spread, s *spread) []uint64 {
	m := newNodeBits(c, c.Nodes())
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
	return !slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return keepsAway(&t) && !w.tolerations.tolerate(&t) })
}

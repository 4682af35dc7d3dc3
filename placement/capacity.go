package placement

import (
	"iter"
	"maps"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// CapacityReport describes every node as it will be when each DaemonSet of the
// snapshot has its pods: what the node can allocate, what DaemonSets request,
// what other pods request, and what is then free. Each DaemonSet may fit alone
// while all together do not; the report shows that before any is applied. It is
// immutable and safe for concurrent use.
type CapacityReport struct {
	cluster *cluster.Cluster
	daemons []*daemon          // ascending by namespace and name
	all     *room              // with every pod
	base    *room              // with the pods of DaemonSets alone
	kept    map[int][]resident // by position: pods of DaemonSets that want none there or are not known

	judged    sync.Once
	conflicts [][]Conflict // by position; nil: there are none
	shapes    []MinimumNode
}

// daemon is a DaemonSet and the nodes where its pods are to be.
type daemon struct {
	*Workload
	wanted  ownPods
	running map[int]int // how many of its pods are on a node, by position
}

// NewCapacityReport returns the report for a cluster. A DaemonSet's pod counts
// on every node that wants it, with the requests of the template, whether it
// runs yet or not. On a node that is only kept the pod counts if it runs there.
// Where it will be deleted it does not count. Pods of a DaemonSet that the
// snapshot does not have, or that is being deleted, count as they run. So do those of a
// DaemonSet whose new pods the API server refuses. What admission adds to new pods
// counts.
// DaemonSets are judged as stored, without validation. NewCapacityReport costs
// a Predict for each DaemonSet and some ns for each of its nodes.
func NewCapacityReport(c *cluster.Cluster) *CapacityReport {
	l := &CapacityReport{cluster: c, base: emptyRoom(c)}
	account := snapshotOf(c)
	var crowds []ownPods
	var going []resident
	for _, ds := range borrow.From(c).DaemonSets() {
		if ds.DeletionTimestamp == nil {
			d, goes := newDaemon(ds, c, account)
			l.daemons = append(l.daemons, d)
			crowds, going = append(crowds, d.wanted), append(going, goes...)
		}
	}
	slices.SortStableFunc(going, func(a, b resident) int { return a.position - b.position })
	l.all = account.among(crowds, going, c)
	for _, more := range crowds {
		l.base.expect(more)
	}
	l.kept = account.daemonPods(going)
	for _, pods := range l.kept { // any order: each on its node
		for _, r := range pods {
			l.base.add(r.load, r.position)
		}
	}
	return l
}

// newDaemon returns the DaemonSet and its pods that the template's pod replaces
// or that will be deleted.
func newDaemon(ds *appsv1.DaemonSet, c *cluster.Cluster, a *nodeInfoSnapshot) (*daemon, []resident) {
	w := compileDaemonSet(ds.DeepCopy(), c.Version())
	p := w.Predict(c)
	wanted, stay := p.lets(p.wanted), p.kept
	if p.refused() != nil {
		wanted, stay = cluster.NodeSet{}, p.wanted.Or(p.kept)
	}
	d := &daemon{p.scheduled(), ownPods{p.scheduled().load(), slices.Clone(borrow.Words(c, wanted))}, map[int]int{}}
	kept := ownPods{on: borrow.Words(c, stay)}
	var going []resident
	for _, r := range a.own(w, borrow.From(c)) {
		if d.running[r.position]++; !kept.has(r.position) {
			going = append(going, r)
		}
	}
	return d, going
}

// daemonPods returns the pods of DaemonSets by position, except the pods in
// without. The pods of each node are in the order of the DaemonSets' names.
func (a *nodeInfoSnapshot) daemonPods(without []resident) map[int][]resident {
	gone := map[*corev1.Pod]bool{}
	for _, r := range without {
		gone[r.pod] = true
	}
	all := map[int][]resident{}
	for _, owner := range slices.Sorted(maps.Keys(a.owned)) {
		for _, r := range a.owned[owner].pods {
			if !gone[r.pod] {
				all[r.position] = append(all[r.position], r)
			}
		}
	}
	return all
}

// Node returns the usage of one node. It returns false if the snapshot does not
// have the node.
func (l *CapacityReport) Node(node string) (NodeUsage, bool) {
	position, ok := borrow.From(l.cluster).Position(node)
	if !ok {
		return NodeUsage{}, false
	}
	return l.entry(position), true
}

// Nodes returns an iterator over the usage of every node, ascending by name.
func (l *CapacityReport) Nodes() iter.Seq[NodeUsage] {
	return func(yield func(NodeUsage) bool) {
		for position := range borrow.From(l.cluster).Len() {
			if !yield(l.entry(position)) {
				return
			}
		}
	}
}

// Overloaded returns the nodes that have too little of a resource that
// DaemonSets request: some pods there will be pending, or will preempt others.
func (l *CapacityReport) Overloaded() cluster.NodeSet {
	return l.those(func(position int) bool {
		return slices.ContainsFunc(l.sums(position), sum.over)
	})
}

// Conflicting returns the nodes where pods of DaemonSets conflict with other pods,
// however much the node can allocate.
func (l *CapacityReport) Conflicting() cluster.NodeSet {
	l.judge()
	return l.those(func(position int) bool { return l.conflicts != nil && len(l.conflicts[position]) > 0 })
}

func (l *CapacityReport) those(are func(position int) bool) cluster.NodeSet {
	words := make([]uint64, (l.all.Len()+63)/64)
	for position := range l.all.Len() {
		if are(position) {
			words[position>>6] |= 1 << (position & 63)
		}
	}
	return borrow.Set(l.cluster, words)
}

// MinimumNodes returns the smallest node that takes all pods of a set of
// DaemonSets, for each set that some nodes want together. The largest set is
// first; sets of equal size are in the order of their first nodes.
func (l *CapacityReport) MinimumNodes() []MinimumNode {
	l.judge()
	all := make([]MinimumNode, len(l.shapes))
	for i, s := range l.shapes {
		all[i] = MinimumNode{slices.Clone(s.DaemonSets), s.Nodes, s.Allocatable.DeepCopy(), cloneConflicts(s.Conflicts)}
	}
	return all
}

// judge runs the filters that do not look at amounts.
func (l *CapacityReport) judge() {
	l.judged.Do(func() {
		for position := range l.all.Len() {
			if found := l.conflictsIn(l.all, position); len(found) > 0 {
				if l.conflicts == nil {
					l.conflicts = make([][]Conflict, l.all.Len())
				}
				l.conflicts[position] = found
			}
		}
		l.shapes = l.measure()
	})
}

func (l *CapacityReport) wantedOn(position int) []*daemon {
	var all []*daemon
	for _, d := range l.daemons {
		if d.wanted.has(position) {
			all = append(all, d)
		}
	}
	return all
}

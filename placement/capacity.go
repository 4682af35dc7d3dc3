package placement

import (
	"iter"
	"maps"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

// CapacityReport is the account of every node as it will be when each DaemonSet of the
// snapshot has its pods: what the node can allocate, what DaemonSets request of
// it, what other pods do, and what is then free. Each DaemonSet may fit alone and
// all of them together not: here that is seen before any is applied. It is
// immutable and safe for concurrent use.
type CapacityReport struct {
	cluster *cluster.Cluster
	daemons []*daemon          // ascending by namespace and name
	all     *Room              // with every pod
	base    *Room              // with the pods of DaemonSets alone
	kept    map[int][]resident // by position: pods of DaemonSets that want none there, or that are not known

	judged  sync.Once
	clashes [][]Conflict // by position; nil: there are none
	shapes  []MinimumNode
}

// daemon is a DaemonSet and where its pods are to be.
type daemon struct {
	*Workload
	wanted  ownPods
	running map[int]int // how many of its pods are on a node, by position
}

// NewCapacityReport makes the account. A DaemonSet's pod counts on every node that wants
// it, with what the template requests, whether it runs yet or not; on a node that
// is only kept it counts if it runs there, and not at all where it will be deleted.
// Pods of a DaemonSet that the snapshot does not have, or that is being deleted,
// count as they run. DaemonSets are judged as stored, without validation. It costs
// a Predict for each DaemonSet and some ns for each of its nodes.
func NewCapacityReport(c *cluster.Cluster) *CapacityReport {
	l := &CapacityReport{cluster: c, base: emptyRoom(c)}
	account := snapshotOf(c)
	var crowds []ownPods
	var going []resident
	for _, ds := range c.Borrow().DaemonSets() {
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
			l.base.Add(r.load, r.position)
		}
	}
	return l
}

// newDaemon gives the DaemonSet and those of its pods that one made of its
// template comes for, or none.
func newDaemon(ds *appsv1.DaemonSet, c *cluster.Cluster, a *nodeInfoSnapshot) (*daemon, []resident) {
	w := compileDaemonSet(ds.DeepCopy())
	p := w.Predict(c)
	d := &daemon{w, ownPods{w.Load(), slices.Clone(c.Borrow().Words(p.wanted))}, map[int]int{}}
	kept := ownPods{on: c.Borrow().Words(p.kept)}
	var going []resident
	for _, r := range a.own(w, c.Borrow()) {
		if d.running[r.position]++; !kept.has(r.position) {
			going = append(going, r)
		}
	}
	return d, going
}

// daemonPods gives the pods of DaemonSets by position, without some, on each node
// in the order of the DaemonSets' names.
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

// Node gives the account of one node; false if the snapshot does not have it.
func (l *CapacityReport) Node(node string) (NodeUsage, bool) {
	position, ok := l.cluster.Borrow().Position(node)
	if !ok {
		return NodeUsage{}, false
	}
	return l.entry(position), true
}

// Nodes yields the account of every node, ascending by name.
func (l *CapacityReport) Nodes() iter.Seq[NodeUsage] {
	return func(yield func(NodeUsage) bool) {
		for position := range l.cluster.Borrow().Len() {
			if !yield(l.entry(position)) {
				return
			}
		}
	}
}

// Overloaded gives the nodes of which DaemonSets request something that there is
// too little of for all pods: some of them will be pending, or make others go.
func (l *CapacityReport) Overloaded() cluster.NodeSet {
	return l.those(func(position int) bool {
		return slices.ContainsFunc(l.sums(position), sum.over)
	})
}

// Conflicting gives the nodes on which pods of DaemonSets cannot be with the others
// there however much the node can allocate.
func (l *CapacityReport) Conflicting() cluster.NodeSet {
	l.judge()
	return l.those(func(position int) bool { return l.clashes != nil && len(l.clashes[position]) > 0 })
}

func (l *CapacityReport) those(are func(position int) bool) cluster.NodeSet {
	words := make([]uint64, (l.all.Len()+63)/64)
	for position := range l.all.Len() {
		if are(position) {
			words[position>>6] |= 1 << (position & 63)
		}
	}
	return l.cluster.Borrow().Set(words)
}

// MinimumNodes gives for each set of DaemonSets that some nodes want together the
// smallest node that takes them all, the largest set first, sets of equal size in
// the order of their first nodes.
func (l *CapacityReport) MinimumNodes() []MinimumNode {
	l.judge()
	return slices.Clone(l.shapes)
}

// judge asks the filters that do not look at amounts.
func (l *CapacityReport) judge() {
	l.judged.Do(func() {
		for position := range l.all.Len() {
			if found := l.clashesIn(l.all, position); len(found) > 0 {
				if l.clashes == nil {
					l.clashes = make([][]Conflict, l.all.Len())
				}
				l.clashes[position] = found
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

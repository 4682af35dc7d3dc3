package cluster

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
)

// Borrowed reads a snapshot without copying. It is for code that asks about many
// nodes, as packages placement and rollout do. Everything it returns belongs to the
// snapshot and must not be modified.
//
// A node's position is its index in ascending order of names, from 0. For a position
// outside that range there is no name, node or pod. The zero Borrowed is the view of
// a snapshot without objects.
type Borrowed struct{ c *Cluster }

func (b Borrowed) of() *Cluster { return b.c.orEmpty() }

// Borrow returns a view of the snapshot that does not copy.
func (c *Cluster) Borrow() Borrowed { return Borrowed{c.orEmpty()} }

// Len returns the number of nodes.
func (b Borrowed) Len() int { return b.of().view.len() }

// Name returns the name of the node at a position, or "" if there is none.
func (b Borrowed) Name(position int) string {
	if names := b.of().view.names; uint(position) < uint(len(names)) {
		return names[position]
	}
	return ""
}

// At returns the node at a position, or nil if there is none.
func (b Borrowed) At(position int) *corev1.Node { return b.of().view.node(position) }

// Position returns the position of the named node, and whether it exists. It costs a
// binary search.
func (b Borrowed) Position(name string) (int, bool) { return b.of().view.position(name) }

// Node returns the named node, and whether it exists.
func (b Borrowed) Node(name string) (*corev1.Node, bool) { return b.of().view.find(name) }

// Words returns the members of a set as positions in this snapshot: bit i%64 of word
// i/64 is position i. It omits members that are not nodes of the snapshot.
func (b Borrowed) Words(s NodeSet) []uint64 {
	if s.view == nil {
		return b.of().view.none
	}
	return s.on(b.of().view)
}

// Set returns the set with these members, in as many words as Words returns. It
// takes ownership of the words and drops bits beyond the last node.
func (b Borrowed) Set(members []uint64) NodeSet {
	w := newWords(b.Len())
	if len(members) == len(w) {
		w = members
	} else {
		copy(w, members)
	}
	if rest := b.Len() % 64; rest != 0 {
		w[len(w)-1] &= 1<<rest - 1
	}
	return NodeSet{b.of().view, w}
}

// Indexed returns the snapshot that the index was built from, and the positions,
// ascending, of the few nodes that were edited since. For all other nodes, a set of
// one snapshot holds in the other. It indexes the label keys and the taints that are
// not indexed yet, in one walk over the nodes.
func (b Borrowed) Indexed(labels []string) (indexed *Cluster, edited []int) {
	v := b.of().view
	v.index.prepare(labels)
	if len(v.patch) == 0 {
		return b.of(), nil
	}
	edited = make([]int, len(v.patch))
	for i, p := range v.patch {
		edited[i] = p.position
	}
	indexed = &Cluster{tables: b.of().tables, view: &view{nodeNames: v.nodeNames, base: v.base, index: v.index}, byNode: b.of().byNode, derived: b.of().derived}
	return indexed, edited
}

// PodsOn returns the pods bound to the node at a position, in any phase, ascending
// by namespace and name. The first call groups all pods by node.
func (b Borrowed) PodsOn(position int) []*corev1.Pod { return b.of().byNode.on(position) }

// Pods returns all pods, ascending by namespace and name. So do the methods below
// for every other kind.
func (b Borrowed) Pods() []*corev1.Pod { return b.of().pods }

// Pod returns the named pod, and whether it exists.
func (b Borrowed) Pod(namespace, name string) (*corev1.Pod, bool) {
	return b.of().pods.find(key{namespace, name})
}

// Namespaces returns all Namespaces.
func (b Borrowed) Namespaces() []*corev1.Namespace { return b.of().namespaces }

// Namespace returns the named Namespace, and whether it exists.
func (b Borrowed) Namespace(name string) (*corev1.Namespace, bool) {
	return b.of().namespaces.find(key{"", name})
}

// DaemonSets returns all DaemonSets.
func (b Borrowed) DaemonSets() []*appsv1.DaemonSet { return b.of().daemonSets }

// DaemonSet returns the named DaemonSet, and whether it exists.
func (b Borrowed) DaemonSet(namespace, name string) (*appsv1.DaemonSet, bool) {
	return b.of().daemonSets.find(key{namespace, name})
}

// ControllerRevisions returns all ControllerRevisions.
func (b Borrowed) ControllerRevisions() []*appsv1.ControllerRevision { return b.of().revisions }

// Deployments returns all Deployments.
func (b Borrowed) Deployments() []*appsv1.Deployment { return b.of().deployments }

// ReplicaSets returns all ReplicaSets.
func (b Borrowed) ReplicaSets() []*appsv1.ReplicaSet { return b.of().replicaSets }

// ReplicaSet returns the named ReplicaSet, and whether it exists.
func (b Borrowed) ReplicaSet(namespace, name string) (*appsv1.ReplicaSet, bool) {
	return b.of().replicaSets.find(key{namespace, name})
}

// StatefulSets returns all StatefulSets.
func (b Borrowed) StatefulSets() []*appsv1.StatefulSet { return b.of().statefulSets }

// StatefulSet returns the named StatefulSet, and whether it exists.
func (b Borrowed) StatefulSet(namespace, name string) (*appsv1.StatefulSet, bool) {
	return b.of().statefulSets.find(key{namespace, name})
}

// Services returns all Services.
func (b Borrowed) Services() []*corev1.Service { return b.of().services }

// ServicesIn returns the Services in a namespace.
func (b Borrowed) ServicesIn(namespace string) []*corev1.Service {
	return b.of().services.in(namespace)
}

// PodDisruptionBudgets returns all PodDisruptionBudgets.
func (b Borrowed) PodDisruptionBudgets() []*policyv1.PodDisruptionBudget { return b.of().budgets }

// PriorityClasses returns all PriorityClasses.
func (b Borrowed) PriorityClasses() []*schedulingv1.PriorityClass { return b.of().priorityClasses }

// PriorityClass returns the named PriorityClass, and whether it exists.
func (b Borrowed) PriorityClass(name string) (*schedulingv1.PriorityClass, bool) {
	return b.of().priorityClasses.find(key{"", name})
}

// podIndex groups the pods by node. It is built on first use.
type podIndex struct {
	nodeNames *nodeNames
	pods      []*corev1.Pod
	once      sync.Once
	start     []int32       // by position, one more than nodes: where its pods start in sorted
	sorted    []*corev1.Pod // grouped by position
}

func newPodIndex(c *Cluster) *podIndex {
	return &podIndex{nodeNames: c.view.nodeNames, pods: c.pods}
}

func (x *podIndex) on(position int) []*corev1.Pod {
	x.once.Do(x.build)
	if uint(position) >= uint(len(x.nodeNames.names)) {
		return nil
	}
	return x.sorted[x.start[position]:x.start[position+1]:x.start[position+1]]
}

// build is a counting sort. It looks up one node name per pod.
func (x *podIndex) build() {
	n := len(x.nodeNames.names)
	where := make([]int, len(x.pods))
	x.start = make([]int32, n+1)
	for i, p := range x.pods {
		position, ok := x.nodeNames.position(p.Spec.NodeName)
		if !ok {
			position = -1
		} else {
			x.start[position+1]++
		}
		where[i] = position
	}
	for i := range n {
		x.start[i+1] += x.start[i]
	}
	x.sorted = make([]*corev1.Pod, x.start[n])
	next := append([]int32(nil), x.start...)
	for i, position := range where {
		if position >= 0 {
			x.sorted[next[position]] = x.pods[i]
			next[position]++
		}
	}
}

package cluster

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
)

// Borrowed reads a snapshot without copying: for code that asks about many
// nodes, as packages placement and rollout do. What it gives belongs to the
// snapshot and must not be modified. Nodes are known by position, their place
// in ascending order of names, from 0; where a position is that of no node there is
// no name, node or pod. The zero Borrowed is of a snapshot without objects.
type Borrowed struct{ c *Cluster }

func (b Borrowed) of() *Cluster { return b.c.orEmpty() }

// Borrow gives the view without copies.
func (c *Cluster) Borrow() Borrowed { return Borrowed{c.orEmpty()} }

// Len is the number of nodes.
func (b Borrowed) Len() int { return b.of().view.len() }

// Name is the name of the node at a position.
func (b Borrowed) Name(position int) string {
	if names := b.of().view.names; uint(position) < uint(len(names)) {
		return names[position]
	}
	return ""
}

// At is the node at a position.
func (b Borrowed) At(position int) *corev1.Node { return b.of().view.node(position) }

// Position is where the node of that name is; it costs a binary search.
func (b Borrowed) Position(name string) (int, bool) { return b.of().view.position(name) }

// Node is the node of that name.
func (b Borrowed) Node(name string) (*corev1.Node, bool) { return b.of().view.find(name) }

// Words gives the members of a set as positions of this snapshot: bit i%64 of
// word i/64 is position i. Members that the snapshot has no node for are left out.
func (b Borrowed) Words(s NodeSet) []uint64 {
	if s.view == nil {
		return b.of().view.none
	}
	return s.on(b.of().view)
}

// Set makes the set with these members, as many words as Words gives. The words
// become its own; bits beyond the last node are dropped.
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

// Indexed gives the snapshot as its index has it, and the positions, ascending,
// of the few nodes that were edited since: for all others a set of the one holds
// in the other. Of label keys and taints that nobody has asked about it makes the
// index in one walk over the nodes.
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

// PodsOn gives the pods that are bound to the node at a position, ascending by
// namespace and name, whatever their phase. The first call sorts all pods by node.
func (b Borrowed) PodsOn(position int) []*corev1.Pod { return b.of().byNode.on(position) }

// Pods gives all pods, ascending by namespace and name, as all kinds below.
func (b Borrowed) Pods() []*corev1.Pod { return b.of().pods }

// Pod gives one pod.
func (b Borrowed) Pod(namespace, name string) (*corev1.Pod, bool) {
	return b.of().pods.find(key{namespace, name})
}

// Namespaces gives the namespaces.
func (b Borrowed) Namespaces() []*corev1.Namespace { return b.of().namespaces }

// Namespace gives one namespace.
func (b Borrowed) Namespace(name string) (*corev1.Namespace, bool) {
	return b.of().namespaces.find(key{"", name})
}

// DaemonSets gives the DaemonSets.
func (b Borrowed) DaemonSets() []*appsv1.DaemonSet { return b.of().daemonSets }

// DaemonSet gives one DaemonSet.
func (b Borrowed) DaemonSet(namespace, name string) (*appsv1.DaemonSet, bool) {
	return b.of().daemonSets.find(key{namespace, name})
}

// ControllerRevisions gives the ControllerRevisions.
func (b Borrowed) ControllerRevisions() []*appsv1.ControllerRevision { return b.of().revisions }

// Deployments gives the Deployments.
func (b Borrowed) Deployments() []*appsv1.Deployment { return b.of().deployments }

// ReplicaSets gives the ReplicaSets.
func (b Borrowed) ReplicaSets() []*appsv1.ReplicaSet { return b.of().replicaSets }

// ReplicaSet gives one ReplicaSet.
func (b Borrowed) ReplicaSet(namespace, name string) (*appsv1.ReplicaSet, bool) {
	return b.of().replicaSets.find(key{namespace, name})
}

// StatefulSets gives the StatefulSets.
func (b Borrowed) StatefulSets() []*appsv1.StatefulSet { return b.of().statefulSets }

// StatefulSet gives one StatefulSet.
func (b Borrowed) StatefulSet(namespace, name string) (*appsv1.StatefulSet, bool) {
	return b.of().statefulSets.find(key{namespace, name})
}

// Services gives the Services.
func (b Borrowed) Services() []*corev1.Service { return b.of().services }

// ServicesIn gives the Services of a namespace.
func (b Borrowed) ServicesIn(namespace string) []*corev1.Service {
	return b.of().services.in(namespace)
}

// PodDisruptionBudgets gives the PodDisruptionBudgets.
func (b Borrowed) PodDisruptionBudgets() []*policyv1.PodDisruptionBudget { return b.of().budgets }

// PriorityClasses gives the PriorityClasses.
func (b Borrowed) PriorityClasses() []*schedulingv1.PriorityClass { return b.of().priorityClasses }

// PriorityClass gives one PriorityClass.
func (b Borrowed) PriorityClass(name string) (*schedulingv1.PriorityClass, bool) {
	return b.of().priorityClasses.find(key{"", name})
}

// podIndex is the pods by node, made when first asked for.
type podIndex struct {
	nodeNames *nodeNames
	pods      []*corev1.Pod
	once      sync.Once
	start     []int32       // by position, one more than nodes: its place in sorted
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

// build is a counting sort: one look-up of a node's name a pod.
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

package snapshot

import (
	"iter"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/podtemplate"
)

// Len returns the number of nodes.
func (s *Snapshot) Len() int { return s.orEmpty().view.len() }

// Name returns the name of the node at a position, or "" if there is none.
func (s *Snapshot) Name(position int) string {
	if names := s.orEmpty().view.names; uint(position) < uint(len(names)) {
		return names[position]
	}
	return ""
}

// At returns the node at a position, or nil if there is none.
func (s *Snapshot) At(position int) *corev1.Node { return s.orEmpty().view.node(position) }

// Position returns the position of the named node, and whether it exists. It costs a
// binary search.
func (s *Snapshot) Position(name string) (int, bool) { return s.orEmpty().view.position(name) }

// Node returns the named node, and whether it exists.
func (s *Snapshot) Node(name string) (*corev1.Node, bool) { return s.orEmpty().view.find(name) }

// Words returns the members of a set as positions in this snapshot: bit i%64 of word
// i/64 is position i. It omits members that are not nodes of the snapshot.
func (s *Snapshot) Words(t Set) []uint64 {
	if t.view == nil {
		return s.orEmpty().view.none
	}
	return t.on(s.orEmpty().view)
}

// Set returns the set with these members, in as many words as Words returns. It
// takes ownership of the words and drops bits beyond the last node.
func (s *Snapshot) Set(members []uint64) Set {
	w := newWords(s.Len())
	if len(members) == len(w) {
		w = members
	} else {
		copy(w, members)
	}
	if rest := s.Len() % 64; rest != 0 {
		w[len(w)-1] &= 1<<rest - 1
	}
	return Set{s.orEmpty().view, w}
}

// Indexed returns the snapshot that the index was built from, and the positions,
// ascending, of the few nodes that were edited since. For all other nodes, a set of
// one snapshot holds in the other. It indexes the label keys and the taints that are
// not indexed yet, in one walk over the nodes.
func (s *Snapshot) Indexed(labels []string) (indexed *Snapshot, edited []int) {
	v := s.orEmpty().view
	v.index.prepare(labels)
	if len(v.patch) == 0 {
		return s.orEmpty(), nil
	}
	edited = make([]int, len(v.patch))
	for i, p := range v.patch {
		edited[i] = p.position
	}
	indexed = &Snapshot{tables: s.orEmpty().tables, view: &view{nodeNames: v.nodeNames, base: v.base, index: v.index}, byNode: s.orEmpty().byNode, derived: s.orEmpty().derived, release: s.Release()}
	return indexed, edited
}

// PodsOn returns the pods bound to the node at a position, in any phase, ascending
// by namespace and name. The first call groups all pods by node.
func (s *Snapshot) PodsOn(position int) []*corev1.Pod { return s.orEmpty().byNode.on(position) }

// PodNumbersOn returns where the pods of PodsOn are in Pods.
func (s *Snapshot) PodNumbersOn(position int) []int32 { return s.orEmpty().byNode.numbersOn(position) }

// PodTemplates returns a number for each pod of Pods: pods with the same number were
// written from one template (internal/podtemplate), the first pod with it has the first
// value. The first call costs about a µs per pod.
func (s *Snapshot) PodTemplates() []int32 {
	x := s.orEmpty().byNode
	x.compared.Do(x.compare)
	return x.templates
}

// PodLoads returns a memo for what each pod uses, which depends on all pods.
func (s *Snapshot) PodLoads() *Memo { return &s.orEmpty().byNode.loads }

// NodeList returns all nodes, ascending by name.
func (s *Snapshot) NodeList() []*corev1.Node { return s.orEmpty().view.nodes() }

// Pods returns all pods, ascending by namespace and name. So do the methods below
// for every other kind.
func (s *Snapshot) Pods() []*corev1.Pod { return s.orEmpty().pods }

// Pod returns the named pod, and whether it exists.
func (s *Snapshot) Pod(namespace, name string) (*corev1.Pod, bool) {
	return s.orEmpty().pods.find(key{namespace, name})
}

// Namespaces returns all Namespaces.
func (s *Snapshot) Namespaces() []*corev1.Namespace { return s.orEmpty().namespaces }

// Namespace returns the named Namespace, and whether it exists.
func (s *Snapshot) Namespace(name string) (*corev1.Namespace, bool) {
	return s.orEmpty().namespaces.find(key{"", name})
}

// DaemonSets returns all DaemonSets.
func (s *Snapshot) DaemonSets() []*appsv1.DaemonSet { return s.orEmpty().daemonSets }

// DaemonSet returns the named DaemonSet, and whether it exists.
func (s *Snapshot) DaemonSet(namespace, name string) (*appsv1.DaemonSet, bool) {
	return s.orEmpty().daemonSets.find(key{namespace, name})
}

// ControllerRevisions returns all ControllerRevisions.
func (s *Snapshot) ControllerRevisions() []*appsv1.ControllerRevision { return s.orEmpty().revisions }

// Deployments returns all Deployments.
func (s *Snapshot) Deployments() []*appsv1.Deployment { return s.orEmpty().deployments }

// ReplicaSets returns all ReplicaSets.
func (s *Snapshot) ReplicaSets() []*appsv1.ReplicaSet { return s.orEmpty().replicaSets }

// ReplicaSet returns the named ReplicaSet, and whether it exists.
func (s *Snapshot) ReplicaSet(namespace, name string) (*appsv1.ReplicaSet, bool) {
	return s.orEmpty().replicaSets.find(key{namespace, name})
}

// StatefulSets returns all StatefulSets.
func (s *Snapshot) StatefulSets() []*appsv1.StatefulSet { return s.orEmpty().statefulSets }

// StatefulSet returns the named StatefulSet, and whether it exists.
func (s *Snapshot) StatefulSet(namespace, name string) (*appsv1.StatefulSet, bool) {
	return s.orEmpty().statefulSets.find(key{namespace, name})
}

// Services returns all Services.
func (s *Snapshot) Services() []*corev1.Service { return s.orEmpty().services }

// ServicesIn returns the Services in a namespace.
func (s *Snapshot) ServicesIn(namespace string) []*corev1.Service {
	return s.orEmpty().services.in(namespace)
}

// PodDisruptionBudgets returns all PodDisruptionBudgets.
func (s *Snapshot) PodDisruptionBudgets() []*policyv1.PodDisruptionBudget { return s.orEmpty().budgets }

// PriorityClasses returns all PriorityClasses.
func (s *Snapshot) PriorityClasses() []*schedulingv1.PriorityClass {
	return s.orEmpty().priorityClasses
}

// PriorityClass returns the named PriorityClass, and whether it exists.
func (s *Snapshot) PriorityClass(name string) (*schedulingv1.PriorityClass, bool) {
	return s.orEmpty().priorityClasses.find(key{"", name})
}

// ServiceAccounts returns all ServiceAccounts.
func (s *Snapshot) ServiceAccounts() []*corev1.ServiceAccount { return s.orEmpty().accounts }

// ServiceAccount returns the named ServiceAccount, and whether it exists.
func (s *Snapshot) ServiceAccount(namespace, name string) (*corev1.ServiceAccount, bool) {
	return s.orEmpty().accounts.find(key{namespace, name})
}

// LimitRanges returns all LimitRanges.
func (s *Snapshot) LimitRanges() []*corev1.LimitRange { return s.orEmpty().limitRanges }

// LimitRangesIn returns the LimitRanges in a namespace.
func (s *Snapshot) LimitRangesIn(namespace string) []*corev1.LimitRange {
	return s.orEmpty().limitRanges.in(namespace)
}

// ResourceQuotas returns all ResourceQuotas.
func (s *Snapshot) ResourceQuotas() []*corev1.ResourceQuota { return s.orEmpty().quotas }

// ResourceQuotasIn returns the ResourceQuotas in a namespace.
func (s *Snapshot) ResourceQuotasIn(namespace string) []*corev1.ResourceQuota {
	return s.orEmpty().quotas.in(namespace)
}

// RuntimeClasses returns all RuntimeClasses.
func (s *Snapshot) RuntimeClasses() []*nodev1.RuntimeClass { return s.orEmpty().runtimeClasses }

// RuntimeClass returns the named RuntimeClass, and whether it exists.
func (s *Snapshot) RuntimeClass(name string) (*nodev1.RuntimeClass, bool) {
	return s.orEmpty().runtimeClasses.find(key{"", name})
}

// Objects yields all objects: the nodes, then the other kinds, each in its order.
func (s *Snapshot) Objects() iter.Seq[runtime.Object] {
	s = s.orEmpty()
	return func(yield func(runtime.Object) bool) {
		_ = all(s.NodeList(), yield) && all(s.pods, yield) && all(s.namespaces, yield) && all(s.daemonSets, yield) &&
			all(s.revisions, yield) && all(s.deployments, yield) && all(s.replicaSets, yield) && all(s.statefulSets, yield) &&
			all(s.services, yield) && all(s.budgets, yield) && all(s.priorityClasses, yield) && all(s.accounts, yield) &&
			all(s.limitRanges, yield) && all(s.quotas, yield) && all(s.runtimeClasses, yield)
	}
}

// all yields the objects, and reports whether it was to go on.
func all[T runtime.Object](objects []T, yield func(runtime.Object) bool) bool {
	for _, o := range objects {
		if !yield(o) {
			return false
		}
	}
	return true
}

// podIndex groups the pods by node. It is built on first use.
type podIndex struct {
	nodeNames *nodeNames
	pods      []*corev1.Pod
	once      sync.Once
	start     []int32       // by position, one more than nodes: where its pods start in sorted
	sorted    []*corev1.Pod // grouped by position
	numbers   []int32       // of sorted, in pods

	compared  sync.Once
	templates []int32 // by pod
	loads     Memo
}

func newPodIndex(s *Snapshot) *podIndex {
	return &podIndex{nodeNames: s.view.nodeNames, pods: s.pods}
}

func (x *podIndex) on(position int) []*corev1.Pod {
	x.once.Do(x.build)
	return part(x, x.sorted, position)
}

func (x *podIndex) numbersOn(position int) []int32 {
	x.once.Do(x.build)
	return part(x, x.numbers, position)
}

// part returns the part of a list grouped by position that belongs to one.
func part[E any](x *podIndex, list []E, position int) []E {
	if uint(position) >= uint(len(x.nodeNames.names)) {
		return nil
	}
	return list[x.start[position]:x.start[position+1]:x.start[position+1]]
}

func (x *podIndex) compare() {
	var known podtemplate.Memo[int32]
	x.templates = make([]int32, len(x.pods))
	n := int32(0)
	for i, pod := range x.pods {
		template, _, ok := known.Get(pod)
		if !ok {
			template, n = n, n+1
			known.Set(pod, template)
		}
		x.templates[i] = template
	}
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
	x.sorted, x.numbers = make([]*corev1.Pod, x.start[n]), make([]int32, x.start[n])
	next := append([]int32(nil), x.start...)
	for i, position := range where {
		if position >= 0 {
			x.sorted[next[position]], x.numbers[next[position]] = x.pods[i], int32(i)
			next[position]++
		}
	}
}

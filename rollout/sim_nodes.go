package rollout

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// nodeTable is the nodes by slot. Its snapshot and names are replaced when they
// change, and shared between forks.
type nodeTable struct {
	cluster       *cluster.Cluster // with the present nodes and no pods; all else is as it was at the start
	nodeNames     []nodeName       // by slot
	nodes         []nodeState      // by slot
	podGC         simTime          // from a node's removal to the collection of its pods
	nodeGrace     simTime          // from a node's going down to its taints
	taintsChanged []int32          // nodes whose NoExecute taints may have changed in this tick
}

func (t *nodeTable) fork() nodeTable {
	f := *t
	f.nodes, f.taintsChanged = slices.Clone(t.nodes), nil
	return f
}

// release returns the release of Kubernetes whose controllers run.
func (t *nodeTable) release() kube.Release { return borrow.From(t.cluster).Release() }

// readCondition makes the node's state what its Ready condition says.
func (t *nodeTable) readCondition(node int32, object *corev1.Node) {
	state := &t.nodes[node]
	state.flags &^= isDown | isUnready | troubled
	switch kube.NodeReady(object) {
	case corev1.ConditionUnknown:
		state.flags |= isDown
	case corev1.ConditionFalse:
		state.flags |= isUnready | troublesOf(object)
	}
}

func troublesOf(object *corev1.Node) (flags nodeFlags) {
	t := kube.TroubleOf(object)
	if t.Network {
		flags |= noNetwork
	}
	if t.Runtime {
		flags |= noRuntime
	}
	if t.Shutdown {
		flags |= shutsDown
	}
	return flags
}

// A node's slot is its place among the names of all nodes that there are, were,
// or that pods name. Slots ascend by name; a node that goes keeps its slot.
type nodeName struct {
	name   string
	jitter uint64
}

// nodeState is the state of a node beyond its object.
type nodeState struct {
	flags   nodeFlags
	settled nodeFlags // flags when its pods were last updated to them
	turn    uint8     // counts its going and coming back, for alarms
}

type nodeFlags uint16

const (
	isThere      nodeFlags = 1 << iota
	isDown                 // the kubelet is down
	isUnready              // condition False
	noNetwork              // the kubelet starts only pods with hostNetwork
	noRuntime              // the kubelet starts and stops nothing
	shutsDown              // the kubelet rejects new pods
	podsUnready            // PodsNotReady: its pods are not ready
	isStuck                // terminating pods do not go
	hasNoExecute           // it has NoExecute taints
	isOpen                 // it has no allocatable, like nodes made for tests: it has room for all pods

	troubled = noNetwork | noRuntime | shutsDown
)

func (n *nodeState) is(f nodeFlags) bool { return n.flags&f != 0 }

func (n *nodeState) there() bool { return n.flags&isThere != 0 }

// works reports whether the node exists and its kubelet is up.
func (n *nodeState) works() bool { return n.flags&(isThere|isDown) == isThere }

// stops reports whether the kubelet stops pods. Without a runtime it does not
// (pkg/kubelet/kubelet.go: syncLoop).
func (n *nodeState) stops() bool { return n.works() && n.flags&(noRuntime|isStuck) == 0 }

// blocks reports whether the kubelet works but does not start a pod
// (pkg/kubelet/kubelet.go: syncLoop, SyncPod).
func (f nodeFlags) blocks(hostNetwork bool) bool {
	return f&noRuntime != 0 || f&noNetwork != 0 && !hostNetwork
}

// holds reports whether the node keeps its pods from being ready. A kubelet that says
// Ready=False does not (pkg/controller/nodelifecycle/node_lifecycle_controller.go:
// monitorNodeHealth).
func (n *nodeState) holds() bool { return n.flags&(isDown|podsUnready) != 0 }

// slotOf finds a node's slot, or none.
func (t *nodeTable) slotOf(node string) int32 {
	i, ok := slices.BinarySearchFunc(t.nodeNames, node, func(n nodeName, node string) int { return strings.Compare(n.name, node) })
	if !ok {
		return none
	}
	return int32(i)
}

// slotFor returns a node's slot, and creates it if necessary: a pod may name a
// node that does not exist.
func (s *store) slotFor(node string) int32 {
	if s.slotOf(node) == none {
		s.addSlots([]string{node})
		s.position = slices.Insert(slices.Clip(s.position), int(s.slotOf(node)), none) // forks share it: never in place
		s.alarm(collection, s.slotOf(node), s.podGC)
	}
	return s.slotOf(node)
}

// addSlots makes room for new nodes, given ascending. It moves everything that is
// kept by slot, so it costs as much as there are nodes and pods. Nodes are seldom
// added.
func (s *store) addSlots(names []string) {
	roster := make([]nodeName, 0, len(s.nodeNames)+len(names))
	moved := make([]int32, len(s.nodeNames)) // from old slots to new ones
	for i, old := range s.nodeNames {
		for len(names) > 0 && names[0] < old.name {
			roster, names = append(roster, nodeName{names[0], kube.HashName(names[0])}), names[1:]
		}
		moved[i] = int32(len(roster))
		roster = append(roster, old)
	}
	for _, n := range names {
		roster = append(roster, nodeName{n, kube.HashName(n)})
	}
	s.nodeNames = roster
	s.nodes = moveTo(s.nodes, moved, len(roster), nodeState{})
	s.loose = moveTo(s.loose, moved, len(roster), none)
	for i := range s.pods {
		if p := &s.pods[i]; p.phase != vacant && p.node != none {
			p.node = moved[p.node]
		}
	}
	for i := range s.alarms {
		s.alarms[i].node = moved[s.alarms[i].node]
	}
	for _, slot := range s.daemonSets.order {
		s.daemonSets.at[slot].moveSlots(moved, len(roster))
	}
}

func moveTo[T any](old []T, moved []int32, size int, fill T) []T {
	list := slices.Repeat([]T{fill}, size)
	for i, x := range old {
		list[moved[i]] = x
	}
	return list
}

// noteTaints notes a node's NoExecute taints after it has changed.
func (t *nodeTable) noteTaints(node int32, object *corev1.Node) {
	was := t.nodes[node].is(hasNoExecute)
	t.nodes[node].flags &^= hasNoExecute
	for i := range object.Spec.Taints {
		if object.Spec.Taints[i].Effect == corev1.TaintEffectNoExecute {
			t.nodes[node].flags |= hasNoExecute
		}
	}
	if was || t.nodes[node].is(hasNoExecute) {
		t.taintsChanged = append(t.taintsChanged, node)
	}
}

func (t *nodeTable) taintsOf(node int32) []corev1.Taint {
	object, ok := borrow.From(t.cluster).Node(t.nodeNames[node].name)
	if !ok {
		return nil
	}
	return object.Spec.Taints
}

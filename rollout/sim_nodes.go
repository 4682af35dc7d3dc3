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
	taintsChanged []int32          // nodes whose NoExecute taints may have changed in this tick
}

func (t *nodeTable) fork() nodeTable {
	f := *t
	f.nodes, f.taintsChanged = slices.Clone(t.nodes), nil
	return f
}

// release returns the release of Kubernetes whose controllers run.
func (t *nodeTable) release() kube.Release { return borrow.From(t.cluster).Release() }

// readCondition makes the node's state what its Ready condition says. The pods of a
// node that is Unknown already keep their readiness, except with Config.Instant.
func (s *store) readCondition(node int32, object *corev1.Node) {
	state := &s.nodes[node]
	state.flags &^= isDown | isLost | neverReported | isUnready | notReadyCauses
	switch kube.NodeReady(object) {
	case corev1.ConditionUnknown:
		if state.flags |= isDown; s.config.Instant {
			state.flags |= isLost
		}
	case corev1.ConditionFalse:
		state.flags |= isUnready | notReadyFlags(object)
	}
}

func notReadyFlags(object *corev1.Node) (flags nodeFlags) {
	t := kube.NotReadyCauseOf(object)
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

	seen       simTime // when a pass of the monitor first sees it
	posted     simTime // its kubelet's last report that an input made
	started    simTime // when its kubelet last began to work, which renews the lease
	silent     simTime // since when its kubelet is down, or the node gone
	quarantine simTime // until when the garbage collector leaves the pods of a node that is gone; 0: it has not seen it
}

type nodeFlags uint16

const (
	isThere       nodeFlags = 1 << iota
	isDown                  // the kubelet is down
	isUnready               // condition False
	noNetwork               // the kubelet starts only pods with hostNetwork
	noRuntime               // the kubelet starts and stops nothing
	shutsDown               // the kubelet rejects new pods
	podsUnready             // PodsNotReady: its pods are not ready
	isStuck                 // terminating pods do not go
	hasNoExecute            // it has NoExecute taints
	isOpen                  // it has no allocatable, like nodes made for tests: it has room for all pods
	isLost                  // it was ready when it became Unknown, which took readiness from its pods
	isKnown                 // the node lifecycle controller has seen it
	isSwapped               // the present pass of the monitor has swapped its NoExecute taint
	neverReported           // it was added without a Ready condition, and its kubelet has been down since
	outOfService            // it has the taint node.kubernetes.io/out-of-service

	notReadyCauses = noNetwork | noRuntime | shutsDown
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
func (n *nodeState) holds() bool { return n.flags&(isLost|podsUnready) != 0 }

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
		s.orphan(s.slotOf(node))
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
	s.nodes = moveTo(s.nodes, moved, len(roster), nodeState{seen: never})
	s.loose = moveTo(s.loose, moved, len(roster), none)
	for i := range s.pods {
		if p := &s.pods[i]; p.phase != vacant && p.node != none {
			p.node = moved[p.node]
		}
	}
	for i := range s.alarms {
		s.alarms[i].node = moved[s.alarms[i].node]
	}
	for i := range s.health.zones {
		s.health.zones[i].moveSlots(moved, len(roster))
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

// noteTaints notes a node's taints that act on its pods after it has changed.
func (s *store) noteTaints(node int32, object *corev1.Node) {
	state := &s.nodes[node]
	was := state.is(hasNoExecute)
	state.flags &^= hasNoExecute | outOfService
	for i := range object.Spec.Taints {
		if object.Spec.Taints[i].Effect == corev1.TaintEffectNoExecute {
			state.flags |= hasNoExecute
		}
		if object.Spec.Taints[i].Key == corev1.TaintNodeOutOfService {
			state.flags |= outOfService
		}
	}
	if was || state.is(hasNoExecute) {
		s.taintsChanged = append(s.taintsChanged, node)
	}
	if state.is(outOfService) {
		s.wakeCollectorFor(node)
	}
}

func (t *nodeTable) taintsOf(node int32) []corev1.Taint {
	object, ok := borrow.From(t.cluster).Node(t.nodeNames[node].name)
	if !ok {
		return nil
	}
	return object.Spec.Taints
}

package rollout

import (
	"iter"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

// A node's slot is its place among the names of all nodes that there are, were,
// or that pods name. Slots ascend by name; a node that goes keeps its slot.
type name struct {
	name string
	luck uint64
}

// nodeState is what the simulation knows about a node beyond its object.
type nodeState struct {
	flags nodeFlags
	turn  uint8 // counts its going and coming back, for alarms
}

type nodeFlags uint8

const (
	isThere     nodeFlags = 1 << iota
	isDown                // the kubelet is gone
	isUnready             // condition False: its pods are not ready
	podsUnready           // PodsNotReady: its pods are not ready
	isStuck               // terminating pods do not go
	expels                // it has NoExecute taints
	isOpen                // it does not say what it can allocate, as nodes made for tests: it has room for all
)

func (n *nodeState) is(f nodeFlags) bool { return n.flags&f != 0 }
func (n *nodeState) there() bool         { return n.flags&isThere != 0 }

// works says whether a kubelet is there to do anything.
func (n *nodeState) works() bool { return n.flags&(isThere|isDown) == isThere }

// holds says whether the node keeps its pods from being ready.
func (n *nodeState) holds() bool { return n.flags&(isDown|isUnready|podsUnready) != 0 }

// slotOf finds a node's slot, or none.
func (s *Sim) slotOf(node string) int32 {
	i, ok := slices.BinarySearchFunc(s.roster, node, func(n name, node string) int { return strings.Compare(n.name, node) })
	if !ok {
		return none
	}
	return int32(i)
}

// slotFor finds a node's slot, or makes one: a pod may name a node that there is not.
func (s *Sim) slotFor(node string) int32 {
	if s.slotOf(node) == none {
		s.addSlots([]string{node})
		s.position = slices.Insert(slices.Clip(s.position), int(s.slotOf(node)), none) // forks share it: never in place
		s.alarm(collection, s.slotOf(node), s.gc)
	}
	return s.slotOf(node)
}

// addSlots makes room for nodes, given ascending and new. It moves everything
// that is kept by slot, so it costs as much as there are nodes and pods; nodes
// seldom come.
func (s *Sim) addSlots(names []string) {
	roster := make([]name, 0, len(s.roster)+len(names))
	moved := make([]int32, len(s.roster)) // from old slots to new ones
	for i, old := range s.roster {
		for len(names) > 0 && names[0] < old.name {
			roster, names = append(roster, name{names[0], kube.HashName(names[0])}), names[1:]
		}
		moved[i] = int32(len(roster))
		roster = append(roster, old)
	}
	for _, n := range names {
		roster = append(roster, name{n, kube.HashName(n)})
	}
	s.roster = roster
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
	for _, slot := range s.order {
		s.daemons[slot].moveSlots(moved, len(roster))
	}
}

func (d *daemon) moveSlots(moved []int32, size int) {
	d.head = moveTo(d.head, moved, size, none)
	d.decision = moveTo(d.decision, moved, size, placement.Excluded)
	if d.backoffs != nil {
		d.backoffs = moveTo(d.backoffs, moved, size, backoff{})
	}
	d.tally = newTally(size)
}

func moveTo[T any](old []T, moved []int32, size int, fill T) []T {
	list := slices.Repeat([]T{fill}, size)
	for i, x := range old {
		list[moved[i]] = x
	}
	return list
}

// decideAll judges every node for the DaemonSet.
func (s *Sim) decideAll(d *daemon) {
	d.decision = make([]placement.Decision, len(s.nodes))
	p := d.workload.Predict(s.cluster)
	nodes := s.cluster.Borrow()
	wanted, kept := nodes.Words(p.Eligible()), nodes.Words(p.Kept())
	slot := int32(0)
	for i := range nodes.Len() {
		for s.roster[slot].name != nodes.Name(i) {
			slot++
		}
		switch bit := uint64(1) << (i & 63); {
		case wanted[i>>6]&bit != 0:
			d.decision[slot] = placement.Eligible
		case kept[i>>6]&bit != 0:
			d.decision[slot] = placement.Kept
		}
	}
	d.stale = true
}

// decide judges one node for every DaemonSet, after it has changed.
func (s *Sim) decide(node int32) {
	s.freed = true
	object, there := s.cluster.Borrow().Node(s.roster[node].name)
	for _, slot := range s.order {
		d := s.daemons[slot]
		now := placement.Excluded
		if there {
			now = d.workload.Check(object).Decision
		}
		d.decision[node] = now
		d.touch(node)
	}
	if there {
		s.retaint(node, object)
	}
}

// setNode puts a node's object in the place of the old one.
func (s *Sim) setNode(node int32, object *corev1.Node) {
	old, was := s.cluster.Borrow().Node(object.Name)
	next, err := s.cluster.With(object)
	if err != nil {
		return // Inject has refused nodes without a name
	}
	s.cluster = next
	if !was || !equality.Semantic.DeepEqual(old.Status.Allocatable, object.Status.Allocatable) {
		s.unsurveyed = true
	}
	s.decide(node)
}

// editNode changes a node's object by edits that Inject has checked.
func (s *Sim) editNode(node int32, edits ...cluster.NodeEdit) {
	next, err := s.cluster.Edit(s.roster[node].name, edits...)
	if err != nil {
		return
	}
	s.cluster = next
	s.decide(node)
}

// podsOn yields all pods that are bound to a node now: those of no controller
// first, then by the key of their controller. The loop may change lists.
func (s *Sim) podsOn(node int32) iter.Seq[int32] {
	return func(yield func(int32) bool) { s.yieldAll(s.appendPodsOn(s.scratch.take(), node), yield) }
}

func (s *Sim) appendPodsOn(list []int32, node int32) []int32 {
	add := func(id int32) {
		for ; id != none; id = s.pods[id].next {
			if s.pods[id].is(bound) {
				list = append(list, id)
			}
		}
	}
	add(s.loose[node])
	for _, slot := range s.order {
		add(s.daemons[slot].head[node])
	}
	if s.loose[node] != none {
		slices.SortFunc(list, s.inTurn)
	}
	return list
}

// settleNode makes the node's pods what its state makes of them: ready or not,
// and moving or not.
func (s *Sim) settleNode(node int32) {
	holds, works := s.nodes[node].holds(), s.nodes[node].works()
	for id := range s.podsOn(node) {
		if works {
			s.thaw(id)
		} else {
			s.freeze(id)
		}
		if holds {
			s.becomeUnready(id)
		}
		s.arm(id)
	}
}

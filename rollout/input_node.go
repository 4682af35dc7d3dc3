package rollout

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
)

// takeInputs has the inputs that are due take effect, in the order given.
func (s *Sim) takeInputs() {
	for len(s.inputs) > 0 && s.inputs[0].tick <= s.now {
		in := s.inputs[0].input
		s.inputs = s.inputs[1:]
		in.apply(s)
	}
	if s.unsurveyed {
		s.survey()
	}
}

// onNode is the slot of the node that an input is about; none, with a Refused
// event, if there is no such node.
func (s *Sim) onNode(in Input, node string) int32 {
	n := s.slotOf(node)
	if n == none || !s.nodes[n].there() {
		s.emit(Event{Kind: Refused, Node: node, Why: Why{Detail: in.String() + ": nodes \"" + node + "\" not found"}})
		return none
	}
	s.emit(Event{Kind: Happened, Node: node, Why: Why{Detail: in.String()}})
	return n
}

func (in ApplyNode) apply(s *Sim) {
	name := in.Node.Name
	if s.slotOf(name) == none {
		s.addSlots([]string{name})
	}
	n := s.slotOf(name)
	object := in.Node.DeepCopy()
	if old, ok := s.cluster.Borrow().Node(name); ok && len(object.Status.Conditions) == 0 {
		object.Status.Conditions = old.Status.Conditions
	}
	s.emit(Event{Kind: Happened, Node: name, Why: Why{Detail: in.String()}})
	s.nodes[n].flags |= isThere
	s.setNode(n, object)
	s.readCondition(n, object)
	s.settleNode(n)
}

// readCondition makes the node's state what its Ready condition says.
func (s *Sim) readCondition(node int32, object *corev1.Node) {
	state := &s.nodes[node]
	state.flags &^= isDown | isUnready
	switch kube.NodeReady(object) {
	case corev1.ConditionUnknown:
		state.flags |= isDown
	case corev1.ConditionFalse:
		state.flags |= isUnready
	}
}

func (in RemoveNode) apply(s *Sim) {
	n := s.onNode(in, in.Node)
	if n == none {
		return
	}
	if next, err := s.cluster.Without(&corev1.Node{ObjectMeta: metaName(in.Node)}); err == nil {
		s.cluster = next
	}
	s.nodes[n] = nodeState{s.nodes[n].flags & expels, s.nodes[n].turn + 1} // a time that runs for pods runs on, unless it comes back without
	if s.room != nil {
		s.unsurveyed = true // the positions of others have moved
	}
	s.decide(n)
	s.settleNode(n)
	s.alarm(collection, n, s.gc)
}

func (in EditNode) apply(s *Sim) {
	if n := s.onNode(in, in.Node); n != none {
		s.editNode(n, in.Edits...)
		object, _ := s.cluster.Borrow().Node(in.Node)
		s.readCondition(n, object)
		s.settleNode(n)
	}
}

func (in PodsNotReady) apply(s *Sim) { s.flagNode(in, in.Node, podsUnready, 0) }
func (in PodsReady) apply(s *Sim) {
	if n := s.flagNode(in, in.Node, 0, podsUnready); n != none {
		s.unstick(n)
	}
}

func (in StuckTerminating) apply(s *Sim) { s.flagNode(in, in.Node, isStuck, 0) }

// flagNode changes a node's state but not its object.
func (s *Sim) flagNode(in Input, node string, set, clear nodeFlags) int32 {
	n := s.onNode(in, node)
	if n != none {
		s.nodes[n].flags = s.nodes[n].flags&^clear | set
		s.settleNode(n)
	}
	return n
}

// unstick ends what a dump showed to be stuck on the node.
func (s *Sim) unstick(node int32) {
	for id := range s.podsOn(node) {
		s.pods[id].flags &^= stays
		s.arm(id)
	}
}

func (in NodeNotReady) apply(s *Sim) {
	if n := s.flagNode(in, in.Node, isUnready, isDown); n != none {
		s.editNode(n, cluster.NotReady())
	}
}

func (in NodeReady) apply(s *Sim) { s.nodeReady(in, in.Node) }
func (in NodeUp) apply(s *Sim)    { s.nodeReady(in, in.Node) }

func (s *Sim) nodeReady(in Input, node string) {
	if n := s.flagNode(in, node, 0, isUnready|isDown); n != none {
		s.editNode(n, cluster.Ready())
		s.unstick(n)
	}
}

func (in NodeDown) apply(s *Sim) {
	n := s.flagNode(in, in.Node, isDown, isUnready)
	if n == none {
		return
	}
	old, _ := s.cluster.Borrow().Node(in.Node)
	s.setNode(n, withUnknown(old))
	s.nodes[n].turn++
	s.alarm(unreachable, n, s.grace)
}

// withUnknown is the node with its Ready condition Unknown.
func withUnknown(n *corev1.Node) *corev1.Node {
	changed := *n
	changed.Status.Conditions = slices.Clone(n.Status.Conditions)
	kube.SetNodeReady(&changed, corev1.ConditionUnknown)
	return &changed
}

func (in FailPods) apply(s *Sim) {
	n := s.onNode(in, in.Node)
	if n == none {
		return
	}
	for id := range s.podsOn(n) {
		p := &s.pods[id]
		if !p.live() {
			continue
		}
		s.fail(id, "", Why{})
	}
}

func (in DeletePods) apply(s *Sim) {
	n := s.onNode(in, in.Node)
	if n == none {
		return
	}
	for id := range s.podsOn(n) {
		if !s.pods[id].is(terminating) {
			s.emitPod(UserDeleted, id, Why{})
			s.deletePod(id)
		}
	}
}

// alarm is something due that is not a pod's: the collection of a gone node's
// pods, the taints of one that is down.
type alarm struct {
	tick int32
	node int32
	kind alarmKind
	turn uint8 // of the node: a later one has its own alarm
}

type alarmKind uint8

const (
	collection alarmKind = iota
	unreachable
)

// alarm has it ring some seconds from now; this tick, if none.
func (s *Sim) alarm(kind alarmKind, node int32, after stamp) {
	a := alarm{s.tickOf(int64(s.clock) + int64(after)), node, kind, s.nodes[node].turn}
	if a.tick == none {
		return
	}
	i, _ := slices.BinarySearchFunc(s.alarms, a.tick+1, func(x alarm, tick int32) int { return int(x.tick - tick) })
	s.alarms = slices.Insert(s.alarms, i, a)
}

// ring lets the alarms that are due do what they are for, if their cause still is.
func (s *Sim) ring(kind alarmKind) {
	if len(s.alarms) == 0 || s.alarms[0].tick > s.now {
		return
	}
	s.alarms = slices.DeleteFunc(s.alarms, func(a alarm) bool {
		if a.tick > s.now || a.kind != kind {
			return false
		}
		switch n := &s.nodes[a.node]; {
		case kind == collection && !n.there() && n.turn == a.turn:
			s.collect(a.node)
		case kind == unreachable && n.is(isDown) && n.turn == a.turn:
			s.editNode(a.node,
				cluster.Untaint(corev1.TaintNodeNotReady),
				cluster.Taint(corev1.TaintNodeUnreachable+":"+string(corev1.TaintEffectNoSchedule)),
				cluster.Taint(corev1.TaintNodeUnreachable+":"+string(corev1.TaintEffectNoExecute)))
			s.emit(Event{Kind: Tainted, Node: s.roster[a.node].name, Why: Why{Detail: corev1.TaintNodeUnreachable}})
		}
		return true
	})
}

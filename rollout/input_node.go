package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// ApplyNode adds or replaces a node. Its Ready condition, if it has one, has the
// effect of NodeReady, NodeNotReady or NodeDown.
type ApplyNode struct{ Node *corev1.Node }

// RemoveNode removes a node. Its pods stay, unchanged, for Config.PodGC.
type RemoveNode struct{ Node string }

// EditNode changes a node.
type EditNode struct {
	Node  string
	Edits []cluster.NodeEdit
}

// PodsNotReady makes the pods on a node not ready, including pods that arrive
// later, until PodsReady.
type PodsNotReady struct{ Node string }

// PodsReady ends PodsNotReady.
type PodsReady struct{ Node string }

// NodeNotReady sets a node's Ready condition to False, with the taints
// node.kubernetes.io/not-ready, until NodeReady. The kubelet works: pods that are
// ready stay ready. What else it does depends on why.
type NodeNotReady struct {
	Node string
	Why  NotReadyCause
}

// NotReadyCause is why a kubelet reports its node as not ready. The zero value
// means that the kubelet still does everything.
type NotReadyCause string

const (
	NotReadyNetwork  NotReadyCause = "network"       // only pods with hostNetwork start; others wait
	NotReadyRuntime  NotReadyCause = "runtime"       // nothing starts or stops
	NotReadyStorage  NotReadyCause = "storage"       // the kubelet still does everything
	NotReadyShutdown NotReadyCause = "shutting-down" // new pods are rejected
)

// messages are what kubelets write in the Ready condition.
var messages = map[NotReadyCause]string{
	"":               "",
	NotReadyNetwork:  "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
	NotReadyRuntime:  "container runtime is down",
	NotReadyStorage:  "CSINode is not yet initialized",
	NotReadyShutdown: "node is shutting down",
}

// NodeReady ends NodeNotReady and NodeDown, and removes their taints.
type NodeReady struct{ Node string }

// NodeDown stops a node's kubelet: no pod starts, stops or becomes ready there.
// At once the Ready condition is Unknown and the pods are not ready. The taints
// node.kubernetes.io/unreachable follow after Config.NodeGrace.
type NodeDown struct{ Node string }

// FailPods makes the live pods on a node Failed.
type FailPods struct{ Node string }

// StuckTerminating keeps terminating pods on a node from being removed.
type StuckTerminating struct{ Node string }

func (in ApplyNode) line() string {
	if in.Node == nil {
		return "apply-node nothing"
	}
	return "apply-node " + in.Node.Name
}

func (in EditNode) line() string {
	if len(in.Edits) == 0 {
		return "edit-node " + word(in.Node)
	}
	var edits []string
	for _, e := range in.Edits {
		edits = append(edits, e.String())
	}
	return "edit-node " + word(in.Node) + ": " + strings.Join(edits, ", ")
}

func (in RemoveNode) line() string { return "remove-node " + word(in.Node) }

func (in PodsNotReady) line() string { return "pods-not-ready " + word(in.Node) }

func (in PodsReady) line() string { return "pods-ready " + word(in.Node) }

func (in NodeNotReady) line() string {
	if in.Why == "" {
		return "node-not-ready " + word(in.Node)
	}
	return "node-not-ready " + word(in.Node) + " " + word(string(in.Why))
}

func (in NodeReady) line() string { return "node-ready " + word(in.Node) }

func (in NodeDown) line() string { return "node-down " + word(in.Node) }

func (in FailPods) line() string { return "fail-pods " + word(in.Node) }

func (in StuckTerminating) line() string { return "stuck-terminating " + word(in.Node) }

func (in ApplyNode) check() error {
	if in.Node == nil {
		return errors.New("no node")
	}
	return cluster.Validate(in.Node).ToAggregate()
}

func (in EditNode) check() error {
	errs := []error{checkNode(in.Node)}
	for _, e := range in.Edits {
		_, err := e.MarshalText() // an error for a malformed edit
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (in RemoveNode) check() error { return checkNode(in.Node) }

func (in PodsNotReady) check() error { return checkNode(in.Node) }

func (in PodsReady) check() error { return checkNode(in.Node) }

func (in NodeNotReady) check() error {
	var err error
	if _, ok := messages[in.Why]; !ok {
		err = fmt.Errorf("cause %q: must be network, runtime, storage or shutting-down", in.Why)
	}
	return errors.Join(checkNode(in.Node), err)
}

func (in NodeReady) check() error { return checkNode(in.Node) }

func (in NodeDown) check() error { return checkNode(in.Node) }

func (in FailPods) check() error { return checkNode(in.Node) }

func (in StuckTerminating) check() error { return checkNode(in.Node) }

func (in ApplyNode) copied() Input {
	if in.Node != nil {
		in.Node = in.Node.DeepCopy()
	}
	return in
}

func (in EditNode) copied() Input {
	in.Edits = slices.Clone(in.Edits)
	return in
}

func (in ApplyNode) apply(s *Sim) {
	name := in.Node.Name
	if s.slotOf(name) == none {
		s.addSlots([]string{name})
	}
	n := s.slotOf(name)
	object := in.Node.DeepCopy()
	if old, ok := borrow.From(s.cluster).Node(name); ok && len(object.Status.Conditions) == 0 {
		object.Status.Conditions = old.Status.Conditions
	}
	s.emit(Event{Kind: EventInputApplied, Node: name, Detail: in.line()})
	s.nodes[n].flags |= isThere
	s.nlc.setNode(n, object)
	s.readCondition(n, object)
	s.kubelets.settleNode(n)
}

func (in RemoveNode) apply(s *Sim) {
	n := s.onNode(in, in.Node)
	if n == none {
		return
	}
	if next, err := s.cluster.Without(&corev1.Node{ObjectMeta: metaName(in.Node)}); err == nil {
		s.cluster = next
	}
	s.nodes[n] = nodeState{flags: s.nodes[n].flags & hasNoExecute, turn: s.nodes[n].turn + 1} // a time that runs for pods runs on, unless it comes back without
	if s.room != nil {
		s.unsurveyed = true // the positions of others have moved
	}
	s.dsc.decide(n)
	s.kubelets.settleNode(n)
	s.alarm(collection, n, s.podGC)
}

func (in EditNode) apply(s *Sim) {
	if n := s.onNode(in, in.Node); n != none {
		s.nlc.editNode(n, in.Edits...)
		object, _ := borrow.From(s.cluster).Node(in.Node)
		s.readCondition(n, object)
		s.kubelets.settleNode(n)
	}
}

func (in PodsNotReady) apply(s *Sim) { s.flagNode(in, in.Node, podsUnready, 0) }

func (in PodsReady) apply(s *Sim) {
	if n := s.flagNode(in, in.Node, 0, podsUnready); n != none {
		s.kubelets.unstick(n)
	}
}

func (in StuckTerminating) apply(s *Sim) { s.flagNode(in, in.Node, isStuck, 0) }

// flagNode changes a node's state but not its object.
func (s *Sim) flagNode(in Input, node string, set, clear nodeFlags) int32 {
	n := s.onNode(in, node)
	if n != none {
		s.nodes[n].flags = s.nodes[n].flags&^clear | set
		s.kubelets.settleNode(n)
	}
	return n
}

func (in NodeNotReady) apply(s *Sim) {
	n := s.onNode(in, in.Node)
	if n == none {
		return
	}
	s.nlc.editNode(n, cluster.NotReady())
	object, _ := borrow.From(s.cluster).Node(in.Node)
	object = withReadyMessage(object, messages[in.Why])
	s.nlc.setNode(n, object)
	s.readCondition(n, object)
	s.kubelets.settleNode(n)
}

func (in NodeReady) apply(s *Sim) {
	if n := s.flagNode(in, in.Node, 0, isUnready|isDown|troubled); n != none {
		s.nlc.editNode(n, cluster.Ready())
		s.kubelets.unstick(n)
	}
}

func (in NodeDown) apply(s *Sim) {
	n := s.flagNode(in, in.Node, isDown, isUnready|troubled)
	if n == none {
		return
	}
	old, _ := borrow.From(s.cluster).Node(in.Node)
	s.nlc.setNode(n, withUnknown(old))
	s.nodes[n].turn++
	s.alarm(unreachable, n, s.nodeGrace)
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
		s.kubelets.fail(id, "", cause{})
	}
}

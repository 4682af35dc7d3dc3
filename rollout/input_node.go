package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

// ApplyNode adds or replaces a node. Its Ready condition, if it is another one than
// before, has the effect of NodeReady, NodeNotReady or NodeDown. A new node without one
// counts as ready, as in manifests written by hand; if NodeDown follows in the same
// tick, its kubelet never reports.
type ApplyNode struct {
	Node *corev1.Node `json:"node"`
}

// RemoveNode removes a node. Its pods stay, unchanged, until they are garbage
// collected, 40 to 60 s later.
type RemoveNode struct {
	Node string `json:"node"`
}

// EditNode changes a node.
type EditNode struct {
	Node  string             `json:"node"`
	Edits []cluster.NodeEdit `json:"edits"`
}

// PodsNotReady makes the pods on a node not ready, including pods that arrive
// later, until PodsReady.
type PodsNotReady struct {
	Node string `json:"node"`
}

// PodsReady ends PodsNotReady.
type PodsReady struct {
	Node string `json:"node"`
}

// NodeNotReady has a node's kubelet report that the node is not ready, until NodeReady.
// The taint node.kubernetes.io/not-ready:NoSchedule follows at once, NoExecute with the
// next pass of the node lifecycle controller, if the zone allows it. The kubelet works:
// pods that are ready stay ready. What else it does depends on why.
type NodeNotReady struct {
	Node string        `json:"node"`
	Why  NotReadyCause `json:"why,omitzero"`
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

// NodeReady ends NodeNotReady and NodeDown. The NoExecute taint goes with the next pass
// of the node lifecycle controller.
type NodeReady struct {
	Node string `json:"node"`
}

// NodeDown stops a node's kubelet: no pod starts, stops or becomes ready there. After
// Config.NodeGrace the node lifecycle controller makes the Ready condition Unknown, takes
// readiness from the pods if the node was ready, and taints the node
// node.kubernetes.io/unreachable.
type NodeDown struct {
	Node string `json:"node"`
}

// FailPods makes the live pods on a node Failed.
type FailPods struct {
	Node string `json:"node"`
}

// StuckTerminating keeps terminating pods on a node from being removed.
type StuckTerminating struct {
	Node string `json:"node"`
}

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
	s.emit(Event{Kind: EventInputApplied, Node: name, Detail: in.line()})
	s.nlc.replace(s.slotOf(name), in.Node.DeepCopy())
}

func (in RemoveNode) apply(s *Sim) {
	if n := s.onNode(in, in.Node); n != none {
		s.nlc.remove(n)
	}
}

func (in EditNode) apply(s *Sim) {
	if n := s.onNode(in, in.Node); n != none {
		s.nlc.edit(n, in.Edits)
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
	if n := s.onNode(in, in.Node); n != none {
		s.nlc.report(n, corev1.ConditionFalse, messages[in.Why])
	}
}

func (in NodeReady) apply(s *Sim) {
	if n := s.onNode(in, in.Node); n != none {
		s.nlc.report(n, corev1.ConditionTrue, "")
	}
}

func (in NodeDown) apply(s *Sim) {
	if n := s.onNode(in, in.Node); n != none {
		s.nlc.stopKubelet(n)
	}
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

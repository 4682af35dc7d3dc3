package controllers

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// Scenarios generates small worlds in which something happens every few ticks.
// At most 7 nodes, so that [ByName] finds its order.
func Scenarios() *rapid.Generator[Scenario] {
	return rapid.Custom(func(t *rapid.T) Scenario {
		p := newPlot(t)
		p.add(Apply{DaemonSet: p.daemonSet()})
		p.events(3, 5, 7, 9, 12)
		p.Ticks = p.tick + rapid.IntRange(4, 14).Draw(t, "rest")
		return p.Scenario
	})
}

// Handover generates scenarios that are settled at Scenario.Dump, where the objects hold
// the whole state: no pod has failed or is delayed, no node was just removed. After it
// anything may happen.
func Handover() *rapid.Generator[Scenario] {
	return rapid.Custom(func(t *rapid.T) Scenario {
		p := newPlot(t)
		p.plain, p.Config.PodGC = true, 0
		p.add(Apply{DaemonSet: p.daemonSet()})
		p.events(1, 3, 5)
		p.tick += 80
		p.Dump = p.tick
		p.plain = false
		p.tick++
		p.events(1, 3, 5, 7)
		p.Ticks = p.tick + rapid.IntRange(4, 14).Draw(t, "rest")
		return p.Scenario
	})
}

func (p *plot) events(from ...int) {
	for range pick(p.t, "events", from...) {
		p.tick += pick(p.t, "gap", 3, 0, 1, 2, 5)
		p.happen()
	}
}

// plot is a scenario in the making, with what the next event depends on.
type plot struct {
	Scenario
	t       *rapid.T
	tick    int
	plain   bool // only what shows in the objects
	spec    spec
	names   []string          // of the nodes there have been
	state   map[string]string // of a node: "", "down", "not ready", "pods not ready", "gone"
	goneAt  map[string]int
	applied []spec
}

// spec is what a generated DaemonSet is made of: values, so that an earlier one
// can come back.
type spec struct {
	image, unavailable, surge, pool, tolerate, label string
	onDelete                                         bool
	minReady                                         int32
	history, grace                                   int
}

func newPlot(t *rapid.T) *plot {
	p := &plot{t: t, state: map[string]string{}, goneAt: map[string]int{}}
	p.Name, p.At = "generated", map[int][]Input{}
	for _, n := range Nodes(pick(t, "nodes", 4, 3, 5, 2, 6, 1)) {
		p.names = append(p.names, n.Name)
		p.Nodes = append(p.Nodes, p.node(n.Name))
	}
	second := time.Second
	p.Config = Config{
		Tick:      pick(t, "tick", second, second, second, 2*second, 5*second),
		PodGC:     pick(t, "pod gc", 0, 4*second, 10*second),
		NodeGrace: pick(t, "node grace", 0, 0, 0, 2*second),
		Kubelet: Kubelet{
			Start: pick(t, "start", 0, 0, second, 3*second),
			Ready: pick(t, "ready", 0, 0, second, 2*second),
			Stop:  pick(t, "stop", 0, 0, second, 4*second),
		},
	}
	if rapid.IntRange(0, 3).Draw(t, "slow") == 0 {
		p.Config.Kubelet.Timings = []Timing{{Nodes: []string{"n1"}, Start: 2 * second, Ready: 3 * second, Stop: 5 * second}}
	}
	p.spec = spec{image: "v1", unavailable: "1", history: -1, grace: -1}
	return p
}

func (p *plot) node(name string) *corev1.Node {
	edits := []string{"label pool=" + pick(p.t, "pool", "a", "a", "b")}
	if rapid.IntRange(0, 7).Draw(p.t, "tainted") == 0 {
		edits = append(edits, "taint old=x:NoSchedule")
	}
	return Node(name, edits...)
}

func (p *plot) add(in Input) { p.At[p.tick] = append(p.At[p.tick], in) }

// daemonSet redraws some of the spec.
func (p *plot) daemonSet() *appsv1.DaemonSet {
	s := &p.spec
	if p.applied == nil {
		p.strategy()
		s.pool = pick(p.t, "selector", "", "", "", "a")
		s.tolerate = pick(p.t, "tolerates", "", "", "", "all", "old")
		s.minReady = pick[int32](p.t, "min ready", 0, 0, 0, 1, 4)
		s.history = pick(p.t, "history", -1, -1, 0, 1, 2)
		s.grace = pick(p.t, "grace", -1, -1, -1, 2)
	}
	p.applied = append(p.applied, *s)
	return s.daemonSet()
}

func (p *plot) strategy() {
	s := &p.spec
	s.surge, s.onDelete = "", false
	switch pick(p.t, "strategy", "rolling", "rolling", "surge", "surge", "ondelete") {
	case "ondelete":
		s.onDelete = true
	case "surge":
		s.surge = pick(p.t, "surge", "1", "2", "10%", "50%", "100%")
	default:
		s.unavailable = pick(p.t, "unavailable", "1", "1", "2", "10%", "34%", "50%", "100%")
	}
}

func (s spec) daemonSet() *appsv1.DaemonSet {
	changes := []Change{MinReady(s.minReady)}
	switch {
	case s.onDelete:
		changes = append(changes, OnDelete)
	case s.surge != "":
		changes = append(changes, MaxSurge(s.surge))
	default:
		changes = append(changes, MaxUnavailable(s.unavailable))
	}
	if s.pool != "" {
		changes = append(changes, On("pool", s.pool))
	}
	if s.history >= 0 {
		changes = append(changes, History(int32(s.history)))
	}
	if s.grace >= 0 {
		changes = append(changes, Grace(int64(s.grace)))
	}
	if s.label != "" {
		changes = append(changes, PodLabel("tier", s.label))
	}
	switch s.tolerate {
	case "":
	case "all":
		changes = append(changes, TolerateAll)
	default:
		changes = append(changes, Tolerate(s.tolerate))
	}
	return DaemonSet("agent", s.image, changes...)
}

// happen adds one event. The DaemonSet is updated about as often as everything
// else together.
func (p *plot) happen() {
	switch pick(p.t, "event", "image", "image", "image", "image", "bad image", "back", "undo", "spec", "selector", "delete", "none", "node", "node", "node", "node", "pods", "pods", "taint", "taint", "label") {
	case "image":
		p.newImage()
	case "bad image":
		if !p.plain {
			p.badImage()
		}
	case "back":
		p.spec = pick(p.t, "back to", p.applied...)
		p.add(Apply{DaemonSet: p.daemonSet()})
	case "undo":
		p.add(Undo{Key: agentKey})
	case "spec":
		p.respec()
	case "delete":
		p.add(Delete{agentKey, pick(p.t, "propagation", metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan)})
		p.tick += rapid.IntRange(0, 4).Draw(p.t, "before it comes back")
		p.spec.image = pick(p.t, "comes back with", p.spec.image, "v5")
		p.add(Apply{DaemonSet: p.daemonSet()})
	case "none": // no budget at all, as no validation lets pass
		none := p.spec
		none.surge, none.onDelete, none.image = "0", false, "v6"
		p.add(Apply{DaemonSet: defaulted(none.daemonSet()), Unvalidated: true})
	case "selector":
		p.spec.pool = pick(p.t, "selector", "", "a", "b")
		p.add(Apply{DaemonSet: p.daemonSet()})
	case "node":
		p.nodeEvent()
	case "pods":
		if !p.plain {
			p.podEvent()
		}
	case "taint":
		p.edit(pick(p.t, "taint", "taint new=x:NoSchedule", "taint new=x:NoSchedule", "taint new:NoSchedule-", "taint new=x:NoExecute", "taint new:NoExecute-", "cordon", "uncordon"))
	case "label":
		p.edit("label pool=" + pick(p.t, "pool", "a", "b"))
	}
}

func (p *plot) newImage() {
	p.spec.image = fmt.Sprintf("v%d", pick(p.t, "version", 2, 1, 3, 4))
	p.add(Apply{DaemonSet: p.daemonSet()})
}

const agentKey = "default/agent"

func (p *plot) respec() {
	s := &p.spec
	switch pick(p.t, "spec", "strategy", "strategy", "min ready", "history", "label", "tolerations") {
	case "strategy":
		p.strategy()
	case "min ready":
		s.minReady = pick[int32](p.t, "min ready", 0, 2, 5)
	case "history":
		s.history = pick(p.t, "history", 0, 1, 2)
	case "label":
		s.label = pick(p.t, "label", "x", "y")
	case "tolerations":
		s.tolerate = pick(p.t, "tolerates", "", "all", "new")
	}
	p.add(Apply{DaemonSet: p.daemonSet()})
}

// badImage never becomes ready, everywhere or on one node.
func (p *plot) badImage() {
	p.spec.image = fmt.Sprintf("bad%d", rapid.IntRange(1, 2).Draw(p.t, "version"))
	bad := NeverReady{Image: p.spec.image}
	if rapid.Bool().Draw(p.t, "partly") && !p.mayBeUnknown("n1") {
		bad.Nodes = []string{"n1"}
	}
	p.add(bad)
	p.add(Apply{DaemonSet: p.daemonSet()})
}

// mayBeUnknown reports whether a dump may lack the node. berth refuses a fault on a
// node that neither the dump nor a later input has.
func (p *plot) mayBeUnknown(node string) bool { return p.Dump > 0 && p.state[node] == "gone" }

// known are the nodes in a state, ascending.
func (p *plot) known(states ...string) []string {
	var names []string
	for _, n := range p.names {
		if slices.Contains(states, p.state[n]) {
			names = append(names, n)
		}
	}
	return names
}

func (p *plot) nodeEvent() {
	var events []string
	if len(p.known("")) > 0 {
		events = append(events, "down", "not ready", "gone")
		if !p.plain {
			events = append(events, "pods not ready")
		}
	}
	for _, state := range []string{"down", "not ready", "pods not ready", "gone"} {
		if len(p.known(state)) > 0 {
			events = append(events, "end "+state, "end "+state, "end "+state)
		}
	}
	if len(p.names) < 7 && len(p.known("gone")) == 0 {
		events = append(events, "new")
	}
	if len(events) > 0 {
		p.change(pick(p.t, "node event", events...))
	}
}

func (p *plot) change(event string) {
	switch event {
	case "new":
		n := p.node(fmt.Sprintf("n%d", len(p.names)+1))
		p.names = append(p.names, n.Name)
		p.add(ApplyNode{n})
	case "down":
		p.set("", event, func(n string) Input { return NodeDown{n} })
	case "not ready":
		p.set("", event, func(n string) Input { return NodeNotReady{n} })
	case "pods not ready":
		p.set("", event, func(n string) Input { return PodsNotReady{n} })
	case "gone":
		p.set("", event, func(n string) Input { p.goneAt[n] = p.tick; return RemoveNode{n} })
		if p.Config.PodGC > 0 && p.applied != nil { // an update while its pods are still there: with surge it fails
			if rapid.Bool().Draw(p.t, "surges") {
				p.spec.surge, p.spec.onDelete = "1", false
			}
			p.newImage()
		}
	case "end down":
		p.set("down", "", func(n string) Input { return NodeUp{n} })
	case "end not ready":
		p.set("not ready", "", func(n string) Input { return NodeReady{n} })
	case "end pods not ready":
		p.set("pods not ready", "", func(n string) Input { return PodsReady{n} })
	case "end gone":
		p.back()
	}
}

// set moves one node from a state to another.
func (p *plot) set(from, to string, in func(string) Input) {
	n := pick(p.t, "node", p.known(from)...)
	p.state[n] = to
	p.add(in(n))
}

// back adds a removed node again, when its pods have been collected.
func (p *plot) back() {
	n := pick(p.t, "node", p.known("gone")...)
	if time.Duration(p.tick-p.goneAt[n])*p.Config.Tick > p.Config.PodGC {
		p.state[n] = ""
		p.add(ApplyNode{p.node(n)})
	}
}

func (p *plot) podEvent() {
	up := p.known("", "not ready", "pods not ready")
	if len(up) == 0 {
		return
	}
	n := pick(p.t, "node", up...)
	switch pick(p.t, "pod event", "fail", "fail", "fail", "delete", "stuck") {
	case "fail":
		for range rapid.IntRange(1, 4).Draw(p.t, "times") {
			p.add(FailPods{n})
			p.tick++
		}
	case "delete":
		p.add(DeletePods{n})
	case "stuck":
		p.add(StuckTerminating{n})
	}
}

func (p *plot) edit(edit string) {
	if there := p.known("", "down", "not ready", "pods not ready"); len(there) > 0 {
		p.add(EditNode{pick(p.t, "node", there...), []string{edit}})
	}
}

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

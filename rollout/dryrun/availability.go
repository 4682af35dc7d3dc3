package dryrun

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
)

// watch tracks which pods of one DaemonSet or Deployment are available. It reads the
// events of a simulation.
type watch struct {
	needs func(pod string) time.Duration // how long the named pod must be ready
	pods  map[string]*watched
	up    func(node string, by int) // is called with 1 for each pod that becomes available, and with -1 when it no longer is
}

type watched struct {
	node      string
	available bool
}

// newWatch returns a watch that starts with the pods before the first tick.
func newWatch(pods []rollout.Pod, needs func(string) time.Duration, available func(rollout.Pod) bool, up func(string, int)) *watch {
	w := &watch{needs: needs, pods: map[string]*watched{}, up: up}
	for _, p := range pods {
		x := &watched{node: p.Node}
		w.pods[p.Name] = x
		w.set(x, !p.Terminating && available(p))
	}
	return w
}

func (w *watch) set(p *watched, available bool) {
	if p == nil || p.available == available {
		return
	}
	p.available = available
	w.up(p.node, map[bool]int{true: 1, false: -1}[available])
}

// see takes an event of the workload.
func (w *watch) see(e *rollout.Event) {
	p := w.pods[e.Pod]
	switch e.Kind {
	case rollout.EventCreated, rollout.EventAdopted:
		if p == nil && e.Pod != "" {
			w.pods[e.Pod] = &watched{node: e.Node}
		}
	case rollout.EventBound:
		if p != nil {
			p.node = e.Node
		}
	case rollout.EventReady:
		if w.needs(e.Pod) == 0 {
			w.set(p, true)
		}
	case rollout.EventAvailable:
		w.set(p, true)
	case rollout.EventNotReady, rollout.EventFailed, rollout.EventDeleted, rollout.EventDeletedByUser, rollout.EventEvicted, rollout.EventPreempted, rollout.EventGarbageCollected,
		rollout.EventStopped, rollout.EventOrphaned, rollout.EventReleased:
		w.set(p, false)
	}
}

// worst is the moment when fewest nodes of a DaemonSet had an available pod.
type worst struct {
	domain        string // "topology.kubernetes.io/zone=a: ", or empty
	available, of int
	after         time.Duration // from the edits, the first time
	down          []string      // the nodes without one then, ascending
}

// worst returns the worst moment of the nodes in course.lasting. It runs the simulation.
func (e effect) worst() worst {
	for _, w := range e.worstPer("") {
		return w
	}
	return worst{}
}

// worstPer returns the worst moment of each topology domain of these nodes, ascending.
func (e effect) worstPer(topologyKey string) []worst {
	domains := e.lastingPer(topologyKey)
	names := slices.Sorted(maps.Keys(domains))
	all, served, at := make([]worst, len(names)), make([]int, len(names)), map[string]int{}
	for i, name := range names {
		all[i] = worst{domain: name, available: -1, of: len(domains[name])}
		for _, node := range domains[name] {
			at[node] = i
		}
	}
	key, up := kube.DaemonSetKey(e.key), map[string]int{}
	w := newWatch(e.course().before[e.key], e.plan.needs(key, true), e.plan.availableFrom(key), func(node string, by int) {
		was := up[node] > 0
		up[node] += by
		if i, ok := at[node]; ok && was != (up[node] > 0) {
			served[i] += by
		}
	})
	e.course().replay(key, w, func(tick int) {
		for i := range all {
			if x := &all[i]; x.available < 0 || served[i] < x.available {
				x.available, x.after = served[i], e.plan.duration(tick-e.course().start)
				x.down = slices.DeleteFunc(slices.Clone(domains[x.domain]), func(node string) bool { return up[node] > 0 })
			}
		}
	})
	return all
}

// lastingPer returns the nodes in course.lasting by their topology domain, ascending.
func (e effect) lastingPer(topologyKey string) map[string][]string {
	domains, of := map[string][]string{}, e.plan.domains(topologyKey)
	for _, node := range slices.Sorted(maps.Keys(e.course().lasting(e))) {
		if value, ok := of(node); ok {
			name := ""
			if topologyKey != "" {
				name = topologyKey + "=" + value + ": "
			}
			domains[name] = append(domains[name], node)
		}
	}
	return domains
}

// replay passes the events of a workload to its watch. It calls look at the end of each
// tick with events, and always at the end of the first tick.
func (c *course) replay(key string, w *watch, look func(tick int)) {
	tick := c.start + 1
	for i := range c.trace {
		e := &c.trace[i]
		if e.Tick != tick {
			look(tick)
			tick = e.Tick
		}
		if e.Key == key {
			w.see(e)
		}
	}
	look(tick)
}

// needs returns how long a pod of a workload must be ready to be available, by the
// pod's name. For a Deployment's pod that is the value of its ReplicaSet: old
// ReplicaSets keep theirs (pkg/controller/deployment/sync.go: getNewReplicaSet). If
// after is true, the value is that of the edits in their first tick; otherwise
// it is the one before.
func (p *Plan) needs(key string, after bool) func(pod string) time.Duration {
	kind, plain, _ := strings.Cut(key, "/")
	namespace, name := split(plain)
	known := map[string]int32{} // by ReplicaSet
	clusters := []*cluster.Cluster{p.Before()}
	if after {
		clusters = append(clusters, p.course().cluster()) // wins where both clusters have the ReplicaSet
	}
	var need int32
	for _, c := range clusters {
		if ds, ok := borrow.From(c).DaemonSet(namespace, name); ok && kind == "daemonset" {
			need = ds.Spec.MinReadySeconds
		}
		if d, ok := ofName(borrow.From(c).Deployments(), namespace, name); ok {
			need = d.Spec.MinReadySeconds
		}
		for _, rs := range borrow.From(c).ReplicaSets() {
			if ref := kube.ControllerOf(rs, "Deployment"); ref != nil && rs.Namespace == namespace && ref.Name == name {
				known[rs.Name] = rs.Spec.MinReadySeconds
			}
		}
	}
	if kind == "daemonset" {
		return func(string) time.Duration { return time.Duration(need) * time.Second }
	}
	return func(pod string) time.Duration {
		n, ok := known[pod[:max(0, strings.LastIndexByte(pod, '-'))]]
		if !ok {
			n = need
		}
		return time.Duration(n) * time.Second
	}
}

// availableFrom reports, for a pod, whether it is available in the first tick with the
// edits. It uses the edited minReadySeconds, and assumes that nothing happens to the
// pod in that tick.
func (p *Plan) availableFrom(key string) func(rollout.Pod) bool {
	before, after := p.needs(key, false), p.needs(key, true)
	tick, start := p.tick(), p.course().start
	return func(pod rollout.Pod) bool {
		need := after(pod.Name)
		if need == before(pod.Name) {
			return pod.Available
		}
		return pod.Ready && time.Duration(start+1-pod.Since)*tick >= need
	}
}

// Availability is the availability of a DaemonSet or Deployment while a plan is carried
// out. For a DaemonSet it counts nodes with an available pod, for a Deployment
// available pods. Terminating pods do not count.
type Availability struct {
	Workload string        `json:"workload"`         // key with its kind: "deployment/shop/web"
	Domain   string        `json:"domain,omitempty"` // the value of the topology label
	Before   int           `json:"before"`
	Worst    int           `json:"worst"` // the lowest count
	At       time.Duration `json:"at"`    // from the edits until Worst was first reached
	After    int           `json:"after"` // when everything has settled
}

// String returns the availability in one line.
func (a Availability) String() string {
	s := workloadName(a.Workload)
	if a.Domain != "" {
		s += " in " + a.Domain
	}
	return s + ": " + a.numbers()
}

func (a Availability) numbers() string {
	return fmt.Sprintf("%d available before, at worst %d (after %v), %d in the end", a.Before, a.Worst, a.At, a.After)
}

// Availability returns the availability of every DaemonSet and Deployment that the
// edits affect, ascending by key. With the key of a node label, such as
// "topology.kubernetes.io/zone", it returns one for each value of the label, ascending.
// Nodes without the label are in no domain. It runs the simulation.
func (p *Plan) Availability(topologyKey string) []Availability {
	p = p.orNothing()
	j := &judge{plan: p, course: p.course(), baseline: p.base.baseline()}
	domain := p.domains(topologyKey)
	var all []Availability
	for _, key := range j.changed() {
		all = append(all, p.availability(key, domain, nil)...)
	}
	return all
}

// zones returns the availability by zone, if nodes are in several zones.
func (p *Plan) zones() []Availability {
	if len(p.Before().LabelValues(corev1.LabelTopologyZone)) < 2 {
		return nil
	}
	return p.Availability(corev1.LabelTopologyZone)
}

// domains returns a function that returns the domain of a node by its name, or false if
// the node is in none.
func (p *Plan) domains(topologyKey string) func(node string) (string, bool) {
	if topologyKey == "" {
		return func(string) (string, bool) { return "", true }
	}
	return func(node string) (string, bool) {
		for _, c := range []*cluster.Cluster{p.After(), p.Before()} {
			if n, ok := borrow.From(c).Node(node); ok {
				value, ok := n.Labels[topologyKey]
				return value, ok
			}
		}
		return "", false
	}
}

// availability counts one workload by domain, ascending. It calls look with all
// domains, in any order, at the end of each tick. After is the count at the end.
func (p *Plan) availability(key string, domain func(string) (string, bool), look func(tick int, now map[string]*Availability)) []Availability {
	c := p.course()
	found := map[string]*Availability{}
	begun := false // a domain that appears later had nothing until then
	in := func(node string) *Availability {
		name, ok := domain(node)
		if !ok {
			return nil
		}
		a := found[name]
		if a == nil {
			a = &Availability{Workload: key, Domain: name, Worst: -1}
			if begun {
				a.Worst, a.At = 0, p.duration(1)
			}
			found[name] = a
		}
		return a
	}
	up, daemons := map[string]int{}, strings.HasPrefix(key, kube.DaemonSetKind)
	count := func(add func(*Availability, int)) func(string, int) {
		clear(up)
		return func(node string, by int) {
			was := up[node] > 0
			up[node] += by
			if a := in(node); a != nil && (!daemons || was != (up[node] > 0)) {
				add(a, by)
			}
		}
	}
	newWatch(c.before[key], nil, func(pod rollout.Pod) bool { return pod.Available }, count(func(a *Availability, by int) { a.Before += by }))
	w := newWatch(c.before[key], p.needs(key, true), p.availableFrom(key), count(func(a *Availability, by int) { a.After += by }))
	begun = true
	c.replay(key, w, func(tick int) {
		for _, name := range slices.Sorted(maps.Keys(found)) {
			a := found[name]
			if a.Worst < 0 || a.After < a.Worst {
				a.Worst, a.At = a.After, p.duration(tick-c.start)
			}
		}
		if look != nil {
			look(tick, found)
		}
	})
	all := make([]Availability, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, *found[name])
	}
	return all
}

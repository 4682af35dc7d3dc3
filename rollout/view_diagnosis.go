package rollout

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout/internal/probe"
)

func init() { probe.Of = func(sim any) probe.Sim { return probed{sim.(*Sim)} } }

// probed implements probe.Sim for rollout/diagnosis.
type probed struct{ *Sim }

func (s probed) Find(key string) (string, error) {
	d, deployed, err := s.lookup(key)
	switch {
	case err != nil:
		return "", err
	case d != nil:
		return d.fullKey, nil
	}
	return deployed.fullKey, nil
}

func (s probed) Object(key string) runtime.Object {
	if name, ok := strings.CutPrefix(key, "node/"); ok {
		if object, ok := borrow.From(s.cluster).Node(name); ok {
			return object
		}
		return nil
	}
	if name, ok := strings.CutPrefix(key, "poddisruptionbudget/"); ok {
		for _, b := range borrow.From(s.cluster).PodDisruptionBudgets() {
			if kube.Key(b) == name {
				return b
			}
		}
		return nil
	}
	if object := s.policyNow(key); object != nil {
		return object
	}
	switch d, deployed := s.resolve(key); {
	case d != nil:
		return d.object
	case deployed != nil:
		return deployed.object
	}
	return nil
}

func (s probed) InputDue() bool { return s.inputDue() }

func (s probed) DropInputs() { s.inputs = nil }

// Rest stops after many more ticks with events than a rollout has. The events
// themselves are not read.
func (s probed) Rest(key string) probe.Outcome {
	const look = 16 // now and then
	o := probe.Outcome{Last: int(s.now)}
	patience, turns := 1000+20*(len(s.nodes)+len(s.pods)), 0
	daemon, deployment := s.slots(key)
	s.quiet = true
	for range s.passes(int(s.last)) {
		for _, n := range s.notes {
			if n.owner == daemon && n.deployment == deployment {
				o.Last = int(s.now)
			}
		}
		o.Refused = o.Refused || len(s.report()) > 0
		if patience--; patience == 0 || patience%look == 0 && s.spins(&turns) {
			break // a loop is not settled; what has just stopped is
		}
	}
	s.quiet = false
	o.Settled = s.Settled()
	return o
}

// slots returns the slots of the key's DaemonSet and Deployment; one of them is none.
func (s *Sim) slots(key string) (daemon, deployment int32) {
	switch d, deployed := s.resolve(key); {
	case d != nil:
		return d.slot, none
	case deployed != nil:
		return none, deployed.slot
	}
	return none, none
}

// spins reports whether every pod that will still change is in an endless loop.
// If the next pod may go to another node, the loop must have lasted for some
// turns.
func (s *Sim) spins(turns *int) bool {
	const enough = 8
	sure := true
	for _, id := range s.moves() {
		p := &s.pods[id]
		if !p.is(loops) && !s.rejectsForever(p) && !s.isEvicted(p) {
			*turns = 0
			return false
		}
		sure = sure && !s.mayGoElsewhere(p)
	}
	*turns++
	return len(s.alarms) == 0 && len(s.inputs) == 0 && (sure || *turns >= enough)
}

// mayGoElsewhere reports whether the pod is rejected, but its successor not on every node.
func (s *Sim) mayGoElsewhere(p *pod) bool {
	return p.set != none && s.rejectsForever(p) && len(s.kubelets.faultOf(p).nodes) > 0
}

// endless returns a pod on the node that is in an endless loop, or none. This is
// known without passing time: what a node or an image does to pods stays until an
// input changes it.
func (s *Sim) endless(d *daemonSet, node int32) int32 {
	if d.marks[node]&desired == 0 || !s.nodes[node].works() {
		return none
	}
	if id := s.inEvictionLoop(d, node); id != none {
		return id
	}
	for id := d.head[node]; id != none; id = s.pods[id].next {
		p := &s.pods[id]
		if !p.is(terminating) && s.fresh[p.class] && (s.rejectsForever(p) || p.is(loops) && !s.available(d, p)) {
			return id
		}
	}
	return none
}

// inEvictionLoop returns a bound pod that will be evicted while the DaemonSet
// keeps creating its successor, or none. With surge it may be the new pod beside
// an old one that stays.
func (s *Sim) inEvictionLoop(d *daemonSet, node int32) int32 {
	if !s.nodes[node].is(hasNoExecute) || d.head[node] == none || !s.evictions.evictsAgain(d, node) {
		return none
	}
	for id := d.head[node]; id != none; id = s.pods[id].next {
		if p := &s.pods[id]; p.is(bound) && p.due != none {
			return id
		}
	}
	return none
}

// isEvicted reports whether the pod's DaemonSet has a pod on its node that is evicted
// again and again.
func (s *Sim) isEvicted(p *pod) bool {
	return p.owner != none && p.node != none && s.inEvictionLoop(s.daemonSets.at[p.owner], p.node) != none
}

// rejectsForever reports whether the pod is Failed or will be as soon as the kubelet
// sees it, and so will be the next one.
func (s *Sim) rejectsForever(p *pod) bool {
	if !p.is(bound) || p.phase != failed && (p.phase != pending || p.is(pulls)) {
		return false
	}
	return s.shutsDown(p) || s.kubelets.faultOf(p).kind == rejection
}

func (s *Sim) shutsDown(p *pod) bool { return p.node != none && s.nodes[p.node].is(shutsDown) }

func (s probed) DaemonSet(key string) *probe.DaemonSet {
	d, _ := s.resolve(key)
	if d == nil {
		return nil
	}
	x, user := s.daemonSet(d)
	for n := range s.nodes {
		x.Rows = append(x.Rows, s.row(d, int32(n), user))
	}
	return x
}

// Unfinished looks in a fork if nothing was synced since the DaemonSet changed.
func (s probed) Unfinished(key string) *probe.DaemonSet {
	d, _ := s.resolve(key)
	if d == nil {
		return nil
	}
	if d.wants() {
		s.Sim = s.Fork()
		d = s.daemonSets.find(d.key)
		s.dsc.refresh(d)
	}
	x, user := s.daemonSet(d)
	for n := range s.nodes {
		m := d.marks[n]
		if m&user != 0 || m&desired != 0 && m&(statusNew|statusUp) != statusNew|statusUp {
			x.Rows = append(x.Rows, s.row(d, int32(n), user))
		}
	}
	return x
}

// daemonSet returns the DaemonSet without rows, and the mark of nodes that use the
// update limit.
func (s *Sim) daemonSet(d *daemonSet) (*probe.DaemonSet, marks) {
	surge, unavailable, err := d.budget()
	x := &probe.DaemonSet{
		Key: d.key, Object: d.object, Workload: d.workload, Deleting: d.deleting, Blind: d.blind, Failure: d.failure, Denied: d.refusal().String(), Denial: d.refusal().parts(), Invalid: err != nil,
	}
	user := marks(0)
	switch {
	case !d.rolling || err != nil:
	case surge > 0:
		x.Surges, user, x.Used, x.Of = true, surging, d.number(surging), surge
	default:
		user, x.Used, x.Of = out, d.number(out), unavailable
	}
	for _, r := range d.revisions {
		if r.object.Name != d.current {
			x.Earlier = append(x.Earlier, r.object.Revision)
		}
	}
	slices.Sort(x.Earlier)
	return x, user
}

func (s *Sim) row(d *daemonSet, node int32, user marks) probe.NodeRow {
	m, c := d.marks[node], s.dsc.podsOnNode(d, node)
	return probe.NodeRow{
		Node: s.nodeNames[node].name, Exists: s.nodes[node].there(),
		Wanted: m&desired != 0, Available: m&statusUp != 0, Updated: m&statusNew != 0,
		Uses: m&user != 0, Lost: m&lost != 0, Moves: s.anyMoves(d, node),
		Any: d.head[node], First: c.first, Newest: c.newest, Oldest: c.oldest, Endless: s.endless(d, node),
	}
}

// anyMoves reports whether one of the node's pods will do something by itself.
func (s *Sim) anyMoves(d *daemonSet, node int32) bool {
	for id := d.head[node]; id != none; id = s.pods[id].next {
		if s.pods[id].due != none {
			return true
		}
	}
	return false
}

func (s probed) Deployment(key string) *probe.Deployment {
	_, d := s.resolve(key)
	if d == nil {
		return nil
	}
	surge, unavailable := d.budget()
	x := &probe.Deployment{
		Key: d.key, Object: d.object, Deleting: d.deleting, SelectsNothing: d.selectsNothing(), Failure: d.failure,
		Replicas: int(d.replicas()), MaxSurge: int(surge), MaxUnavailable: int(unavailable),
		Syncing: s.wantsAny(d), Still: s.nextForReplicas(d) > s.last, Done: d.done(),
	}
	if current := s.currentSet(d); current != nil {
		x.Denied, x.Denial = current.refusal().String(), current.refusal().parts()
	}
	for _, slot := range d.mine {
		rs := s.replicaSets.at[slot]
		x.Sets = append(x.Sets, probe.ReplicaSet{
			Current: slot == d.current, Revision: rs.revision(), Size: int(rs.size()), Available: int(rs.status.AvailableReplicas), Pods: rs.pods,
		})
	}
	return x
}

func (s probed) Nodes() []probe.Node {
	var all []probe.Node
	for n := range s.nodes {
		if s.nodes[n].there() {
			all = append(all, s.node(int32(n)))
		}
	}
	return all
}

func (s *Sim) node(n int32) probe.Node {
	state := &s.nodes[n]
	object, ok := borrow.From(s.cluster).Node(s.nodeNames[n].name)
	return probe.Node{
		Name: s.nodeNames[n].name, Down: state.is(isDown), Unready: state.is(isUnready), PodsUnready: state.is(podsUnready),
		Cordoned: ok && object.Spec.Unschedulable,
	}
}

func (s probed) KnowsNode(name string) bool { return s.slotOf(name) != none }

func (s probed) Pod(id int32) probe.Pod {
	p := &s.pods[id]
	x := probe.Pod{
		Namespace: s.namespace(p), Name: s.podName(id), Class: p.class, Phase: phases[p.phase],
		Bound: p.is(bound), Terminating: p.is(terminating), Terminal: p.terminal(), Waits: p.due == none, AnyNode: p.set != none,
		Crashing: p.is(loops), Pulling: p.is(pulls), Rejected: s.rejectsForever(p), Evicted: s.isEvicted(p),
		Ready: p.is(isReady), Due: max(0, int(p.due)), Reason: s.kubelets.reasonOf(p),
	}
	x.Gated, x.Foreign = s.classes[p.class].gates != "", s.classes[p.class].scheduler != ""
	if p.is(terminating) {
		x.Stops = max(0, int(s.kubelets.stopTick(p)))
	}
	if p.node != none {
		x.Node, x.NodeExists, x.Held = s.node(p.node), s.nodes[p.node].there(), s.kubelets.waitsForNode(p) || x.Rejected && s.shutsDown(p)
	}
	switch {
	case p.owner != none:
		x.Owner = s.daemonSets.at[p.owner].fullKey
		x.Available = s.available(s.daemonSets.at[p.owner], p)
	case p.set != none:
		if slot := s.replicaSets.at[p.set].deployment; slot != none {
			x.Owner = s.deployments.at[slot].fullKey
		}
		minReady := s.replicaSets.at[p.set].minReady()
		x.Available = s.availableFor(minReady, p)
		x.InVain = p.live() && p.is(bound) && p.evict == never && s.nodes[p.node].works() && (x.Rejected || p.is(loops) && !x.Available)
	}
	return x
}

func (s probed) FindPod(key string) int32 { return s.findPod(key) }

func (s probed) Images(id int32) []string { return s.classes[s.pods[id].class].images() }

func (s probed) Fault(id int32) probe.Fault {
	t := s.kubelets.faultOf(&s.pods[id])
	return probe.Fault{Image: t.image, Nodes: t.nodes, Pull: t.kind == noImage}
}

func (s probed) Against(id int32) []placement.FilterReason { return s.scheduler.against(&s.pods[id]) }

func (s probed) WhyUnbound(id int32) string { return s.scheduler.whyUnbound(&s.pods[id]) }

func (s probed) Neighbours(id int32, ofDaemonSet bool) []int32 {
	owner := none
	if ofDaemonSet {
		owner = s.pods[id].owner
	}
	return slices.DeleteFunc(slices.Collect(s.listed(owner, s.pods[id].node)), func(other int32) bool {
		p := &s.pods[other]
		return !p.is(bound) || p.terminal() || !ofDaemonSet && p.is(terminating)
	})
}

func (s probed) Budgets(id int32) []*policyv1.PodDisruptionBudget {
	var all []*policyv1.PodDisruptionBudget
	for _, b := range s.evictions.budgetsOf(&s.pods[id]) {
		all = append(all, b.PodDisruptionBudget)
	}
	return all
}

func (s probed) AllBudgets() []*policyv1.PodDisruptionBudget { return s.evictions.countAll() }

func (s probed) Guarded(id int32) []int32 {
	var all []int32
	for _, b := range s.evictions.budgetsOf(&s.pods[id]) {
		all = append(all, s.evictions.guarded(b)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s probed) PriorityClasses(above *corev1.PodSpec) []string {
	classes := borrow.From(s.cluster)
	type class struct {
		name  string
		value int32
	}
	var all []class
	floor := kube.Priority(above, classes)
	for _, c := range classes.PriorityClasses() {
		if c.Value > floor && (c.PreemptionPolicy == nil || *c.PreemptionPolicy != corev1.PreemptNever) {
			all = append(all, class{c.Name, c.Value})
		}
	}
	for _, name := range []string{"system-cluster-critical", "system-node-critical"} {
		if value, _ := kube.SystemPriority(name); value > floor {
			all = append(all, class{name, value})
		}
	}
	slices.SortFunc(all, func(a, b class) int { return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.name, b.name)) })
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	return slices.Compact(names)
}

func (s probed) FitsWithout(id int32, gone []int32) bool { return s.scheduler.fitsWithout(id, gone) }

func (s probed) Hints(id int32) []placement.Hint {
	hints, _ := s.scheduler.predict(s.pods[id].class).Hints() // it cannot fail: no node is named
	return hints
}

func (d denial) parts() probe.Denial {
	return probe.Denial{Plugin: d.plugin, Object: d.object, Message: d.message}
}

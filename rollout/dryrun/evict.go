package dryrun

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/snapshot"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Disposition is what a plan does to a pod that no DaemonSet owns.
type Disposition string

const (
	DispositionEvicted     Disposition = "Evicted"     // by a NoExecute taint (pkg/controller/tainteviction/taint_eviction.go: processPodOnNode), or by a drain
	DispositionPreempted   Disposition = "Preempted"   // by the scheduler, to make room for a DaemonSet's pod of higher priority (pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go: PostFilter)
	DispositionRemoved     Disposition = "Removed"     // deleted with its node or its owner, or by the edits themselves
	DispositionWithoutNode Disposition = "WithoutNode" // it stays, but its node would not admit it again
)

func (d Disposition) text() string {
	if d == DispositionWithoutNode {
		return "without a node"
	}
	return strings.ToLower(string(d))
}

// Eviction is a pod that no DaemonSet owns, and what a plan does to it.
type Eviction struct {
	Pod         string        `json:"pod"` // namespace/name
	Node        string        `json:"node"`
	Disposition Disposition   `json:"disposition"`
	After       time.Duration `json:"after"`           // from the edits until it goes
	Cause       string        `json:"cause"`           // the taint, the pod that preempts it, or what keeps it off its node
	Owner       string        `json:"owner,omitempty"` // "ReplicaSet web-5d4f": the controller that replaces it; empty: none
	// Successor is the name of the pod that its ReplicaSet created in its place. It is
	// empty if there is none, or if the simulation does not know the owner: a
	// StatefulSet, a Job, or an owner missing from the given cluster.
	Successor string `json:"successor,omitempty"`
	// NewNode is the node to which the scheduler bound the successor. Without a
	// successor it is the node that takes the same pod once everything has settled, all
	// such pods considered together. Nowhere is why there is none, in kube-scheduler's
	// words.
	NewNode       string `json:"newNode,omitempty"`
	Unschedulable string `json:"unschedulable,omitempty"`
	// Missing is the time from its removal until the successor was available. It is nil
	// if the successor never was, or is not known to be.
	Missing *time.Duration `json:"missing,omitempty"`
}

// line returns the pod and what happens to it in one line.
func (e Eviction) line() string {
	s := fmt.Sprintf("%s on %s: %s", e.Pod, e.Node, e.Disposition.text())
	if e.After > 0 {
		s += fmt.Sprintf(" after %v", e.After)
	}
	return s + ": " + e.Cause + e.next()
}

// homeless reports whether no node takes the pod that replaces one that goes.
func (e Eviction) homeless() bool {
	return e.Unschedulable != "" && e.Disposition != DispositionWithoutNode
}

// returns reports whether the successor is on the node that evicted the pod.
func (e Eviction) returns() bool {
	return e.Disposition == DispositionEvicted && e.Successor != "" && e.NewNode == e.Node
}

// next returns what replaces the pod.
func (e Eviction) next() string {
	node := e.NewNode
	if e.returns() {
		node += " again"
	}
	switch {
	case e.Owner == "" && e.Disposition != DispositionWithoutNode:
		return "; nothing recreates it"
	case e.Successor != "" && e.NewNode == "":
		return fmt.Sprintf("; %s takes its place, on no node: %s", e.Successor, e.Unschedulable)
	case e.Successor != "" && e.Missing == nil:
		return fmt.Sprintf("; %s takes its place on %s, and is not available", e.Successor, node)
	case e.Successor != "":
		return fmt.Sprintf("; %s takes its place on %s, available %v later", e.Successor, node, *e.Missing)
	case e.Unschedulable != "":
		return "; no node takes it again: " + e.Unschedulable
	case e.NewNode != "":
		return "; would fit on " + e.NewNode
	case e.Disposition != DispositionWithoutNode:
		return "; nothing takes its place"
	}
	return ""
}

// Evictions returns the pods that no DaemonSet owns and that the plan affects,
// ascending by pod. These are pods that go, and pods that stay on edited nodes that
// would not admit them again. What happens without the plan too is left out.
//
// Replacements that owners create are taken from the simulation. Owners that it does
// not know are assumed to create the same pods again once everything has settled.
// Mirror pods are left out, and pods that a Deployment replaces or scales down.
//
// It runs the simulation. A pod that stays without admission (DispositionWithoutNode)
// costs a prediction.
func (p *Plan) Evictions() []Eviction {
	return deepCopy(p.orNothing().evict())
}

func (p *Plan) findEvictions() []Eviction {
	s := &search{plan: p, course: p.course(), left: p.course().leaving()}
	s.collect()
	s.succeed()
	s.standIn()
	slices.SortFunc(s.found, func(a, b *displacedPod) int { return cmp.Compare(a.Pod, b.Pod) })
	all := make([]Eviction, len(s.found))
	for i, l := range s.found {
		all[i] = l.Eviction
	}
	return all
}

// search looks for pods that go and for their replacements.
type search struct {
	plan   *Plan
	course *course
	left   map[out]rollout.Event
	found  []*displacedPod
}

// displacedPod is a pod that goes, or that its node would not admit again.
type displacedPod struct {
	Eviction
	pod *corev1.Pod
}

// out is a pod and the node where something happens to it.
type out struct{ node, pod string }

func (s *search) collect() {
	would := s.plan.base.baseline().leaving()
	b, after := borrow.From(s.plan.Before()), borrow.From(s.plan.After())
	for i := range b.Len() {
		node := b.At(i)
		now, still := after.Node(node.Name)
		for _, pod := range b.PodsOn(i) {
			if kube.ControllerOf(pod, "DaemonSet") != nil || kube.IsMirror(pod) || over(pod) {
				continue
			}
			at := out{node.Name, pod.Name}
			e, goes := s.left[at]
			_, anyway := would[at]
			switch {
			case anyway:
			case goes && e.Kind != rollout.EventDeleted:
				s.add(pod, dispositionOf(e), why(e, still), time.Duration(e.Tick-s.course.start-1)*s.plan.tick())
			case goes:
			case s.gone(pod):
				s.add(pod, DispositionRemoved, "its owner is deleted", 0)
			case still && now != node:
				s.leaveUnplaced(pod, node, now)
			}
		}
	}
}

// gone reports whether the edits themselves remove the pod from the cluster.
func (s *search) gone(pod *corev1.Pod) bool {
	_, there := borrow.From(s.plan.start).Pod(pod.Namespace, pod.Name)
	return !there
}

func (p *Plan) tick() time.Duration { return p.base.sim.Config().Tick }

// leaving returns the event that removed each pod of no DaemonSet, by the pod and its
// node.
func (c *course) leaving() map[out]rollout.Event {
	gone := map[out]rollout.Event{}
	for i := range c.trace {
		e := &c.trace[i]
		if !ofDaemonSet(e) && leaves(e.Kind) {
			if _, already := gone[out{e.Node, e.Pod}]; !already {
				gone[out{e.Node, e.Pod}] = *e
			}
		}
	}
	return gone
}

// leaves reports whether an event removes a pod or starts its termination.
func leaves(k rollout.EventKind) bool {
	switch k {
	case rollout.EventEvicted, rollout.EventPreempted, rollout.EventDeletedByUser, rollout.EventGarbageCollected, rollout.EventDeleted:
		return true
	}
	return false
}

func dispositionOf(e rollout.Event) Disposition {
	switch e.Kind {
	case rollout.EventPreempted:
		return DispositionPreempted
	case rollout.EventEvicted:
		return DispositionEvicted
	}
	return DispositionRemoved
}

// why returns the taints that the pod does not tolerate indefinitely, the pod that
// preempts it, or what deletes it.
func why(e rollout.Event, nodeStays bool) string {
	switch {
	case e.Kind == rollout.EventDeletedByUser && e.Reason == "":
		return "the pod is deleted"
	case e.Kind == rollout.EventGarbageCollected && !nodeStays:
		return "the node is removed"
	case e.Why() != "":
		return e.Why()
	}
	return fmt.Sprint(e.Kind)
}

func over(pod *corev1.Pod) bool {
	return kube.IsTerminal(pod.Status.Phase) || pod.DeletionTimestamp != nil
}

func (s *search) add(pod *corev1.Pod, disposition Disposition, why string, after time.Duration) {
	e := Eviction{Pod: kube.Key(pod), Node: pod.Spec.NodeName, Disposition: disposition, Cause: why, After: after}
	if ref := metav1.GetControllerOfNoCopy(pod); ref != nil {
		e.Owner = ref.Kind + " " + ref.Name
	}
	s.found = append(s.found, &displacedPod{e, pod})
}

// leaveUnplaced records a pod that its node admitted but no longer would, and a node
// that would take it once everything has settled.
func (s *search) leaveUnplaced(pod *corev1.Pod, was, now *corev1.Node) {
	w, err := placement.ForPod(recreatedPod(pod), placement.Unvalidated())
	if err != nil || w.Check(was).Decision == placement.Excluded {
		return
	}
	v := w.Check(now)
	if v.Decision != placement.Excluded {
		return
	}
	s.add(pod, DispositionWithoutNode, fmt.Sprint(v.Reasons[0]), 0)
	e := &s.found[len(s.found)-1].Eviction
	p := w.Predict(s.course.cluster())
	if open := p.Placed(); open.Len() > 0 {
		e.NewNode = first(open)
		if best := p.Ranking(); len(best) > 0 {
			e.NewNode = best[0].Node
		}
		return
	}
	e.Unschedulable = p.String()
}

// first returns the first name of a set, or "" if the set is empty.
func first(set cluster.NodeSet) string {
	for n := range borrow.Nodes(set) {
		return n.Name
	}
	return ""
}

// recreatedPod returns the pod as its owner would create it again.
func recreatedPod(pod *corev1.Pod) *corev1.Pod {
	again := pod.DeepCopy()
	again.Spec.NodeName = ""
	again.Status = corev1.PodStatus{}
	return again
}

// succeed finds the successors that the simulation created.
func (s *search) succeed() {
	lines := s.course.lineages(borrow.From(s.plan.Before()))
	for _, l := range s.found {
		if e := s.left[out{l.Node, l.pod.Name}]; l.Disposition != DispositionWithoutNode {
			lines.follow(l, e, s)
		}
	}
}

// lineage is what one controller of a Deployment's or ReplicaSet's pods did: which pods
// left and which it created, in the order of the events. The n-th pod created replaces
// the n-th pod that left.
type lineage struct {
	left, made []string
	index      map[string]int // by pod: its index in left
}

// lineages holds the lineages of a course, by group, and what happened to each pod.
type lineages struct {
	groups map[string]*lineage
	went   map[string]int    // by group and pod: when it left, in ticks
	bound  map[string]string // likewise: the first node it was bound to
	ready  map[string]int    // likewise: the first tick when it was available
	unfit  map[string]string // likewise: why it was not bound
	sets   map[out]string    // the ReplicaSets of pods that existed before
}

// groupOf returns the controller that creates the pods of an event: a Deployment or a
// ReplicaSet. It is found by the pod's owner, or by the name of a pod that the
// controller created.
func (x *lineages) groupOf(e *rollout.Event) string {
	if strings.HasPrefix(e.Key, kube.DeploymentKind) {
		return e.Key
	}
	name, ok := x.sets[out{e.Node, e.Pod}]
	if !ok {
		name = e.Pod[:max(0, strings.LastIndexByte(e.Pod, '-'))]
	}
	return "replicaset/" + name
}

func (c *course) lineages(before *snapshot.Snapshot) *lineages {
	x := &lineages{map[string]*lineage{}, map[string]int{}, map[string]string{}, map[string]int{}, map[string]string{}, map[out]string{}}
	for _, pod := range before.Pods() {
		if ref := kube.ControllerOf(pod, "ReplicaSet"); ref != nil {
			x.sets[out{pod.Spec.NodeName, pod.Name}] = ref.Name
		}
	}
	delayed := map[string]bool{} // groups whose pods are available some time after they are ready
	for _, d := range borrow.From(c.cluster()).Deployments() {
		delayed[kube.DeploymentKey(kube.Key(d))] = d.Spec.MinReadySeconds > 0
	}
	for _, rs := range borrow.From(c.cluster()).ReplicaSets() {
		if kube.ControllerOf(rs, "Deployment") == nil {
			delayed["replicaset/"+rs.Name] = rs.Spec.MinReadySeconds > 0
		}
	}
	for i := range c.trace {
		if e := &c.trace[i]; !ofDaemonSet(e) && e.Pod != "" {
			x.see(e, delayed)
		}
	}
	return x
}

func (x *lineages) see(e *rollout.Event, delayed map[string]bool) {
	group := x.groupOf(e)
	g := x.groups[group]
	if g == nil {
		g = &lineage{index: map[string]int{}}
		x.groups[group] = g
	}
	id := group + "/" + e.Pod
	switch {
	case e.Kind == rollout.EventCreated:
		g.made = append(g.made, e.Pod)
	case leaves(e.Kind) || e.Kind == rollout.EventFailed:
		if _, already := g.index[e.Pod]; !already {
			g.index[e.Pod], x.went[id] = len(g.left), e.Tick
			g.left = append(g.left, e.Pod)
		}
	case e.Kind == rollout.EventBound:
		if x.bound[id] == "" {
			x.bound[id] = e.Node
		}
	case e.Kind == rollout.EventUnschedulable:
		x.unfit[id] = e.Why()
	case e.Kind == rollout.EventAvailable || e.Kind == rollout.EventReady && !delayed[group]:
		if _, already := x.ready[id]; !already {
			x.ready[id] = e.Tick
		}
	}
}

// follow records what replaced a displaced pod. It skips replacements that left before
// they were available.
func (x *lineages) follow(l *displacedPod, left rollout.Event, s *search) {
	group := x.groupOf(&left)
	g := x.groups[group]
	if g == nil {
		return
	}
	for pod := l.pod.Name; ; {
		i, went := g.index[pod]
		if !went || i >= len(g.made) {
			return
		}
		pod = g.made[i]
		id := group + "/" + pod
		l.Successor, l.NewNode, l.Unschedulable, l.Missing = pod, x.bound[id], "", nil
		if at, ok := x.ready[id]; ok {
			missing := time.Duration(max(0, at-left.Tick)) * s.plan.tick()
			l.Missing = &missing
			return
		}
		if l.NewNode == "" {
			l.Unschedulable = cmp.Or(x.unfit[id], "it is not bound")
		}
	}
}

// standIn lets the owners that the simulation does not know create the same pods again
// once everything has settled, each through its own ReplicaSet, and records where they
// are bound.
func (s *search) standIn() {
	var sets []runtime.Object
	var all []*displacedPod
	waiting := map[string]*displacedPod{} // by namespace and ReplicaSet
	for i, l := range s.found {
		if l.Owner == "" || l.Disposition == DispositionWithoutNode || l.Successor != "" || s.simulated(l.pod) {
			continue
		}
		rs := standIn(l.pod, i)
		sets, all, waiting[kube.Key(rs)] = append(sets, rs), append(all, l), l
	}
	if len(sets) == 0 {
		return
	}
	c, err := s.course.cluster().With(sets...)
	if err != nil {
		return // cannot happen: the names are free
	}
	sim, err := s.plan.base.config.simulation(c)
	if err != nil {
		return // cannot happen: the cluster was simulated
	}
	sim.Advance(2) // they are created and bound in the first; preempted pods may go later
	c = sim.Cluster()
	for _, pod := range borrow.From(c).Pods() {
		ref := kube.ControllerOf(pod, "ReplicaSet")
		if ref == nil {
			continue
		}
		if l := waiting[pod.Namespace+"/"+ref.Name]; l != nil {
			l.NewNode = pod.Spec.NodeName
		}
	}
	for _, l := range all {
		if w, err := placement.ForPod(recreatedPod(l.pod), placement.Unvalidated()); l.NewNode == "" && err == nil {
			l.Unschedulable = w.Predict(c).String()
		}
	}
}

// standInLabel distinguishes the pods of different stand-ins.
const standInLabel = "berth/stand-in"

// standIn returns a ReplicaSet that creates the pod again.
func standIn(pod *corev1.Pod, number int) *appsv1.ReplicaSet {
	again, one, id := recreatedPod(pod), int32(1), strconv.Itoa(number)
	labels := map[string]string{standInLabel: id}
	maps.Copy(labels, pod.Labels)
	return cluster.Default(&appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: "stand-in." + id, UID: types.UID(standInLabel + "/" + id)},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{standInLabel: id}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: pod.Annotations}, Spec: again.Spec},
		},
	})
}

// simulated reports whether the simulation has the pod's owner: a ReplicaSet of the
// cluster.
func (s *search) simulated(pod *corev1.Pod) bool {
	ref := kube.ControllerOf(pod, "ReplicaSet")
	if ref == nil {
		return false
	}
	_, there := borrow.From(s.plan.Before()).ReplicaSet(pod.Namespace, ref.Name)
	return there
}

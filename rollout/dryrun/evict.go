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
	"github.com/berthsim/berth/internal/enum"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Disposition is what a plan does to a pod that no DaemonSet owns.
type Disposition uint8

const (
	DispositionEvicted     Disposition = iota // by a NoExecute taint (pkg/controller/tainteviction/taint_eviction.go: processPodOnNode), or by a drain
	DispositionPreempted                      // by the scheduler, to make room for a DaemonSet's pod of higher priority (pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go: PostFilter)
	DispositionRemoved                        // with its node or its owner, or by who makes the edits
	DispositionWithoutNode                    // it stays, but would not be let onto its node again
)

var dispositionNames = enum.Of[Disposition]("Evicted", "Preempted", "Removed", "WithoutNode")

// String is the fate in a word.
func (f Disposition) String() string { return dispositionNames.String(f) }

func (f Disposition) words() string {
	if f == DispositionWithoutNode {
		return "without a node"
	}
	return strings.ToLower(f.String())
}

// MarshalText makes a fate its word in JSON.
func (f Disposition) MarshalText() ([]byte, error) { return dispositionNames.MarshalText(f) }

// UnmarshalText reads the word of a fate.
func (f *Disposition) UnmarshalText(text []byte) error {
	return dispositionNames.UnmarshalText(f, text)
}

// Eviction is a pod that no DaemonSet owns, and what a plan does to it.
type Eviction struct {
	Pod         string        `json:"pod"` // namespace/name
	Node        string        `json:"node"`
	Disposition Disposition   `json:"disposition"`
	After       time.Duration `json:"after,omitempty"` // ns from the edits until it goes
	Cause       string        `json:"cause"`           // the taint, for which pod it makes room, or what keeps it off its node
	Owner       string        `json:"owner,omitempty"` // "ReplicaSet web-5d4f": who makes a new one; empty: nobody
	// Successor is the pod that its ReplicaSet made in its place, by name. It is empty if
	// there is none, or if the simulation does not know the owner: a StatefulSet, a Job, or
	// one that is not in the cluster that was given.
	Successor string `json:"successor,omitempty"`
	// NewNode is the node to which the scheduler bound the successor; without one, the node
	// that takes the same pod once everything has settled, all such pods together. Nowhere
	// is why there is none, in kube-scheduler's words.
	NewNode       string `json:"newNode,omitempty"`
	Unschedulable string `json:"unschedulable,omitempty"`
	// Missing is how long it took from its going until the successor was available; nil if
	// it never was, or is not known to be.
	Missing *time.Duration `json:"missing,omitempty"`
}

// String is the pod and what becomes of it in one line.
func (e Eviction) String() string {
	s := fmt.Sprintf("%s on %s: %s", e.Pod, e.Node, e.Disposition.words())
	if e.After > 0 {
		s += fmt.Sprintf(" after %v", e.After)
	}
	return s + ": " + e.Cause + e.next()
}

// next is what comes in the pod's place.
func (e Eviction) next() string {
	switch {
	case e.Owner == "" && e.Disposition != DispositionWithoutNode:
		return "; nothing makes it anew"
	case e.Successor != "" && e.NewNode == "":
		return fmt.Sprintf("; %s takes its place, on no node: %s", e.Successor, e.Unschedulable)
	case e.Successor != "" && e.Missing == nil:
		return fmt.Sprintf("; %s takes its place on %s, and is not available", e.Successor, e.NewNode)
	case e.Successor != "":
		return fmt.Sprintf("; %s takes its place on %s, available %v later", e.Successor, e.NewNode, *e.Missing)
	case e.Unschedulable != "":
		return "; no node takes it again: " + e.Unschedulable
	case e.NewNode != "":
		return "; would fit on " + e.NewNode
	case e.Disposition != DispositionWithoutNode:
		return "; nothing takes its place"
	}
	return ""
}

// Evictions returns the pods that no DaemonSet owns and to which the plan does
// something that would not happen without it, ascending by pod: those that go, and
// those on edited nodes that stay but would not be let onto them again. What becomes of
// the pods that their owners make in place of those that go is read off the simulation.
// Owners that it does not know are taken to make the same pods again once everything
// has settled. Pods that the kubelet runs by itself (mirror pods), and those that a
// Deployment replaces or scales down by itself, are left out.
//
// It runs the simulation; a stranded pod costs a prediction.
func (p *Plan) Evictions() []Eviction {
	p = p.orNothing()
	return p.evict()
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

// search looks for pods that go and what takes their place.
type search struct {
	plan   *Plan
	course *course
	left   map[out]rollout.Event
	found  []*displacedPod
}

// displacedPod is a pod that goes or is stranded.
type displacedPod struct {
	Eviction
	pod *corev1.Pod
}

// out is where a pod is when something happens to it.
type out struct{ node, pod string }

func (s *search) collect() {
	would := s.plan.base.baseline().leaving()
	b, after := s.plan.Before().Borrow(), s.plan.After().Borrow()
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
				s.add(pod, fateOf(e), why(e, still), time.Duration(e.Tick-s.course.start-1)*s.plan.tick())
			case goes:
			case s.gone(pod):
				s.add(pod, DispositionRemoved, "its owner is deleted", 0)
			case still && now != node:
				s.leaveUnplaced(pod, node, now)
			}
		}
	}
}

// gone reports whether the edits themselves take the pod out of the cluster.
func (s *search) gone(pod *corev1.Pod) bool {
	_, there := s.plan.start.Borrow().Pod(pod.Namespace, pod.Name)
	return !there
}

func (p *Plan) tick() time.Duration { return p.base.sim.Config().Tick }

// leaving returns for each pod of no DaemonSet, by where it was, the event that took it
// away.
func (c *course) leaving() map[out]rollout.Event {
	gone := map[out]rollout.Event{}
	for i := range c.trace {
		e := &c.trace[i]
		if e.Key == "" && leaves(e.Kind) {
			if _, already := gone[out{e.Node, e.Pod}]; !already {
				gone[out{e.Node, e.Pod}] = *e
			}
		}
	}
	return gone
}

// leaves reports whether an event takes a pod away, or sends it on its way.
func leaves(k rollout.EventKind) bool {
	switch k {
	case rollout.EventEvicted, rollout.EventPreempted, rollout.EventDeletedByUser, rollout.EventGarbageCollected, rollout.EventDeleted:
		return true
	}
	return false
}

func fateOf(e rollout.Event) Disposition {
	switch e.Kind {
	case rollout.EventPreempted:
		return DispositionPreempted
	case rollout.EventEvicted:
		return DispositionEvicted
	}
	return DispositionRemoved
}

// why names the taints that the pod does not tolerate for ever, the pod that it makes
// room for, or who takes it away.
func why(e rollout.Event, nodeStays bool) string {
	switch {
	case e.Kind == rollout.EventDeletedByUser && e.Why.Reason == 0:
		return "the pod is deleted"
	case e.Kind == rollout.EventGarbageCollected && !nodeStays:
		return "the node is removed"
	case e.Why != rollout.Why{}:
		return e.Why.String()
	}
	return fmt.Sprint(e.Kind)
}

func over(pod *corev1.Pod) bool {
	return kube.IsTerminal(pod.Status.Phase) || pod.DeletionTimestamp != nil
}

func (s *search) add(pod *corev1.Pod, fate Disposition, why string, after time.Duration) {
	e := Eviction{Pod: keyOf(pod), Node: pod.Spec.NodeName, Disposition: fate, Cause: why, After: after}
	if ref := metav1.GetControllerOfNoCopy(pod); ref != nil {
		e.Owner = ref.Kind + " " + ref.Name
	}
	s.found = append(s.found, &displacedPod{e, pod})
}

// leaveUnplaced notes a pod that its node let in and, as it is now, would not, and a node that
// would take it once everything has settled.
func (s *search) leaveUnplaced(pod *corev1.Pod, was, now *corev1.Node) {
	w, err := placement.ForPod(anew(pod), placement.Unvalidated())
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
		e.NewNode = cmp.Or(first(p.Best().And(open)), first(open))
		return
	}
	e.Unschedulable = p.String()
}

// first returns the first name of a set; empty if there is none.
func first(set cluster.NodeSet) string {
	for n := range set.All() {
		return n.Name
	}
	return ""
}

// anew is the pod as its owner would make it again.
func anew(pod *corev1.Pod) *corev1.Pod {
	again := pod.DeepCopy()
	again.Spec.NodeName = ""
	again.Status = corev1.PodStatus{}
	return again
}

// succeed finds the successors that the simulation made.
func (s *search) succeed() {
	lines := s.course.lineages(s.plan.Before().Borrow())
	for _, l := range s.found {
		if e := s.left[out{l.Node, l.pod.Name}]; l.Disposition != DispositionWithoutNode {
			lines.follow(l, e, s)
		}
	}
}

// lineage is what one controller of a Deployment's or ReplicaSet's pods did: which pods
// left and which it made, in the order of the events. The n-th that was made takes the
// place of the n-th that left.
type lineage struct {
	left, made []string
	index      map[string]int // by pod: its place in left
}

// lineages are the lineages of a course, by group, and what became of each pod.
type lineages struct {
	groups map[string]*lineage
	went   map[string]int    // by group and pod: the tick in which it left
	bound  map[string]string // likewise: the node to which it was bound first
	ready  map[string]int    // likewise: the tick in which it was available first
	unfit  map[string]string // likewise: why it was bound nowhere
	sets   map[out]string    // the ReplicaSets of pods that were there before
}

// groupOf names who makes the pods of an event: a Deployment, or a ReplicaSet, which the
// pod itself tells, or the name of one that it has made.
func (x *lineages) groupOf(e *rollout.Event) string {
	if e.Deployment != "" {
		return deploymentKey(e.Deployment)
	}
	name, ok := x.sets[out{e.Node, e.Pod}]
	if !ok {
		name = e.Pod[:max(0, strings.LastIndexByte(e.Pod, '-'))]
	}
	return "replicaset/" + name
}

func (c *course) lineages(before cluster.Borrowed) *lineages {
	x := &lineages{map[string]*lineage{}, map[string]int{}, map[string]string{}, map[string]int{}, map[string]string{}, map[out]string{}}
	for _, pod := range before.Pods() {
		if ref := kube.ControllerOf(pod, "ReplicaSet"); ref != nil {
			x.sets[out{pod.Spec.NodeName, pod.Name}] = ref.Name
		}
	}
	delayed := map[string]bool{} // groups whose pods are available some time after they are ready
	for _, d := range c.cluster().Borrow().Deployments() {
		delayed[deploymentKey(keyOf(d))] = d.Spec.MinReadySeconds > 0
	}
	for _, rs := range c.cluster().Borrow().ReplicaSets() {
		if kube.ControllerOf(rs, "Deployment") == nil {
			delayed["replicaset/"+rs.Name] = rs.Spec.MinReadySeconds > 0
		}
	}
	for i := range c.trace {
		if e := &c.trace[i]; e.Key == "" && e.Pod != "" {
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
		x.unfit[id] = e.Why.String()
	case e.Kind == rollout.EventAvailable || e.Kind == rollout.EventReady && !delayed[group]:
		if _, already := x.ready[id]; !already {
			x.ready[id] = e.Tick
		}
	}
}

// follow tells the leaver what took its place, passing over pods that left before they
// were available.
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

// standIn has those owners that the simulation does not know make the same pods again,
// once everything has settled, and reads off where they are bound: each by a ReplicaSet
// of its own.
func (s *search) standIn() {
	var sets []runtime.Object
	var all []*displacedPod
	waiting := map[string]*displacedPod{} // by namespace and ReplicaSet
	for i, l := range s.found {
		if l.Owner == "" || l.Disposition == DispositionWithoutNode || l.Successor != "" || s.simulated(l.pod) {
			continue
		}
		rs := standIn(l.pod, i)
		sets, all, waiting[keyOf(rs)] = append(sets, rs), append(all, l), l
	}
	if len(sets) == 0 {
		return
	}
	c, err := s.course.cluster().With(sets...)
	if err != nil {
		return // cannot be: the names are free
	}
	sim, err := s.plan.base.config.simulation(c)
	if err != nil {
		return // cannot be: the cluster was simulated
	}
	sim.Advance(2) // they are created and bound in the first; what makes room may go later
	c = sim.Cluster()
	for _, pod := range c.Borrow().Pods() {
		ref := kube.ControllerOf(pod, "ReplicaSet")
		if ref == nil {
			continue
		}
		if l := waiting[pod.Namespace+"/"+ref.Name]; l != nil {
			l.NewNode = pod.Spec.NodeName
		}
	}
	for _, l := range all {
		if w, err := placement.ForPod(anew(l.pod), placement.Unvalidated()); l.NewNode == "" && err == nil {
			l.Unschedulable = w.Predict(c).String()
		}
	}
}

// standInLabel tells the pods of one stand-in from those of others.
const standInLabel = "berth/stand-in"

// standIn returns a ReplicaSet that makes the pod again.
func standIn(pod *corev1.Pod, number int) *appsv1.ReplicaSet {
	again, one, id := anew(pod), int32(1), strconv.Itoa(number)
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

// simulated reports whether the pod's owner is one that the simulation has: a ReplicaSet
// of the cluster.
func (s *search) simulated(pod *corev1.Pod) bool {
	ref := kube.ControllerOf(pod, "ReplicaSet")
	if ref == nil {
		return false
	}
	_, there := s.plan.Before().Borrow().ReplicaSet(pod.Namespace, ref.Name)
	return there
}

package dryrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/enum"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Disposition is what a plan does to a pod that no DaemonSet owns.
type Disposition uint8

const (
	DispositionEvicted     Disposition = iota // by a NoExecute taint (pkg/controller/tainteviction/taint_eviction.go: processPodOnNode)
	DispositionPreempted                      // by the scheduler, to make room for a DaemonSet's pod of higher priority (pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go: PostFilter)
	DispositionRemoved                        // with its node, or by who makes the edits
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
	After       time.Duration `json:"after,omitempty"` // ns from the edits, as far as its tolerationSeconds go
	Cause       string        `json:"cause"`           // the taint, for which pod it makes room, or what keeps it off its node
	Owner       string        `json:"owner,omitempty"` // "ReplicaSet web-5d4f": who makes a new one; empty: nobody
	// NewNode is a node that would take it, or the one made in its place; Nowhere says
	// why there is none, in kube-scheduler's words.
	NewNode       string `json:"newNode,omitempty"`
	Unschedulable string `json:"unschedulable,omitempty"`
}

// String is the pod and what becomes of it in one line.
func (e Eviction) String() string {
	s := fmt.Sprintf("%s on %s: %s", e.Pod, e.Node, e.Disposition.words())
	if e.After > 0 {
		s += fmt.Sprintf(" after %v", e.After)
	}
	s += ": " + e.Cause
	switch {
	case e.Owner == "" && e.Disposition != DispositionWithoutNode:
		s += "; nothing makes it anew"
	case e.Unschedulable != "":
		s += "; no node takes it again: " + e.Unschedulable
	case e.NewNode != "":
		s += "; would fit on " + e.NewNode
	}
	return s
}

// Evictions gives the pods that no DaemonSet owns and to which the plan does
// something, ascending by pod: those that go, and those on edited nodes that stay
// but would not be let onto them again. Where those that go would fit again is tried
// one after the other, the most important first, each counted where it went: on the
// best node for it as they were, or else the first by name, so that it is a guess
// where the scheduler has a choice, but not whether there is room. Pods that the
// kubelet runs by itself (mirror pods) are left out.
//
// It runs the simulation; a pod costs a prediction.
func (p *Plan) Evictions() []Eviction {
	p = p.orNothing()
	return p.evict()
}

func (p *Plan) findEvictions() []Eviction {
	s := &search{plan: p, room: placement.NewRoom(p.After())}
	s.collect()
	s.bind()
	s.placeOrLeave()
	slices.SortFunc(s.found, func(a, b *displacedPod) int { return cmp.Compare(a.Pod, b.Pod) })
	all := make([]Eviction, len(s.found))
	for i, l := range s.found {
		all[i] = l.Eviction
	}
	return all
}

// search looks for pods that go and where they could come to.
type search struct {
	plan  *Plan
	room  *placement.Room // of the nodes after, with what left and what came
	found []*displacedPod
}

// displacedPod is a pod that goes or is stranded.
type displacedPod struct {
	Eviction
	pod *corev1.Pod
}

// out is where a pod is when something happens to it.
type out struct{ node, pod string }

func (s *search) collect() {
	events := s.plan.course().leaving()
	b, after := s.plan.Before().Borrow(), s.plan.After().Borrow()
	for i := range b.Len() {
		node := b.At(i)
		now, still := after.Node(node.Name)
		for _, pod := range b.PodsOn(i) {
			if kube.ControllerOf(pod, "DaemonSet") != nil || kube.IsMirror(pod) || over(pod) {
				continue
			}
			_, there := after.Pod(pod.Namespace, pod.Name)
			e, goes := events[out{node.Name, pod.Name}]
			switch {
			case !there:
				s.add(pod, DispositionRemoved, "the pod is deleted", 0)
			case !still:
				s.add(pod, DispositionRemoved, "the node is removed", 0)
			case goes:
				s.add(pod, dispositionOf(e), why(e), time.Duration(e.Tick-s.plan.course().start-1)*s.plan.tick())
			case now != node:
				s.leaveUnplaced(pod, node, now)
			}
		}
	}
	for _, l := range s.found {
		if i, ok := after.Position(l.Node); ok && (l.Disposition == DispositionEvicted || l.Disposition == DispositionPreempted) {
			s.room.Remove(placement.LoadOf(l.pod), i)
		}
	}
}

// bind counts the pods of DaemonSets that go out of the room, and those that come in.
func (s *search) bind() {
	c, after := s.plan.course(), s.plan.After().Borrow()
	for _, e := range s.plan.whole() {
		had, has := podNames(c.before[e.Key]), podNames(c.after[e.Key])
		namespace, _, _ := strings.Cut(e.Key, "/")
		for _, p := range c.before[e.Key] {
			pod, there := after.Pod(namespace, p.Name)
			if i, ok := after.Position(p.Node); ok && there && !has[p.Name] && !over(pod) {
				s.room.Remove(placement.LoadOf(pod), i)
			}
		}
		for _, p := range c.after[e.Key] {
			if i, ok := after.Position(p.Node); ok && p.Bound && !had[p.Name] {
				s.room.Add(e.after.workload.Load(), i)
			}
		}
	}
}

func podNames(pods []rollout.Pod) map[string]bool {
	names := map[string]bool{}
	for _, p := range pods {
		names[p.Name] = true
	}
	return names
}

func (p *Plan) tick() time.Duration { return p.base.sim.Config().Tick }

// leaving gives the events that take pods of no DaemonSet away, by where they were.
func (c *course) leaving() map[out]rollout.Event {
	gone := map[out]rollout.Event{}
	for _, e := range c.trace {
		if e.Key == "" && (e.Kind == rollout.EventEvicted || e.Kind == rollout.EventPreempted || e.Kind == rollout.EventDeletedByUser) {
			gone[out{e.Node, e.Pod}] = e
		}
	}
	return gone
}

func dispositionOf(e rollout.Event) Disposition {
	if e.Kind == rollout.EventPreempted {
		return DispositionPreempted
	}
	return DispositionEvicted
}

// why names the taints that the pod does not tolerate for ever, or the pod that it
// makes room for.
func why(e rollout.Event) string {
	if e.Why.Detail != "" {
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

// leaveUnplaced notes a pod that its node let in and, as it is now, would not.
func (s *search) leaveUnplaced(pod *corev1.Pod, was, now *corev1.Node) {
	w, err := placement.ForPod(anew(pod), placement.Unvalidated())
	if err != nil || w.Check(was).Decision == placement.Excluded {
		return
	}
	if v := w.Check(now); v.Decision == placement.Excluded {
		s.add(pod, DispositionWithoutNode, fmt.Sprint(v.Reasons[0]), 0)
	}
}

// anew is the pod as its owner would make it again.
func anew(pod *corev1.Pod) *corev1.Pod {
	again := pod.DeepCopy()
	again.Spec.NodeName = ""
	again.Status = corev1.PodStatus{}
	return again
}

// placeOrLeave tries to find a node for each: for pods that go the most important first,
// then, beside all of them, for those that stay.
func (s *search) placeOrLeave() {
	classes := s.plan.After().Borrow()
	slices.SortFunc(s.found, func(a, b *displacedPod) int {
		return cmp.Or(
			cmp.Compare(min(a.Disposition, DispositionWithoutNode)/DispositionWithoutNode, min(b.Disposition, DispositionWithoutNode)/DispositionWithoutNode),
			-cmp.Compare(kube.Priority(&a.pod.Spec, classes), kube.Priority(&b.pod.Spec, classes)), cmp.Compare(a.Pod, b.Pod))
	})
	for _, l := range s.found {
		if l.Owner == "" && l.Disposition != DispositionWithoutNode {
			continue
		}
		s.place(l)
	}
}

func (s *search) place(l *displacedPod) {
	w, err := placement.ForPod(anew(l.pod), placement.Unvalidated())
	if err != nil {
		l.Unschedulable = err.Error()
		return
	}
	p := w.Predict(s.plan.After())
	b := s.plan.After().Borrow()
	for _, set := range []cluster.NodeSet{p.Best(), p.Eligible()} {
		for _, name := range set.Names() {
			i, _ := b.Position(name)
			if name == l.Node && l.Disposition != DispositionWithoutNode || !s.room.Fits(w, i) {
				continue
			}
			if l.NewNode = name; l.Disposition != DispositionWithoutNode {
				s.room.Add(w.Load(), i)
			}
			return
		}
	}
	l.Unschedulable = p.String()
	if p.Placed().Len() > 0 {
		l.Unschedulable = strings.TrimSuffix(l.Unschedulable, ".") + ", but pods that come there take that room"
	}
}

package controllers

import (
	"cmp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/rollout/rollouttest"
)

// Beside is the real DaemonSet controller in the form that rollouttest asks for: it gets
// objects and returns what it would do. Nothing is done; the effects are in the objects
// that it gets next.
type Beside struct{ controller *controller }

// NewBeside makes a controller that has not seen anything.
func NewBeside() (*Beside, error) {
	c, err := newController(newServer(oldestFirst), Options{})
	return &Beside{c}, err
}

// oldestFirst has the controller find pods in the order in which they are shown: of
// several failed pods on a node it deletes the first that it finds.
func oldestFirst(objects []any) {
	slices.SortFunc(objects, func(a, b any) int {
		p, isPod := a.(*corev1.Pod)
		q, arePods := b.(*corev1.Pod)
		if !isPod || !arePods {
			return strings.Compare(keyOf(a.(object)), keyOf(b.(object)))
		}
		bound := func(p *corev1.Pod) int { return min(1, len(p.Spec.NodeName)) }
		return cmp.Or(bound(q)-bound(p), p.CreationTimestamp.Compare(q.CreationTimestamp.Time), strings.Compare(p.Name, q.Name))
	})
}

// Stop ends what the controller has started.
func (b *Beside) Stop() { b.controller.stop() }

// Sync shows the controller what there is, by watch events, and syncs once.
func (b *Beside) Sync(seen rollouttest.Observation) rollouttest.Actions {
	s := b.controller.server
	s.now = seen.Now
	b.controller.clock.SetTime(seen.Now)
	show(s, s.nodes, seen.Nodes)
	show(s, s.daemonSets, []*appsv1.DaemonSet{seen.DaemonSet})
	show(s, s.revisions, seen.Revisions)
	show(s, s.pods, seen.Pods)
	o := b.controller.attempt(key(seen.DaemonSet))
	s.pretend(o.writes)
	var acts rollouttest.Actions
	for _, w := range o.writes {
		pod, ok := w.object.(*corev1.Pod)
		switch {
		case ok && w.verb == "create":
			acts.Create = append(acts.Create, targetNode(pod))
		case ok && w.verb == "delete":
			acts.Delete = append(acts.Delete, pod.Name)
		}
	}
	return acts
}

// show makes the objects all that there are of their kind.
func show[T object](s *server, to *store[T], objects []T) {
	now := map[string]bool{}
	for _, o := range objects {
		now[keyOf(o)] = true
		old, known := to.get(keyOf(o))
		if known {
			o.SetResourceVersion(old.GetResourceVersion())
			if equality.Semantic.DeepEqual(old, o) {
				continue
			}
		}
		o.SetResourceVersion(s.nextVersion())
		to.put(o)
	}
	for _, o := range to.list() {
		if !now[keyOf(o)] {
			s.nextVersion()
			to.remove(o)
		}
	}
}

package rollout

import (
	"cmp"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/placement"
)

// none stands for no pod, no node, no DaemonSet, no tick.
const none int32 = -1

// stamp is a moment: whole seconds since tick 0, negative before it.
type stamp = int32

// never is later than every moment.
const never stamp = math.MaxInt32

// pod is one pod. Pods live in one slice without pointers, so that a fork
// copies them at once; what pods of one template share is in their class.
type pod struct {
	node    int32 // slot of the node that it runs on or is aimed at, or none
	owner   int32 // slot of its DaemonSet, or none
	set     int32 // slot of its ReplicaSet, or none
	next    int32 // the next pod of the same DaemonSet, or of none, on the node, or the next free one
	class   int32
	name    int32 // a serial number, or ^i of Sim.named
	created stamp
	since   stamp // see boundAt, startedAt, ...
	readied stamp // last transition of readiness
	grace   stamp // that its deletion gives it, or none: its own
	evict   stamp // when a NoExecute taint turns it out, or never
	due     int32 // tick of its next move, or none
	phase   phase
	reason  uint8 // why it failed, or did not run in a dump: a number of Sim.reasons, from 1
	flags   podFlags
}

type phase uint8

const (
	vacant phase = iota // a free place
	pending
	running
	failed
	succeeded
)

var phases = [...]corev1.PodPhase{"", corev1.PodPending, corev1.PodRunning, corev1.PodFailed, corev1.PodSucceeded}

type podFlags uint16

const (
	bound podFlags = 1 << iota
	isReady
	terminating
	stays     // a dump showed that what was due had not happened: it does not happen by itself
	orphan    // no controller: the first DaemonSet whose selector matches adopts it
	tried     // by the scheduler, in vain
	loops     // its container ends again and again
	crashed   // and has once
	frozen    // its kubelet is gone
	nominated // to its node: others make room for it
	preempted // it makes room for one
	pulls     // its image cannot be pulled
)

// The word since is the moment from which the next move of a pod counts. Which
// moment that is follows from the pod's state, so a reader names the one it means:
//
//	pending                 it was created, or bound
//	pending, pulls          its image could not be pulled for the first time
//	running                 it started
//	running, loops          its container started for the first time in the crash loop
//	running, loops, frozen  its container started for the last time before its kubelet was gone
//	failed, succeeded       it ended
//	terminating             it was deleted, whatever its phase
//
// A state ends before the next one needs the word, so a word for each would be
// copied by every fork and mostly be empty.
func (p *pod) boundAt() stamp      { return p.since }
func (p *pod) pullFailedAt() stamp { return p.since }
func (p *pod) startedAt() stamp    { return p.since }
func (p *pod) loopStart() stamp    { return p.since }
func (p *pod) deletedAt() stamp    { return p.since }

func (p *pod) is(f podFlags) bool { return p.flags&f != 0 }
func (p *pod) terminal() bool     { return p.phase >= failed }

// gone says whether the controller overlooks the pod: terminal and on its way
// out (pkg/controller/daemon: getNodesToDaemonPods without includeDeletedTerminal).
func (p *pod) gone() bool { return p.terminal() && p.is(terminating) }

// live says whether the pod is neither terminal nor on its way out.
func (p *pod) live() bool { return !p.terminal() && !p.is(terminating) }

// class is what pods made of one template have in common. It does not change.
type class struct {
	namespace  string // of generated pods
	prefix     string // of their names
	hash       string // label controller-revision-hash
	generation string // label pod-template-generation
	labels     map[string]string
	containers []container             // init containers first
	grace      stamp                   // terminationGracePeriodSeconds
	tolerates  []corev1.Toleration     // of generated pods
	template   *corev1.PodTemplateSpec // of generated pods
	priority   int32
	cost       int32               // controller.kubernetes.io/pod-deletion-cost
	workload   *placement.Workload // what the scheduler asks; nil for pods that came bound
	load       *placement.Load     // what a generated pod takes
}

func newClass(prefix string, meta map[string]string, spec *corev1.PodSpec) *class {
	c := &class{
		prefix:     prefix,
		hash:       meta[hashLabel],
		generation: meta[generationLabel],
		labels:     meta,
		grace:      corev1.DefaultTerminationGracePeriodSeconds,
		tolerates:  withPatience(spec.Tolerations),
		containers: containersOf(spec),
	}
	if g := spec.TerminationGracePeriodSeconds; g != nil {
		c.grace = stamp(min(max(*g, 0), math.MaxInt32/2))
	}
	return c
}

// blank is a pod of which nothing is known: of no node, owner or time.
var blank = pod{
	node: none, owner: none, set: none, next: none,
	readied: never, grace: none, evict: never, due: none, phase: pending,
}

// newPod takes a free place for a pod that is made now.
func (s *Sim) newPod(class, name int32) (id int32, p *pod) {
	if id = s.free; id != none {
		s.free = s.pods[id].next
		s.pods[id] = blank
	} else {
		id = int32(len(s.pods))
		s.pods = append(s.pods, blank)
	}
	p = &s.pods[id]
	p.class, p.name, p.created, p.since = class, name, s.clock, s.clock
	return id, p
}

// head is where the list of a DaemonSet's pods on a node begins, or of those
// that no DaemonSet owns.
func (s *Sim) head(owner, node int32) *int32 {
	if owner == none {
		return &s.loose[node]
	}
	return &s.daemons[owner].head[node]
}

// link puts the pod into the list on its node: a DaemonSet's where the
// controller's order puts it, others in front. A pod that is aimed at no node is
// on no list.
func (s *Sim) link(id int32) {
	p := &s.pods[id]
	if p.node == none {
		return
	}
	at := s.head(p.owner, p.node)
	for p.owner != none && *at != none && s.before(*at, id) {
		at = &s.pods[*at].next
	}
	p.next, *at = *at, id
	if p.owner != none {
		s.live[p.class]++
		s.daemons[p.owner].touch(p.node)
	}
}

func (s *Sim) unlink(id int32) {
	p := &s.pods[id]
	if p.node == none {
		return
	}
	at := s.head(p.owner, p.node)
	for *at != id {
		at = &s.pods[*at].next
	}
	*at, p.next = p.next, none
	if p.owner != none {
		s.live[p.class]--
		s.daemons[p.owner].touch(p.node)
	}
}

// relink puts the pod where it belongs after its order has changed.
func (s *Sim) relink(id int32) {
	p := &s.pods[id]
	if p.node == none {
		return
	}
	if *s.head(p.owner, p.node) == id && p.next == none {
		s.changed(p)
		return
	}
	s.unlink(id)
	s.link(id)
}

// vanish removes the pod.
func (s *Sim) vanish(id int32) {
	if !s.pods[id].is(bound) {
		s.unbound = slices.DeleteFunc(s.unbound, func(other int32) bool { return other == id })
		s.freed = s.freed || s.pods[id].is(nominated) // the room kept for it (pkg/scheduler: deletePodFromSchedulingQueue)
	}
	s.unlink(id)
	s.leave(id)
	p := &s.pods[id]
	s.seat(p, false)
	delete(s.restarted, id)
	p.phase, p.due = vacant, none
	p.next, s.free = s.free, id
}

// setOwner hands the pod from one owner to another. Taints that it was left to a
// DaemonSet for may turn it out now.
func (s *Sim) setOwner(id, owner, class int32) {
	s.unlink(id)
	p := &s.pods[id]
	p.owner, p.class = owner, class
	p.flags &^= orphan
	if owner == none {
		p.flags |= orphan
	}
	s.link(id)
	s.expelPod(id)
	s.arm(id)
}

// changed has the pod's controller look at it again.
func (s *Sim) changed(p *pod) {
	switch {
	case p.set != none:
		s.sets.at[p.set].queued.add(stateChanged)
	case p.owner != none && p.node != none:
		s.daemons[p.owner].touch(p.node)
	}
}

// before is the controller's order of pods on a node: bound first, then the
// oldest, then by name (pkg/controller/daemon: podByCreationTimestampAndPhase).
func (s *Sim) before(a, b int32) bool { return s.compare(a, b) < 0 }

func (s *Sim) compare(a, b int32) int {
	p, q := &s.pods[a], &s.pods[b]
	if p.is(bound) != q.is(bound) {
		if p.is(bound) {
			return -1
		}
		return 1
	}
	if p.created != q.created {
		return cmp.Compare(p.created, q.created)
	}
	return s.compareNames(a, b)
}

func (s *Sim) compareNames(a, b int32) int {
	p, q := &s.pods[a], &s.pods[b]
	if p.class == q.class && p.name >= 0 && q.name >= 0 && max(p.name, q.name) < serials {
		return cmp.Compare(p.name, q.name)
	}
	return strings.Compare(s.podName(a), s.podName(b))
}

// scratch lends a list, which saves an allocation where none is out.
type scratch struct{ list []int32 }

func (c *scratch) take() []int32 {
	list := c.list[:0]
	c.list = nil
	return list
}

func (c *scratch) giveBack(list []int32) { c.list = list }

// inTurn orders pods for events: by node, the key of their controller, and as
// compare does.
func (s *Sim) inTurn(a, b int32) int {
	p, q := &s.pods[a], &s.pods[b]
	if p.node != q.node {
		return cmp.Compare(p.node, q.node)
	}
	if p.owner != q.owner || p.set != q.set {
		if c := strings.Compare(s.ownerKey(p), s.ownerKey(q)); c != 0 {
			return c
		}
	}
	return s.compare(a, b)
}

// ownerKey is the key of the pod's DaemonSet or Deployment.
func (s *Sim) ownerKey(p *pod) string {
	switch {
	case p.owner != none:
		return s.daemons[p.owner].key
	case p.set != none:
		return s.keyOfSet(s.sets.at[p.set])
	}
	return ""
}

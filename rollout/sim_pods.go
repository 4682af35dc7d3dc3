package rollout

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// podTable holds the pods, and what pods of one class share. Pods from a dump and
// classes do not change.
type podTable struct {
	pods    []pod
	free    int32       // the first free place
	loose   []int32     // by node: pods that no DaemonSet owns
	unbound []queuedPod // pods for the scheduler
	trying  []queuedPod // those that it tries in this moment

	classes []*class
	live    []int32 // by class: pods that a DaemonSet owns
	numbers []int64 // by class: number of their revision
	fresh   []bool  // by class: of the current revision

	named     []*corev1.Pod // adopted pods, as they were
	loads     []room.Load
	reasons   []string               // of pods, by number
	restarted map[int32]pastRestarts // pods that were in a crash loop
	ownReady  map[int32]simTime      // last transition of readiness of marked pods, for their kubelets

	podNames *nameCache
	byClass  *podsByClass
	scratch
}

func (t *podTable) fork() podTable {
	f := *t
	f.pods, f.loose, f.unbound = slices.Clone(t.pods), slices.Clone(t.loose), slices.Clone(t.unbound)
	f.classes, f.live = slices.Clone(t.classes), slices.Clone(t.live)
	f.numbers, f.fresh = slices.Clone(t.numbers), slices.Clone(t.fresh)
	f.restarted, f.ownReady = maps.Clone(t.restarted), maps.Clone(t.ownReady)
	f.podNames, f.byClass, f.scratch, f.trying = nil, nil, scratch{}, nil
	return f
}

// pastRestarts are the restarts of a pod in crash loops that are over. The struct
// is replaced, not changed.
type pastRestarts struct {
	counts []int32 // by container, without what a dump showed
	once   string  // the image of the containers that start once more, at time at
	at     simTime
}

// direct reports whether the pod names its node itself.
func (t *podTable) direct(p *pod) bool {
	template := t.classes[p.class].template
	return p.name >= 0 && template != nil && template.Spec.NodeName != ""
}

// intern returns the number of a reason; 0 is none. Reasons beyond the first 255
// are lost.
func (t *podTable) intern(reason string) uint8 {
	if reason == "" {
		return 0
	}
	i := slices.Index(t.reasons, reason)
	if i < 0 && len(t.reasons) < 255 {
		i = len(t.reasons)
		t.reasons = append(t.reasons[:i:i], reason)
	}
	return uint8(i + 1)
}

// inBackoff follows IsInBackOffSinceUpdate.
func (s *store) inBackoff(d *daemonSet, node int32) bool {
	return s.backoffEnds(d, node) > s.clock
}

// backoffEnds returns when the node's backoff is over. The time is not after now
// if the node is not in backoff.
func (s *store) backoffEnds(d *daemonSet, node int32) simTime {
	if d.backoffs == nil || d.backoffs[node].delay == 0 || d.backoffs[node].expired(s.clock) {
		return s.clock
	}
	return d.backoffs[node].last + d.backoffs[node].delay
}

// addClass adds a class of the DaemonSet's pods, or of pods that no DaemonSet
// owns.
func (t *podTable) addClass(d *daemonSet, c *class) int32 {
	id := int32(len(t.classes))
	t.classes = append(t.classes, c)
	t.live = append(t.live, 0)
	t.numbers, t.fresh = append(t.numbers, 0), append(t.fresh, false)
	if d != nil {
		t.numbers[id], t.fresh[id] = d.numberOf(c.hash), d.updated(c)
		d.classes = append(d.classes, id)
	}
	return id
}

// classLike returns the DaemonSet's class of pods like these but with another
// hash.
func (t *podTable) classLike(d *daemonSet, like *class, hash string) int32 {
	meta := maps.Clone(like.labels)
	if hash != "" {
		meta[hashLabel] = hash
	}
	for _, id := range d.classes {
		c := t.classes[id]
		if c.grace == like.grace && c.template == like.template && c.prefix == like.prefix && c.workload == like.workload &&
			slices.Equal(c.containers, like.containers) && maps.Equal(c.labels, meta) {
			return id
		}
	}
	made := *like
	made.labels, made.hash = meta, meta[hashLabel]
	return t.addClass(d, &made)
}

// namespace returns the pod's namespace.
func (t *podTable) namespace(p *pod) string { return t.classes[p.class].namespace }

// uidOf returns the pod's UID.
func (s *store) uidOf(id int32) types.UID {
	p := &s.pods[id]
	if p.name < 0 {
		return s.named[^p.name].UID
	}
	return uid(s.config.Seed, s.namespace(p), s.podName(id))
}

func (t *podTable) fullName(id int32) string { return t.namespace(&t.pods[id]) + "/" + t.podName(id) }

// isMirror reports whether the pod is a mirror pod, which the kubelet runs by
// itself.
func (t *podTable) isMirror(p *pod) bool {
	if p.name >= 0 {
		return false
	}
	return kube.IsMirror(t.named[^p.name])
}

// keepsData reports whether the pod has an emptyDir.
func (t *podTable) keepsData(p *pod) bool {
	var volumes []corev1.Volume
	if p.name < 0 {
		volumes = t.named[^p.name].Spec.Volumes
	} else if template := t.classes[p.class].template; template != nil {
		volumes = template.Spec.Volumes
	}
	return slices.ContainsFunc(volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil })
}

func (t *podTable) hasLivePods(d *daemonSet, hash string) bool {
	for _, c := range d.classes {
		if hash != "" && t.classes[c].hash == hash && t.live[c] > 0 {
			return true
		}
	}
	return false
}

// numberClasses keeps the number of the revision that each class of pods has, for events.
func (t *podTable) numberClasses(d *daemonSet) {
	for _, c := range d.classes {
		t.numbers[c] = d.numberOf(t.classes[c].hash)
	}
}

// podsOf lists the DaemonSet's pods, by node.
func (t *podTable) podsOf(d *daemonSet) []int32 {
	var all []int32
	for n := range d.head {
		for id := d.head[n]; id != none; id = t.pods[id].next {
			all = append(all, id)
		}
	}
	return all
}

// findPod returns the pod with the key, or none. It looks at every pod.
func (t *podTable) findPod(key string) int32 {
	namespace, name, _ := cutKey(key)
	for id := range t.pods {
		if p := &t.pods[id]; p.phase != vacant && t.namespace(p) == namespace && t.podName(int32(id)) == name {
			return int32(id)
		}
	}
	return none
}

// graceOf returns how long the pod may take to stop.
func (t *podTable) graceOf(p *pod) simTime {
	if p.grace != none {
		return p.grace
	}
	return t.classes[p.class].grace
}

// dueNow reports whether the pod has a move in this tick that is still to come. An
// input that arms the pod again must keep it.
func (s *store) dueNow(p *pod) bool { return p.due != none && p.due == s.now }

// availableAt returns when a ready pod has been ready for minReadySeconds.
func (s *store) availableAt(p *pod) (moment int64, ok bool) {
	minReady := simTime(0)
	switch {
	case p.readied == never:
		return 0, false
	case p.owner != none:
		minReady = s.daemonSets.at[p.owner].minReady
	case p.set != none && !p.is(terminating): // its controller does not count a terminating pod
		minReady = s.replicaSets.at[p.set].minReady()
	default:
		return 0, false
	}
	return int64(p.readied) + int64(minReady), true
}

// pod is one pod. Pods are in one slice without pointers, so that a fork copies
// them at once. What pods of one template share is in their class.
type pod struct {
	node    int32 // slot of the node that it runs on or is aimed at, or none
	owner   int32 // slot of its DaemonSet, or none
	set     int32 // slot of its ReplicaSet, or none
	next    int32 // the next pod of the same DaemonSet, or of none, on the node, or the next free one
	class   int32
	name    int32 // a serial number, or ^i of podTable.named
	created simTime
	since   simTime // see boundAt, startedAt, ...
	readied simTime // last transition of readiness
	grace   simTime // grace period of its deletion, or none for its own
	evict   simTime // when a NoExecute taint evicts it, or never
	due     int32   // tick of its next move, or none
	phase   phase
	reason  uint8 // why it failed, or did not run in a dump: a number of podTable.reasons, from 1
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
	tried     // by the scheduler, without success
	loops     // its container is in a crash loop
	crashed   // and has once
	frozen    // its kubelet is down
	nominated // to its node: others make room for it
	preempted // it makes room for one
	pulls     // its image cannot be pulled
	marked    // ready for its kubelet, but the node lifecycle controller made it not ready
)

// since is the moment from which the next move of a pod counts. Which moment that
// is follows from the pod's state, so each reader has the name of the one it
// means:
//
//	pending                 it was created, or bound, or its kubelet could start pods again
//	pending, pulls          its image could not be pulled for the first time
//	running                 it started
//	running, loops          its container started for the first time in the crash loop
//	running, loops, frozen  its container started for the last time before its kubelet was gone
//	failed, succeeded       it ended
//	terminating             it was deleted, whatever its phase
//
// A state ends before the next one needs the field. A field for each would be
// copied by every fork and mostly be empty.
func (p *pod) boundAt() simTime { return p.since }

func (p *pod) pullFailedAt() simTime { return p.since }

func (p *pod) startedAt() simTime { return p.since }

func (p *pod) loopStart() simTime { return p.since }

func (p *pod) deletedAt() simTime { return p.since }

func (p *pod) is(f podFlags) bool { return p.flags&f != 0 }

func (p *pod) terminal() bool { return p.phase >= failed }

// gone reports whether the controller ignores the pod: it is both terminal and
// terminating (pkg/controller/daemon/daemon_controller.go: getNodesToDaemonPods).
func (p *pod) gone() bool { return p.terminal() && p.is(terminating) }

// live reports whether the pod is neither terminal nor terminating.
func (p *pod) live() bool { return !p.terminal() && !p.is(terminating) }

// blank is a pod without node, owner and times.
var blank = pod{
	node: none, owner: none, set: none, next: none,
	readied: never, grace: none, evict: never, due: none, phase: pending,
}

// newPod takes a free place for a pod that is made now.
func (s *store) newPod(class, name int32) (id int32, p *pod) {
	if id = s.free; id != none {
		s.free = s.pods[id].next
		s.pods[id] = blank
	} else {
		id = int32(len(s.pods))
		s.pods = append(s.pods, blank)
	}
	p = &s.pods[id]
	p.class, p.name, p.created, p.since = class, name, s.clock, s.clock
	s.byClass.add(id, class)
	return id, p
}

// changed has the pod's controller look at it again.
func (s *store) changed(p *pod) {
	switch {
	case p.set != none:
		s.replicaSets.at[p.set].queued.add(stateChanged)
	case p.owner != none && p.node != none:
		s.daemonSets.at[p.owner].touch(p.node)
	}
}

// addSetClass adds a class of the ReplicaSet's pods.
func (s *store) addSetClass(rs *replicaSet, c *class) int32 {
	id := s.addClass(nil, c)
	rs.classes = append(rs.classes, id)
	s.numberSet(rs)
	return id
}

// appendActive appends the active pods: neither terminal nor terminating
// (pkg/controller/controller_utils.go: FilterActivePods).
func (t *podTable) appendActive(list []int32, rs *replicaSet) []int32 {
	for _, id := range rs.pods {
		if t.pods[id].live() {
			list = append(list, id)
		}
	}
	return list
}

// loadOf returns the load of the pod.
func (t *podTable) loadOf(p *pod) room.Load {
	if p.name < 0 {
		return t.loads[^p.name]
	}
	return t.classes[p.class].load
}

// tolerations returns the pod's tolerations. Admission adds the default ones to pods
// that are created; a pod that an API server has stored, which has a UID, keeps those
// that it has.
func (t *podTable) tolerations(p *pod) []corev1.Toleration {
	if p.name >= 0 {
		return t.classes[p.class].tolerates
	}
	stored := t.named[^p.name]
	if stored.UID != "" {
		return stored.Spec.Tolerations
	}
	return kube.WithDefaultTolerations(stored.Spec.Tolerations)
}

// excluded reports whether the pod's DaemonSet deletes it because its node is
// excluded.
func (s *store) excluded(p *pod) bool {
	return p.owner != none && s.daemonSets.at[p.owner].decision[p.node] == placement.Excluded
}

// evictTick returns the tick in which a NoExecute taint evicts the pod, or none.
func (s *store) evictTick(p *pod) int32 {
	if p.evict == never || p.is(terminating) || p.phase == vacant {
		return none
	}
	return s.tickOf(int64(p.evict))
}

// available follows Kubernetes (pkg/api/v1/pod/util.go: IsPodAvailable).
func (s *store) available(d *daemonSet, p *pod) bool { return s.availableFor(d.minReady, p) }

func (s *store) availableFor(minReady simTime, p *pod) bool {
	return p.is(isReady) && (minReady <= 0 || p.readied != never && int64(p.readied)+int64(minReady) <= int64(s.clock))
}

package rollout

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

// daemon is one DaemonSet with what the controller knows of it. Its object is
// shared between forks and never modified; the status is kept beside it.
type daemon struct {
	slot   int32
	key    string // namespace/name
	object *appsv1.DaemonSet
	status appsv1.DaemonSetStatus
	luck   uint64

	// What follows from the object.
	selector labels.Selector
	blind    bool // the selector is empty: the controller leaves the DaemonSet alone
	workload *placement.Workload
	decoded  *corev1.PodTemplateSpec // the template
	patch    []byte                  // of the template
	minReady stamp
	rolling  bool // strategy RollingUpdate
	surges   bool // pkg/controller/daemon/util: AllowsSurge
	scaled   scaled

	revisions []revision // ascending by name
	current   string     // name of the template's revision
	hash      string     // and its hash: pods that have it are new
	class     int32      // of pods that are made now, or none
	classes   []int32    // of all pods it has or had
	serial    int32      // last number given to a pod
	taken     []int32    // numbers that adopted pods have, ascending

	queued   syncReasons
	deleting bool // foreground deletion waits for the pods
	failure  string

	head     []int32
	decision []placement.Decision // Excluded where there is no node
	backoffs []backoff            // nil: none yet
	tally
}

// wants says whether a sync would find anything that the last one did not.
func (d *daemon) wants() bool {
	return d.stale || len(d.dirty) > 0 || d.queued.has(specChanged|ownersChanged)
}

func (d *daemon) generation() string {
	return d.object.Annotations[appsv1.DeprecatedTemplateGeneration]
}

// updated follows pkg/controller/daemon/util: IsPodUpdated.
func (d *daemon) updated(c *class) bool {
	if d.hash != "" && c.hash == d.hash {
		return true
	}
	g := d.generation()
	return g != "" && c.generation == g
}

// reference is the ownerReference of what belongs to the DaemonSet.
func (d *daemon) reference() *metav1.OwnerReference {
	return metav1.NewControllerRef(d.object, appsv1.SchemeGroupVersion.WithKind("DaemonSet"))
}

func keyOf(o metav1.Object) string { return kube.Key(o) }

// find gives the DaemonSet of a key, or nil.
func (s *Sim) find(key string) *daemon {
	i, ok := slices.BinarySearchFunc(s.order, key, func(slot int32, key string) int {
		return strings.Compare(s.daemons[slot].key, key)
	})
	if !ok {
		return nil
	}
	return s.daemons[s.order[i]]
}

// addDaemon gives a DaemonSet a slot; its object is still to be set.
func (s *Sim) addDaemon(object *appsv1.DaemonSet) *daemon {
	d := &daemon{
		key: keyOf(object), luck: kube.HashName(keyOf(object)), class: none,
		head:   slices.Repeat([]int32{none}, len(s.nodes)),
		tally:  newTally(len(s.nodes)),
		serial: s.serials[keyOf(object)],
	}
	d.slot = int32(slices.Index(s.daemons, nil))
	if d.slot == none {
		d.slot = int32(len(s.daemons))
		s.daemons = append(s.daemons, nil)
	}
	s.daemons[d.slot] = d
	i, _ := slices.BinarySearchFunc(s.order, d.key, func(slot int32, key string) int {
		return strings.Compare(s.daemons[slot].key, key)
	})
	s.order = slices.Insert(s.order, i, d.slot)
	return d
}

func (s *Sim) dropDaemon(d *daemon) {
	s.serials = maps.Clone(s.serials)
	if s.serials == nil {
		s.serials = map[string]int32{}
	}
	s.serials[d.key] = d.serial
	s.order = slices.DeleteFunc(s.order, func(slot int32) bool { return slot == d.slot })
	s.daemons[d.slot] = nil
}

// setObject makes everything that follows from the DaemonSet's object anew. Where
// its pods may run is judged again only if what decides that has changed.
func (s *Sim) setObject(d *daemon, object *appsv1.DaemonSet) error {
	selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
	if err != nil {
		return err
	}
	decoded := kube.DecodedTemplate(&object.Spec.Template)
	patch, err := templatePatch(decoded)
	if err != nil {
		return err
	}
	workload, err := placement.ForDaemonSet(object, placement.Unvalidated())
	if err != nil {
		return err
	}
	moved := d.object == nil || !samePlaces(&d.object.Spec.Template.Spec, &object.Spec.Template.Spec)
	if d.object == nil || !equality.Semantic.DeepEqual(d.object.Spec.Selector, object.Spec.Selector) {
		d.queued.add(ownersChanged)
	}
	d.object, d.selector, d.decoded, d.patch, d.workload = object, selector, decoded, patch, workload
	d.blind, d.minReady = selector.Empty(), object.Spec.MinReadySeconds
	d.rolling = object.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType
	one, err := d.maxSurge(1)
	d.surges = err == nil && one > 0
	d.queued.add(specChanged)
	d.stale, d.scaled = true, scaled{}
	if moved {
		s.decideAll(d)
		s.expelAll(d)
	}
	s.rearmAll(d)
	return nil
}

// samePlaces says whether two templates are let on the same nodes.
func samePlaces(a, b *corev1.PodSpec) bool {
	return a.NodeName == b.NodeName && a.HostNetwork == b.HostNetwork &&
		equality.Semantic.DeepEqual(a.NodeSelector, b.NodeSelector) &&
		equality.Semantic.DeepEqual(a.Affinity, b.Affinity) &&
		equality.Semantic.DeepEqual(a.Tolerations, b.Tolerations)
}

// rearmAll is for a change of minReadySeconds: pods become available at another time.
func (s *Sim) rearmAll(d *daemon) {
	for n := range d.head {
		s.rearm(d, int32(n))
	}
}

// newTemplateClass is what pods made now have in common
// (pkg/controller/daemon/util: CreatePodTemplate).
func (s *Sim) newTemplateClass(d *daemon) *class {
	template := &d.object.Spec.Template
	meta := maps.Clone(template.Labels)
	if meta == nil {
		meta = map[string]string{}
	}
	if g, err := strconv.ParseInt(d.generation(), 10, 64); err == nil {
		meta[generationLabel] = fmt.Sprint(g)
	}
	if d.hash != "" {
		meta[hashLabel] = d.hash
	}
	c := newClass(namePrefix(d.object.Name), meta, &template.Spec)
	c.namespace, c.template = d.object.Namespace, template
	c.tolerates = nil
	for _, t := range d.workload.Tolerations() {
		c.tolerates = append(c.tolerates, t.Toleration)
	}
	c.priority, c.workload, c.load = kube.Priority(&template.Spec, s.cluster.Borrow()), d.workload, d.workload.Load()
	return c
}

// addClass makes a class of the DaemonSet's, or of pods that no DaemonSet owns.
func (s *Sim) addClass(d *daemon, c *class) int32 {
	id := int32(len(s.classes))
	s.classes = append(s.classes, c)
	s.live = append(s.live, 0)
	s.numbers, s.fresh = append(s.numbers, 0), append(s.fresh, false)
	if d != nil {
		s.numbers[id], s.fresh[id] = d.numberOf(c.hash), d.updated(c)
		d.classes = append(d.classes, id)
	}
	return id
}

// classLike is the DaemonSet's class of pods like these but with another hash.
func (s *Sim) classLike(d *daemon, like *class, hash string) int32 {
	meta := maps.Clone(like.labels)
	if hash != "" {
		meta[hashLabel] = hash
	}
	for _, id := range d.classes {
		c := s.classes[id]
		if c.grace == like.grace && c.template == like.template && c.prefix == like.prefix && c.workload == like.workload &&
			slices.Equal(c.containers, like.containers) && maps.Equal(c.labels, meta) {
			return id
		}
	}
	made := *like
	made.labels, made.hash = meta, meta[hashLabel]
	return s.addClass(d, &made)
}

// claim adopts orphans that the selector matches and releases pods that it does
// not (pkg/controller: BaseControllerRefManager.ClaimObject).
func (s *Sim) claim(d *daemon) {
	d.queued.clear(ownersChanged)
	for n := range s.nodes {
		for id := range s.listed(d.slot, int32(n)) {
			if !d.selector.Matches(labels.Set(s.classes[s.pods[id].class].labels)) {
				s.emitPod(Released, id, Why{})
				s.setOwner(id, none, s.pods[id].class)
				s.orphaned()
			}
		}
		for id := range s.listed(none, int32(n)) {
			if p := &s.pods[id]; s.adoptable(d, p) {
				s.setOwner(id, d.slot, s.classLike(d, s.classes[p.class], ""))
				s.emitPod(Adopted, id, Why{})
				s.busy = true
			}
		}
	}
}

func (s *Sim) adoptable(d *daemon, p *pod) bool {
	return p.is(orphan) && !p.is(terminating) && s.namespace(p) == d.object.Namespace &&
		d.selector.Matches(labels.Set(s.classes[p.class].labels))
}

// orphaned has every controller of pods look at orphans again.
func (s *Sim) orphaned() {
	s.busy = true
	for _, slot := range s.sets.order {
		s.sets.at[slot].queued.add(stateChanged | ownersChanged)
	}
	for _, slot := range s.order {
		s.daemons[slot].queued.add(ownersChanged)
	}
}

// listed yields an owner's pods on a node as they are now, in order, to loops that
// may change the list.
func (s *Sim) listed(owner, node int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		list := s.scratch.take()
		for id := *s.head(owner, node); id != none; id = s.pods[id].next {
			list = append(list, id)
		}
		if owner == none && len(list) > 1 {
			slices.SortFunc(list, s.inTurn)
		}
		s.yieldAll(list, yield)
	}
}

// yieldAll yields a list that was taken from the scratch, and gives it back.
func (s *Sim) yieldAll(list []int32, yield func(int32) bool) {
	for _, id := range list {
		if !yield(id) {
			break
		}
	}
	s.scratch.giveBack(list)
}

// namespace is the pod's.
func (s *Sim) namespace(p *pod) string {
	if p.name < 0 {
		return s.named[^p.name].Namespace
	}
	return s.classes[p.class].namespace
}

// uid is a made-up one, the same in every run.
func uid(seed uint64, parts ...string) types.UID {
	var g rand.PCG
	g.Seed(seed, kube.HashName(strings.Join(parts, "\x00")))
	a, b := g.Uint64(), g.Uint64()
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff))
}

// uidOf is the pod's.
func (s *Sim) uidOf(id int32) types.UID {
	p := &s.pods[id]
	if p.name < 0 {
		return s.named[^p.name].UID
	}
	return uid(s.config.Seed, s.namespace(p), s.podName(id))
}

// Keys lists the DaemonSets, ascending.
func (s *Sim) Keys() []string {
	keys := make([]string, 0, len(s.order))
	for _, slot := range s.order {
		keys = append(keys, s.daemons[slot].key)
	}
	return keys
}

package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// objectTables are the controllers' objects by slot and by key, and the revisions
// that no DaemonSet has. Objects of the API are shared between forks and replaced
// when they change.
type objectTables struct {
	daemonSets  registry[*daemonSet]
	deployments registry[*deployment]
	replicaSets registry[*replicaSet]
	serials     map[string]int32 // last numbers of pods of deleted controllers; replaced when it changes
	orphans     []revision       // of no controller, ascending by name
	foreign     []revision       // of others
}

func (o *objectTables) fork() objectTables {
	return objectTables{
		daemonSets:  o.daemonSets.clone((*daemonSet).fork),
		deployments: o.deployments.clone((*deployment).fork),
		replicaSets: o.replicaSets.clone((*replicaSet).fork),
		serials:     o.serials,
		orphans:     slices.Clone(o.orphans),
		foreign:     o.foreign,
	}
}

// keepSerial saves the last number of a deleted controller. A later one with the
// same key continues from it.
func (o *objectTables) keepSerial(key string, serial int32) {
	serials := maps.Clone(o.serials)
	if serials == nil {
		serials = map[string]int32{}
	}
	serials[key] = serial
	o.serials = serials
}

// controllerOf returns the pod's controller, or nil.
func (s *store) controllerOf(p *pod) *metav1.OwnerReference {
	switch {
	case p.owner != none:
		return s.daemonSets.at[p.owner].reference()
	case p.set != none:
		return s.replicaSets.at[p.set].reference()
	case p.is(orphan):
		return nil
	case p.name < 0:
		return metav1.GetControllerOf(s.named[^p.name])
	}
	return nil
}

// orphaned has every controller of pods look at orphans again.
func (s *store) orphaned() {
	s.busy = true
	for _, slot := range s.replicaSets.order {
		s.replicaSets.at[slot].queued.add(stateChanged | ownersChanged)
	}
	for _, slot := range s.daemonSets.order {
		s.daemonSets.at[slot].queued.add(ownersChanged)
	}
}

// own makes the Deployment the owner of the ReplicaSet.
func (o *objectTables) own(d *deployment, rs *replicaSet) {
	rs.deployment = d.slot
	i, _ := slices.BinarySearchFunc(d.mine, rs, func(slot int32, rs *replicaSet) int { return byAge(o.replicaSets.at[slot], rs) })
	d.mine = slices.Insert(d.mine, i, rs.slot)
	d.queued.add(stateChanged | specChanged)
}

// disownSet takes the ReplicaSet from its Deployment.
func (s *store) disownSet(rs *replicaSet) {
	if rs.deployment == none {
		return
	}
	d := s.deployments.at[rs.deployment]
	d.mine = slices.DeleteFunc(slices.Clone(d.mine), func(slot int32) bool { return slot == rs.slot })
	d.queued.add(stateChanged | specChanged)
	if d.current == rs.slot {
		d.current = none
	}
	rs.deployment = none
	s.numberSet(rs)
}

// currentSet returns the ReplicaSet of the Deployment's template, or nil.
func (o *objectTables) currentSet(d *deployment) *replicaSet {
	if d.current == none {
		return nil
	}
	return o.replicaSets.at[d.current]
}

// keyOfSet returns the key of the ReplicaSet's Deployment, if it has one.
func (o *objectTables) keyOfSet(rs *replicaSet) string {
	if rs.deployment == none {
		return ""
	}
	return o.deployments.at[rs.deployment].key
}

// fullKeyOfSet is keyOfSet with the kind.
func (o *objectTables) fullKeyOfSet(rs *replicaSet) string {
	if rs.deployment == none {
		return ""
	}
	return o.deployments.at[rs.deployment].fullKey
}

// setsOrphaned has every Deployment look at ReplicaSets again.
func (o *objectTables) setsOrphaned() {
	for _, slot := range o.deployments.order {
		o.deployments.at[slot].queued.add(stateChanged | ownersChanged)
	}
}

func (o *objectTables) orphanRevision(r revision) {
	o.orphans = append(o.orphans, r.with(func(object *appsv1.ControllerRevision) {
		object.OwnerReferences = slices.DeleteFunc(object.OwnerReferences, func(ref metav1.OwnerReference) bool {
			return ref.Controller != nil && *ref.Controller
		})
	}))
	slices.SortFunc(o.orphans, byName)
}

// revisionNamed finds a revision, whosever it is.
func (o *objectTables) revisionNamed(namespace, name string) (revision, bool) {
	for _, r := range o.everyRevision() {
		if r.object.Namespace == namespace && r.object.Name == name {
			return r, true
		}
	}
	return revision{}, false
}

// everyRevision returns the revisions of all DaemonSets, then orphans, then the
// revisions of other controllers.
func (o *objectTables) everyRevision() []revision {
	var all []revision
	for _, slot := range o.daemonSets.order {
		all = append(all, o.daemonSets.at[slot].revisions...)
	}
	return append(append(all, o.orphans...), o.foreign...)
}

// restoredSet returns the ReplicaSet of a revision; 0 is the one before the
// latest (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go: deploymentRevision).
func (o *objectTables) restoredSet(d *deployment, to int64) (*replicaSet, error) {
	sets := o.revisionsOf(d)
	if to == 0 {
		if len(sets) < 2 {
			return nil, fmt.Errorf("no rollout history found for deployment %q", d.object.Name)
		}
		return sets[len(sets)-2], nil
	}
	i := slices.IndexFunc(sets, func(rs *replicaSet) bool { return rs.revision() == to })
	if i < 0 {
		return nil, fmt.Errorf("unable to find specified revision %d in history", to)
	}
	return sets[i], nil
}

// revisionsOf lists the Deployment's ReplicaSets by revision.
func (o *objectTables) revisionsOf(d *deployment) []*replicaSet {
	var sets []*replicaSet
	for _, slot := range d.mine {
		sets = append(sets, o.replicaSets.at[slot])
	}
	slices.SortFunc(sets, byRevision)
	return sets
}

// add appends the objects of one kind.
func add[T runtime.Object](objects *[]runtime.Object, list []T) {
	for _, o := range list {
		*objects = append(*objects, o)
	}
}

// syncReasons are the reasons why a controller must sync an object, as a set: the
// object's place in the controller's work queue. Pods of DaemonSets have their
// own, by node (nodeCounts).
type syncReasons uint8

const (
	stateChanged  syncReasons = 1 << iota // what a sync counts or compares has changed
	specChanged                           // the template or the revisions have: the current one must be found again
	ownersChanged                         // an orphan may match, or an owned object may no longer match
	hashesChanged                         // revisions were merged: pods must get the current hash
)

func (r *syncReasons) add(why syncReasons) { *r |= why }

func (r *syncReasons) clear(why syncReasons) { *r &^= why }

func (r syncReasons) has(any syncReasons) bool { return r&any != 0 }

// registry is objects by slot, which is a number that stays, and by key.
type registry[T keyed] struct {
	at    []T     // by slot; the zero T where it is free
	order []int32 // slots ascending by key
}

func (r *registry[T]) search(key string) (int, bool) {
	return slices.BinarySearchFunc(r.order, key, func(slot int32, key string) int {
		return strings.Compare(r.at[slot].name(), key)
	})
}

// find returns the object with the key, or the zero T if there is none.
func (r *registry[T]) find(key string) (found T) {
	if i, ok := r.search(key); ok {
		found = r.at[r.order[i]]
	}
	return found
}

// add returns a slot for the object.
func (r *registry[T]) add(x T) int32 {
	var free T
	slot := int32(slices.Index(r.at, free))
	if slot == none {
		slot = int32(len(r.at))
		r.at = append(r.at, x)
	}
	r.at[slot] = x
	i, _ := r.search(x.name())
	r.order = slices.Insert(r.order, i, slot)
	return slot
}

func (r *registry[T]) drop(slot int32) {
	var free T
	r.order = slices.DeleteFunc(r.order, func(other int32) bool { return other == slot })
	r.at[slot] = free
}

func (r *registry[T]) clone(copy func(T) T) registry[T] {
	c := registry[T]{slices.Clone(r.at), slices.Clone(r.order)}
	for _, slot := range c.order {
		c.at[slot] = copy(c.at[slot])
	}
	return c
}

// setChanged has the ReplicaSet synced, and its Deployment.
func (o *objectTables) setChanged(rs *replicaSet) {
	rs.queued.add(stateChanged)
	if rs.deployment != none {
		o.deployments.at[rs.deployment].queued.add(stateChanged)
	}
}

// numberSet notes the revision of the ReplicaSet's pods, for events.
func (s *store) numberSet(rs *replicaSet) {
	current := rs.deployment != none && s.deployments.at[rs.deployment].current == rs.slot
	for _, c := range rs.classes {
		s.numbers[c], s.fresh[c] = rs.revision(), current
	}
}

// join puts the pod on the ReplicaSet's list.
func (t *podTable) join(id int32, rs *replicaSet) {
	t.pods[id].set = rs.slot
	rs.pods = append(rs.pods, id)
	rs.queued.add(stateChanged)
}

// deploymentSlot returns the slot of the pod's Deployment, or none.
func (o *objectTables) deploymentSlot(p *pod) int32 {
	if p.set == none {
		return none
	}
	return o.replicaSets.at[p.set].deployment
}

// leave removes the pod from its ReplicaSet's list. A Deployment with strategy
// Recreate waits for that (pkg/controller/deployment/deployment_controller.go:
// deletePod).
func (s *store) leave(id int32) {
	p := &s.pods[id]
	if p.set == none {
		return
	}
	rs := s.replicaSets.at[p.set]
	i := slices.Index(rs.pods, id)
	rs.pods = slices.Delete(rs.pods, i, i+1)
	rs.queued.add(stateChanged)
	if rs.deployment != none {
		if d := s.deployments.at[rs.deployment]; d.recreates() {
			d.queued.add(stateChanged)
		}
	}
	p.set = none
}

func (s *store) wanting() bool {
	for _, slot := range s.daemonSets.order {
		if s.daemonSets.at[slot].wants() {
			return true
		}
	}
	for _, slot := range s.deployments.order {
		if s.deployments.at[slot].queued.has(stateChanged) {
			return true
		}
	}
	for _, slot := range s.replicaSets.order {
		if s.replicaSets.at[slot].queued.has(stateChanged) {
			return true
		}
	}
	return false
}

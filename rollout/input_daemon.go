package rollout

import (
	"fmt"
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
)

func metaName(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

func (s *Sim) refuse(key string, in Input, reason string) {
	s.emit(Event{Kind: Refused, DaemonSet: key, Why: Why{Detail: in.String() + ": " + reason}})
}

func (in Apply) apply(s *Sim) {
	switch {
	case in.DaemonSet != nil:
		in.applyDaemonSet(s)
	default:
		in.applyDeployment(s)
	}
}

// applyDaemonSet creates or updates a DaemonSet
// (pkg/registry/apps/daemonset: PrepareForCreate).
func (in Apply) applyDaemonSet(s *Sim) {
	key := keyOf(in.DaemonSet)
	if d := s.find(key); d != nil {
		s.update(d, in, in.DaemonSet)
		return
	}
	object := in.DaemonSet.DeepCopy()
	object.CreationTimestamp = s.timestamp(s.clock)
	object.DeletionTimestamp = nil
	object.UID = uid(s.config.Seed, key, strconv.Itoa(int(s.now)))
	firstGeneration(object)
	d := s.addDaemon(object)
	if err := s.setObject(d, object); err != nil {
		s.dropDaemon(d)
		s.refuse(key, in, err.Error())
		return
	}
	s.emit(Event{Kind: Happened, DaemonSet: key, Why: Why{Detail: in.String()}})
}

// firstGeneration is what the API server makes of a new object
// (pkg/registry/apps/daemonset: PrepareForCreate; pkg/apis/apps/v1: Convert_apps_DaemonSet_To_v1_DaemonSet).
func firstGeneration(object *appsv1.DaemonSet) {
	object.Generation = 1
	setTemplateGeneration(object, max(1, templateGeneration(object)))
}

func templateGeneration(object *appsv1.DaemonSet) int64 {
	g, _ := strconv.ParseInt(object.Annotations[appsv1.DeprecatedTemplateGeneration], 10, 64)
	return g
}

func setTemplateGeneration(object *appsv1.DaemonSet, g int64) {
	object.Annotations = maps.Clone(object.Annotations)
	if object.Annotations == nil {
		object.Annotations = map[string]string{}
	}
	object.Annotations[appsv1.DeprecatedTemplateGeneration] = strconv.FormatInt(g, 10)
}

// update follows pkg/registry/apps/daemonset: PrepareForUpdate. The selector
// cannot be changed (pkg/apis/apps/validation: ValidateDaemonSetSpecUpdate). The
// wish becomes part of the object: nobody changes it any more.
func (s *Sim) update(d *daemon, in Input, wish *appsv1.DaemonSet) {
	old := d.object
	if a, ok := in.(Apply); ok && !a.Unvalidated && !equality.Semantic.DeepEqual(old.Spec.Selector, wish.Spec.Selector) {
		s.refuse(d.key, in, "spec.selector: Invalid value: field is immutable")
		return
	}
	object := &appsv1.DaemonSet{TypeMeta: old.TypeMeta, ObjectMeta: *old.ObjectMeta.DeepCopy(), Spec: wish.Spec, Status: old.Status}
	object.Labels, object.Annotations = maps.Clone(wish.Labels), maps.Clone(wish.Annotations)
	g := templateGeneration(old)
	switch {
	case !equality.Semantic.DeepEqual(old.Spec.Template, object.Spec.Template):
		g++
		object.Generation++
	case !equality.Semantic.DeepEqual(old.Spec, object.Spec):
		object.Generation++
	}
	if _, had := old.Annotations[appsv1.DeprecatedTemplateGeneration]; had || g > 0 {
		setTemplateGeneration(object, g)
	}
	if equality.Semantic.DeepEqual(old, object) {
		s.emit(Event{Kind: Unchanged, DaemonSet: d.key, Why: Why{Detail: in.String()}})
		return
	}
	if err := s.setObject(d, object); err != nil {
		s.refuse(d.key, in, err.Error())
		return
	}
	s.emit(Event{Kind: Happened, DaemonSet: d.key, Why: Why{Detail: in.String()}})
}

func (in Undo) apply(s *Sim) {
	switch d, deployed := s.target(in, in.Key); {
	case d != nil:
		in.undoDaemonSet(s, d)
	case deployed != nil:
		in.undoDeployment(s, deployed)
	}
}

// undoDaemonSet follows k8s.io/kubectl/pkg/polymorphichelpers: DaemonSetRollbacker.
func (in Undo) undoDaemonSet(s *Sim, d *daemon) {
	template, number, err := s.restored(d, in.Revision)
	switch {
	case err != nil:
		s.refuse(d.key, in, err.Error())
	case template == nil:
		s.emit(Event{Kind: Unchanged, DaemonSet: d.key, Revision: number, Why: Why{
			Detail: fmt.Sprintf("%s: skipped rollback (current template already matches revision %d)", in, in.Revision)}})
	default:
		wish := d.object.DeepCopy()
		wish.Spec.Template = *template
		if errs := cluster.Validate(wish); len(errs) > 0 { // the API server judges all of it, not only what changes
			s.refuse(d.key, in, fmt.Sprintf("failed restoring revision %d: %v", in.Revision, errs.ToAggregate()))
			return
		}
		s.update(d, in, cluster.Default(wish))
	}
}

func (in Delete) apply(s *Sim) {
	switch d, deployed := s.target(in, in.Key); {
	case d != nil:
		in.deleteDaemonSet(s, d)
	case deployed != nil:
		in.deleteDeployment(s, deployed)
	}
}

// deleteDaemonSet has the garbage collector delete the pods and revisions, with the
// last of them the DaemonSet, or leave them.
func (in Delete) deleteDaemonSet(s *Sim, d *daemon) {
	s.emit(Event{Kind: Happened, DaemonSet: d.key, Why: Why{Detail: in.String()}})
	switch in.Propagation {
	case Orphan:
		s.orphanAll(d)
	case Foreground:
		d.deleting = true
		object := d.object.DeepCopy()
		now := s.timestamp(s.clock)
		object.DeletionTimestamp = &now
		d.object = object
		s.removeRevisions(d, func(revision) bool { return true })
		s.collectAll(d)
		s.finish(d)
	default:
		s.removeRevisions(d, func(revision) bool { return true })
		s.collectAll(d)
		s.disown(d)
		s.dropDaemon(d)
	}
}

// collectAll deletes the DaemonSet's pods as the garbage collector does.
func (s *Sim) collectAll(d *daemon) {
	for _, id := range s.podsOf(d) {
		if !s.pods[id].is(terminating) {
			s.emitPod(Collected, id, Why{Rule: OwnerGone})
			s.deletePod(id)
		}
	}
}

// podsOf lists the DaemonSet's pods, by node.
func (s *Sim) podsOf(d *daemon) []int32 {
	var all []int32
	for n := range d.head {
		for id := d.head[n]; id != none; id = s.pods[id].next {
			all = append(all, id)
		}
	}
	return all
}

// disown leaves the pods that are still on their way out without an owner, but
// not for others to adopt.
func (s *Sim) disown(d *daemon) {
	for _, id := range s.podsOf(d) {
		s.setOwner(id, none, s.pods[id].class)
		s.pods[id].flags &^= orphan
	}
}

func (s *Sim) orphanAll(d *daemon) {
	for _, id := range s.podsOf(d) {
		s.setOwner(id, none, s.pods[id].class)
		s.emitPod(Orphaned, id, Why{})
	}
	for _, r := range d.revisions {
		s.orphanRevision(r)
	}
	s.dropDaemon(d)
	s.orphaned()
	for _, slot := range s.order {
		s.daemons[slot].queued.add(specChanged)
	}
}

// finish removes a DaemonSet whose foreground deletion has waited for its pods.
func (s *Sim) finish(d *daemon) {
	if d.deleting && len(s.podsOf(d)) == 0 {
		s.emit(Event{Kind: Gone, DaemonSet: d.key})
		s.dropDaemon(d)
	}
}

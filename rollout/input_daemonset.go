package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/kube"
)

func (in Apply) checkDaemonSet(ds *appsv1.DaemonSet) error {
	switch {
	case ds.Name == "":
		return errors.New("metadata.name: Required value")
	case in.Unvalidated:
		return nil
	}
	return cluster.Validate(ds).ToAggregate()
}

// defaultDaemonSet returns a copy of the DaemonSet with its defaults.
func (in Apply) defaultDaemonSet(ds *appsv1.DaemonSet) *appsv1.DaemonSet {
	if in.Unvalidated {
		ds = ds.DeepCopy()
	} else {
		ds = cluster.Default(ds)
	}
	ds.Namespace = cmp.Or(ds.Namespace, corev1.NamespaceDefault)
	return ds
}

// applyDaemonSet creates or updates a DaemonSet
// (pkg/registry/apps/daemonset/strategy.go: PrepareForCreate).
func (in Apply) applyDaemonSet(s *Sim, ds *appsv1.DaemonSet) {
	key := kube.Key(ds)
	if d := s.daemonSets.find(key); d != nil {
		s.update(d, in, ds)
		return
	}
	object := ds.DeepCopy()
	object.CreationTimestamp = s.timestamp(s.clock)
	object.DeletionTimestamp = nil
	object.UID = uid(s.config.Seed, key, strconv.Itoa(int(s.now)))
	firstGeneration(object)
	d := s.dsc.addDaemonSet(object)
	if err := s.dsc.setObject(d, object); err != nil {
		s.dsc.dropDaemonSet(d)
		s.refuse(in.key(), in, err.Error())
		return
	}
	s.emit(Event{Kind: EventInputApplied, Key: d.fullKey, Detail: in.line()})
}

// update follows the API server (pkg/registry/apps/daemonset/strategy.go:
// PrepareForUpdate). The selector cannot be changed
// (pkg/apis/apps/validation/validation.go: ValidateDaemonSetSpecUpdate). The
// wish becomes part of the object: nobody changes it any more.
func (s *Sim) update(d *daemonSet, in Input, wish *appsv1.DaemonSet) {
	old := d.object
	if err := checkSelectorUpdate(in, old.Spec.Selector, wish.Spec.Selector); err != nil {
		s.refuse(d.fullKey, in, err.Error())
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
		s.emit(Event{Kind: EventInputUnchanged, Key: d.fullKey, Detail: in.line()})
		return
	}
	if err := s.dsc.setObject(d, object); err != nil {
		s.refuse(d.fullKey, in, err.Error())
		return
	}
	s.emit(Event{Kind: EventInputApplied, Key: d.fullKey, Detail: in.line()})
}

// undoDaemonSet follows kubectl (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go:
// DaemonSetRollbacker).
func (in Undo) undoDaemonSet(s *Sim, d *daemonSet) {
	template, number, err := s.dsc.restored(d, in.Revision)
	switch {
	case err != nil:
		s.refuse(d.fullKey, in, err.Error())
	case template == nil:
		s.emit(Event{Kind: EventInputUnchanged, Key: d.fullKey, Revision: number,
			Detail: fmt.Sprintf("%s: skipped rollback (current template already matches revision %d)", in.line(), in.Revision)})
	default:
		wish := d.object.DeepCopy()
		wish.Spec.Template = *template
		if errs := validation.ValidateAt(s.release(), wish); len(errs) > 0 { // the API server validates the whole object, not only what changes
			s.refuse(d.fullKey, in, fmt.Sprintf("failed restoring revision %d: %v", in.Revision, errs.ToAggregate()))
			return
		}
		s.update(d, in, defaults.ApplyAt(s.release(), wish))
	}
}

// deleteDaemonSet makes the garbage collector delete the pods and revisions, and
// the DaemonSet with the last of them, or leaves them.
func (in Delete) deleteDaemonSet(s *Sim, d *daemonSet) {
	s.emit(Event{Kind: EventInputApplied, Key: d.fullKey, Detail: in.line()})
	switch in.Propagation {
	case metav1.DeletePropagationOrphan:
		s.dsc.orphanAll(d)
	case metav1.DeletePropagationForeground:
		d.deleting = true
		object := d.object.DeepCopy()
		now := s.timestamp(s.clock)
		object.DeletionTimestamp = &now
		d.object = object
		s.dsc.removeRevisions(d, func(revision) bool { return true })
		s.dsc.collectAll(d)
		s.dsc.finish(d)
	default:
		s.dsc.removeRevisions(d, func(revision) bool { return true })
		s.dsc.collectAll(d)
		s.dsc.disown(d)
		s.dsc.dropDaemonSet(d)
	}
}

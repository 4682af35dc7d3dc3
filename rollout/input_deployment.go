package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/kube"
)

// Scale is kubectl scale: it sets the number of replicas of a Deployment.
type Scale struct {
	Key      string `json:"key"`
	Replicas int32  `json:"replicas"`
}

// Pause is kubectl rollout pause: until Resume, changes to a Deployment's
// template have no effect. The Deployment can still be scaled.
type Pause struct {
	Key string `json:"key"`
}

// Resume is kubectl rollout resume.
type Resume struct {
	Key string `json:"key"`
}

func (in Scale) line() string { return fmt.Sprintf("scale %s to %d", word(in.Key), in.Replicas) }

func (in Pause) line() string { return "pause " + word(in.Key) }

func (in Resume) line() string { return "resume " + word(in.Key) }

func (in Scale) check() error { return errors.Join(checkKey(in.Key), kube.CheckReplicas(&in.Replicas)) }

func (in Pause) check() error { return checkKey(in.Key) }

func (in Resume) check() error { return checkKey(in.Key) }

// checkDeployment returns what is wrong with an Apply of a Deployment.
func (in Apply) checkDeployment(d *appsv1.Deployment) error {
	switch {
	case d.Name == "":
		return errors.New("metadata.name: Required value")
	case in.Unvalidated:
		return kube.CheckReplicas(d.Spec.Replicas)
	}
	if errs := cluster.Validate(d); len(errs) > 0 {
		return errs.ToAggregate()
	}
	return kube.CheckReplicas(d.Spec.Replicas)
}

// defaultDeployment returns a copy of the Deployment with all defaults except the
// number of replicas: a manifest without it does not change it.
func (in Apply) defaultDeployment(d *appsv1.Deployment) *appsv1.Deployment {
	replicas := d.Spec.Replicas
	d = cluster.Default(d)
	if replicas == nil {
		d.Spec.Replicas = nil
	}
	d.Namespace = cmp.Or(d.Namespace, corev1.NamespaceDefault)
	return d
}

// applyDeployment creates or updates a Deployment
// (pkg/registry/apps/deployment/strategy.go: PrepareForCreate).
func (in Apply) applyDeployment(s *Sim, applied *appsv1.Deployment) {
	key := kube.Key(applied)
	if d := s.deployments.find(key); d != nil {
		wish := applied.DeepCopy()
		if wish.Spec.Replicas == nil {
			wish.Spec.Replicas = d.object.Spec.Replicas
		}
		wish.Spec.Paused = wish.Spec.Paused || d.object.Spec.Paused
		s.updateDeployment(d, in, wish)
		return
	}
	object := cluster.Default(applied)
	object.CreationTimestamp, object.DeletionTimestamp = s.timestamp(s.clock), nil
	object.UID = uid(s.config.Seed, "deployment", key, strconv.Itoa(int(s.now)))
	object.Generation, object.Status = 1, appsv1.DeploymentStatus{}
	d, err := s.dc.addDeployment(object)
	if err != nil {
		s.refuse(in.key(), in, err.Error())
		return
	}
	s.noteInput(EventInputApplied, d, in, "")
}

// updateDeployment follows the API server
// (pkg/registry/apps/deployment/strategy.go: PrepareForUpdate). The revision is
// an annotation of the controller's, which a manifest leaves alone.
func (s *Sim) updateDeployment(d *deployment, in Input, wish *appsv1.Deployment) {
	old := d.object
	if err := checkSelectorUpdate(in, old.Spec.Selector, wish.Spec.Selector); err != nil {
		s.refuse(d.fullKey, in, err.Error())
		return
	}
	object := *old
	object.Labels, object.Annotations, object.Spec = maps.Clone(wish.Labels), maps.Clone(wish.Annotations), *wish.Spec.DeepCopy()
	if revision, has := old.Annotations[revisionAnnotation]; has {
		object.Annotations = withAnnotation(object.Annotations, revisionAnnotation, revision)
	}
	specs := !equality.Semantic.DeepEqual(old.Spec, object.Spec)
	switch {
	case specs || !equality.Semantic.DeepEqual(old.Annotations, object.Annotations):
		object.Generation++
	case equality.Semantic.DeepEqual(old.Labels, object.Labels):
		s.noteInput(EventInputUnchanged, d, in, "")
		return
	}
	if err := s.dc.setDeployment(d, &object); err != nil {
		s.noteInput(EventInputRefused, d, in, ": "+err.Error())
		return
	}
	s.noteInput(EventInputApplied, d, in, "")
}

// undoDeployment follows kubectl (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go:
// DeploymentRollbacker).
func (in Undo) undoDeployment(s *Sim, d *deployment) {
	rs, err := s.restoredSet(d, in.Revision)
	switch {
	case err != nil:
		s.noteInput(EventInputRefused, d, in, ": "+err.Error())
		return
	case d.object.Spec.Paused:
		s.noteInput(EventInputRefused, d, in, ": you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again")
		return
	case kube.SameTemplate(&rs.object.Spec.Template, &d.object.Spec.Template):
		s.noteInput(EventInputUnchanged, d, in, fmt.Sprintf(": skipped rollback (current template already matches revision %d)", in.Revision))
		return
	}
	wish := d.object.DeepCopy()
	wish.Spec.Template = *rs.object.Spec.Template.DeepCopy()
	delete(wish.Spec.Template.Labels, templateHashLabel)
	wish.Annotations = restoredAnnotations(d.object.Annotations, rs.object.Annotations)
	if errs := validation.ValidateAt(s.release(), wish); len(errs) > 0 { // the API server validates the whole object, not only what changes
		s.noteInput(EventInputRefused, d, in, fmt.Sprintf(": failed restoring revision %d: %v", in.Revision, errs.ToAggregate()))
		return
	}
	s.updateDeployment(d, in, wish)
}

// restoredAnnotations returns the Deployment's own annotations, and the others as
// the ReplicaSet has them from it.
func restoredAnnotations(deployment, set map[string]string) map[string]string {
	now := map[string]string{}
	maps.Copy(now, deployment)
	maps.DeleteFunc(now, func(key, _ string) bool { return !isOwnAnnotation(key) })
	old := maps.Clone(set)
	maps.DeleteFunc(old, func(key, _ string) bool { return isOwnAnnotation(key) })
	maps.Copy(now, old)
	return now
}

// deleteDeployment makes the garbage collector delete the ReplicaSets and their
// pods, or waits for them, or leaves them.
func (in Delete) deleteDeployment(s *Sim, d *deployment) {
	s.noteInput(EventInputApplied, d, in, "")
	sets := slices.Clone(d.mine)
	switch in.Propagation {
	case metav1.DeletePropagationOrphan:
		s.deployments.drop(d.slot)
		for _, slot := range sets {
			rs := s.replicaSets.at[slot]
			rs.deployment = none
			s.dc.writeOwner(rs, nil)
		}
		s.setsOrphaned()
	case metav1.DeletePropagationForeground:
		d.deleting = true
		d.queued.add(stateChanged)
		object, now := *d.object, s.timestamp(s.clock)
		object.DeletionTimestamp = &now
		object.Generation++
		d.object = &object
		for _, slot := range sets {
			s.rsc.deleteSetFirst(s.replicaSets.at[slot])
		}
		s.dc.finishDeployment(d)
	default:
		for _, slot := range sets {
			s.emit(Event{Kind: EventRevisionDeleted, Key: d.fullKey, Revision: s.replicaSets.at[slot].revision(), Detail: s.replicaSets.at[slot].object.Name})
			s.rsc.collectSet(s.replicaSets.at[slot])
		}
		s.deployments.drop(d.slot)
	}
}

// possible returns an error if the key names a DaemonSet, which has no scale. The
// error names the alternative.
func (in Scale) possible(s *Sim) error {
	if d, _ := s.resolve(in.Key); d != nil {
		return d.scaleError(int(in.Replicas))
	}
	return nil
}

func (in Scale) apply(s *Sim) {
	d, deployed := s.target(in, in.Key)
	switch {
	case d != nil:
		s.refuse(d.fullKey, in, d.scaleError(int(in.Replicas)).Error())
	case deployed != nil:
		wish := deployed.object.DeepCopy()
		wish.Spec.Replicas = &in.Replicas
		s.updateDeployment(deployed, in, wish)
	}
}

func (in Pause) apply(s *Sim) {
	s.setPaused(in, in.Key, true, "pausing is not supported", "is already paused")
}

func (in Resume) apply(s *Sim) {
	s.setPaused(in, in.Key, false, "resuming is not supported", "is not paused")
}

// setPaused follows kubectl (k8s.io/kubectl/pkg/polymorphichelpers/objectpauser.go:
// defaultObjectPauser; k8s.io/kubectl/pkg/polymorphichelpers/objectresumer.go:
// defaultObjectResumer).
func (s *Sim) setPaused(in Input, key string, paused bool, unsupported, already string) {
	d, deployed := s.target(in, key)
	switch {
	case d != nil:
		s.refuse(d.fullKey, in, fmt.Sprintf("daemonsets.apps %q %s", d.object.Name, unsupported))
	case deployed == nil:
	case deployed.object.Spec.Paused == paused:
		s.noteInput(EventInputRefused, deployed, in, fmt.Sprintf(": deployments.apps %q %s", deployed.object.Name, already))
	default:
		wish := deployed.object.DeepCopy()
		wish.Spec.Paused = paused
		s.updateDeployment(deployed, in, wish)
	}
}

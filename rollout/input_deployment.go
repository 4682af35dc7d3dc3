package rollout

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
)

// Scale is kubectl scale: a Deployment gets another number of replicas.
type Scale struct {
	Key      string
	Replicas int32
}

// Pause is kubectl rollout pause: a Deployment's template may change and nothing
// happens, until Resume. It can be scaled meanwhile.
type Pause struct{ Key string }

// Resume is kubectl rollout resume.
type Resume struct{ Key string }

func (in Scale) String() string  { return fmt.Sprintf("scale %s to %d", word(in.Key), in.Replicas) }
func (in Pause) String() string  { return "pause " + word(in.Key) }
func (in Resume) String() string { return "resume " + word(in.Key) }

func (in Scale) check() error { return errors.Join(checkKey(in.Key), checkReplicas(&in.Replicas)) }

// mostReplicas bounds what a simulation is asked to hold in one Deployment or
// ReplicaSet: more than any cluster has pods.
const mostReplicas = 200_000

func checkReplicas(replicas *int32) error {
	switch {
	case replicas == nil:
		return nil
	case *replicas < 0:
		return fmt.Errorf("replicas %d: must not be negative", *replicas)
	case *replicas > mostReplicas:
		return fmt.Errorf("replicas %d: a simulation takes at most %d", *replicas, mostReplicas)
	}
	return nil
}

func (in Pause) check() error  { return checkKey(in.Key) }
func (in Resume) check() error { return checkKey(in.Key) }

// checkDeployment says what is wrong with an Apply of a Deployment.
func (in Apply) checkDeployment() error {
	switch {
	case in.Deployment.Name == "":
		return errors.New("metadata.name: Required value")
	case in.Unvalidated:
		return checkReplicas(in.Deployment.Spec.Replicas)
	}
	if errs := cluster.Validate(in.Deployment); len(errs) > 0 {
		return errs.ToAggregate()
	}
	return checkReplicas(in.Deployment.Spec.Replicas)
}

// defaultDeployment returns the input with a copy of the Deployment, with its defaults
// but for the number of replicas: a manifest that does not say it leaves it as it is.
func (in Apply) defaultDeployment() Apply {
	replicas := in.Deployment.Spec.Replicas
	in.Deployment = cluster.Default(in.Deployment)
	if replicas == nil {
		in.Deployment.Spec.Replicas = nil
	}
	if in.Deployment.Namespace == "" {
		in.Deployment.Namespace = corev1.NamespaceDefault
	}
	return in
}

// resolve finds what a key names: a DaemonSet, or else a Deployment; of two with
// the same key the prefix "deployment/" or "daemonset/" tells which. Both are nil
// if there is neither.
func (s *Sim) resolve(key string) (*daemon, *deployment) {
	switch kind, rest := cutKind(key); kind {
	case "deployment":
		return nil, s.deployments.find(rest)
	case "daemonset":
		return s.find(rest), nil
	}
	if d := s.find(key); d != nil {
		return d, nil
	}
	return nil, s.deployments.find(key)
}

// cutKind cuts the kind off a key, if it has one.
func cutKind(key string) (kind, rest string) {
	kind, rest, _ = strings.Cut(key, "/")
	if (kind == "deployment" || kind == "daemonset") && strings.Contains(rest, "/") {
		return kind, rest
	}
	return "", key
}

// target is resolve for an input: neither, with a Refused event, if there is
// nothing of that key.
func (s *Sim) target(in Input, key string) (*daemon, *deployment) {
	d, deployed := s.resolve(key)
	if d == nil && deployed == nil {
		_, plain := cutKind(key)
		s.refuse(plain, in, notFound(key).Error())
	}
	return d, deployed
}

func (s *Sim) noteInput(kind Kind, d *deployment, in Input, more string) {
	s.emit(Event{Kind: kind, Deployment: d.key, Why: Why{Detail: in.String() + more}})
}

// applyDeployment creates or updates a Deployment
// (pkg/registry/apps/deployment: PrepareForCreate).
func (in Apply) applyDeployment(s *Sim) {
	key := keyOf(in.Deployment)
	if d := s.deployments.find(key); d != nil {
		wish := in.Deployment.DeepCopy()
		if wish.Spec.Replicas == nil {
			wish.Spec.Replicas = d.object.Spec.Replicas
		}
		wish.Spec.Paused = wish.Spec.Paused || d.object.Spec.Paused
		s.updateDeployment(d, in, wish)
		return
	}
	object := cluster.Default(in.Deployment)
	object.CreationTimestamp, object.DeletionTimestamp = s.timestamp(s.clock), nil
	object.UID = uid(s.config.Seed, "deployment", key, strconv.Itoa(int(s.now)))
	object.Generation, object.Status = 1, appsv1.DeploymentStatus{}
	d, err := s.addDeployment(object)
	if err != nil {
		s.emit(Event{Kind: Refused, Deployment: key, Why: Why{Detail: in.String() + ": " + err.Error()}})
		return
	}
	s.noteInput(Happened, d, in, "")
}

// updateDeployment follows pkg/registry/apps/deployment: PrepareForUpdate. The
// revision is an annotation of the controller's, which a manifest leaves alone.
func (s *Sim) updateDeployment(d *deployment, in Input, wish *appsv1.Deployment) {
	old := d.object
	if a, ok := in.(Apply); ok && !a.Unvalidated && !equality.Semantic.DeepEqual(old.Spec.Selector, wish.Spec.Selector) {
		s.noteInput(Refused, d, in, ": spec.selector: Invalid value: field is immutable")
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
		s.noteInput(Unchanged, d, in, "")
		return
	}
	if err := s.setDeployment(d, &object); err != nil {
		s.noteInput(Refused, d, in, ": "+err.Error())
		return
	}
	s.noteInput(Happened, d, in, "")
}

// undoDeployment follows k8s.io/kubectl/pkg/polymorphichelpers: DeploymentRollbacker.
func (in Undo) undoDeployment(s *Sim, d *deployment) {
	rs, err := s.restoredSet(d, in.Revision)
	switch {
	case err != nil:
		s.noteInput(Refused, d, in, ": "+err.Error())
		return
	case d.object.Spec.Paused:
		s.noteInput(Refused, d, in, ": you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again")
		return
	case kube.SameTemplate(&rs.object.Spec.Template, &d.object.Spec.Template):
		s.noteInput(Unchanged, d, in, fmt.Sprintf(": skipped rollback (current template already matches revision %d)", in.Revision))
		return
	}
	wish := d.object.DeepCopy()
	wish.Spec.Template = *rs.object.Spec.Template.DeepCopy()
	delete(wish.Spec.Template.Labels, templateHashLabel)
	wish.Annotations = restoredAnnotations(d.object.Annotations, rs.object.Annotations)
	if errs := cluster.Validate(wish); len(errs) > 0 { // the API server judges all of it, not only what changes
		s.noteInput(Refused, d, in, fmt.Sprintf(": failed restoring revision %d: %v", in.Revision, errs.ToAggregate()))
		return
	}
	s.updateDeployment(d, in, wish)
}

// restoredAnnotations are the Deployment's own and, of the others, those that the
// ReplicaSet has from it.
func restoredAnnotations(deployment, set map[string]string) map[string]string {
	now := map[string]string{}
	maps.Copy(now, deployment)
	maps.DeleteFunc(now, func(key, _ string) bool { return !isOwnAnnotation(key) })
	old := maps.Clone(set)
	maps.DeleteFunc(old, func(key, _ string) bool { return isOwnAnnotation(key) })
	maps.Copy(now, old)
	return now
}

// restoredSet is the ReplicaSet of a revision; 0 is the one before the latest
// (k8s.io/kubectl/pkg/polymorphichelpers: deploymentRevision).
func (s *Sim) restoredSet(d *deployment, to int64) (*replicaSet, error) {
	sets := s.revisionsOf(d)
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
func (s *Sim) revisionsOf(d *deployment) []*replicaSet {
	var sets []*replicaSet
	for _, slot := range d.mine {
		sets = append(sets, s.sets.at[slot])
	}
	slices.SortFunc(sets, byRevision)
	return sets
}

// deleteDeployment lets the garbage collector take the ReplicaSets and their pods
// along, or wait for them, or leaves them.
func (in Delete) deleteDeployment(s *Sim, d *deployment) {
	s.noteInput(Happened, d, in, "")
	sets := slices.Clone(d.mine)
	switch in.Propagation {
	case Orphan:
		s.deployments.drop(d.slot)
		for _, slot := range sets {
			rs := s.sets.at[slot]
			rs.deployment = none
			s.writeOwner(rs, nil)
		}
		s.setsOrphaned()
	case Foreground:
		d.deleting = true
		d.queued.add(stateChanged)
		object, now := *d.object, s.timestamp(s.clock)
		object.DeletionTimestamp = &now
		object.Generation++
		d.object = &object
		for _, slot := range sets {
			s.deleteSetFirst(s.sets.at[slot])
		}
		s.finishDeployment(d)
	default:
		for _, slot := range sets {
			s.emit(Event{Kind: RevisionRemoved, Deployment: d.key, Revision: s.sets.at[slot].revision(), Why: Why{Detail: s.sets.at[slot].object.Name}})
			s.collectSet(s.sets.at[slot])
		}
		s.deployments.drop(d.slot)
	}
}

// deleteSetFirst deletes a ReplicaSet that goes with the last of its pods.
func (s *Sim) deleteSetFirst(rs *replicaSet) {
	object, now := *rs.object, s.timestamp(s.clock)
	object.DeletionTimestamp = &now
	object.Generation++
	rs.object, rs.deleting = &object, true
	s.setChanged(rs)
	s.collectPods(rs)
	s.finishSet(rs)
}

func (in Scale) apply(s *Sim) {
	d, deployed := s.target(in, in.Key)
	switch {
	case d != nil:
		s.refuse(d.key, in, d.scaleError(int(in.Replicas)).Error())
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

// setPaused follows k8s.io/kubectl/pkg/polymorphichelpers: defaultObjectPauser, defaultObjectResumer.
func (s *Sim) setPaused(in Input, key string, paused bool, unsupported, already string) {
	d, deployed := s.target(in, key)
	switch {
	case d != nil:
		s.refuse(d.key, in, fmt.Sprintf("daemonsets.apps %q %s", d.object.Name, unsupported))
	case deployed == nil:
	case deployed.object.Spec.Paused == paused:
		s.noteInput(Refused, deployed, in, fmt.Sprintf(": deployments.apps %q %s", deployed.object.Name, already))
	default:
		wish := deployed.object.DeepCopy()
		wish.Spec.Paused = paused
		s.updateDeployment(deployed, in, wish)
	}
}

// ReplicaSets is what kubectl rollout history shows of a Deployment: its
// ReplicaSets, ascending by revision; nil if there is no such Deployment.
func (s *Sim) ReplicaSets(key string) []*appsv1.ReplicaSet {
	_, d := s.resolve(key)
	if d == nil {
		return nil
	}
	var sets []*appsv1.ReplicaSet
	for _, rs := range s.revisionsOf(d) {
		sets = append(sets, rs.write())
	}
	return sets
}

// ApplyDeployment is Inject(Apply{Deployment: d}): kubectl apply.
func (s *Sim) ApplyDeployment(d *appsv1.Deployment) error { return s.Inject(Apply{Deployment: d}) }

// Pause is Inject(Pause{key}): kubectl rollout pause.
func (s *Sim) Pause(key string) error { return s.Inject(Pause{key}) }

// Resume is Inject(Resume{key}): kubectl rollout resume.
func (s *Sim) Resume(key string) error { return s.Inject(Resume{key}) }

// Deployments lists the keys of the Deployments, ascending.
func (s *Sim) Deployments() []string {
	keys := make([]string, 0, len(s.deployments.order))
	for _, slot := range s.deployments.order {
		keys = append(keys, s.deployments.at[slot].key)
	}
	return keys
}

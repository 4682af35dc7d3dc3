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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/kube"
)

// findCurrent returns the ReplicaSet that has the Deployment's template, the
// oldest of several (pkg/controller/deployment/util/deployment_util.go:
// FindNewReplicaSet).
func (dc *deploymentController) findCurrent(d *deployment) {
	if !d.queued.has(specChanged) {
		return
	}
	d.queued.clear(specChanged)
	was := d.current
	d.current = none
	for _, slot := range d.mine {
		if kube.SameTemplate(&dc.replicaSets.at[slot].object.Spec.Template, &d.object.Spec.Template) {
			d.current = slot
			break
		}
	}
	for _, slot := range [...]int32{was, d.current} {
		if slot != none && dc.replicaSets.at[slot] != nil {
			dc.numberSet(dc.replicaSets.at[slot])
		}
	}
}

// replicaSets returns the ReplicaSet of the Deployment's template, and the
// others, oldest first. It brings the current one up to date: its annotations and
// minReadySeconds, and then the Deployment's revision. If there is no current
// one, it is created if create is set (pkg/controller/deployment/sync.go:
// getAllReplicaSetsAndSyncRevision, getNewReplicaSet).
func (y *deploymentSync) replicaSets(create bool) (current *replicaSet, old []*replicaSet, err error) {
	y.dc.findCurrent(y.d)
	current = y.dc.currentSet(y.d)
	for _, slot := range y.d.mine {
		if rs := y.dc.replicaSets.at[slot]; rs != current {
			old = append(old, rs)
		}
	}
	switch {
	case current != nil:
		err = y.adjust(current, old)
	case y.stale.conflict:
		err = errConflict
	case create:
		current, err = y.make(old)
	}
	return current, old, err
}

func (y *deploymentSync) adjust(rs *replicaSet, old []*replicaSet) error {
	annotations, changed := y.annotations(rs.object.Annotations, highest(old)+1)
	if changed || rs.minReady() != y.d.object.Spec.MinReadySeconds {
		if !y.stale.writable(rs) {
			return errConflict
		}
		was := rs.revision()
		y.stale.current = true
		y.dc.rsc.amend(rs, func(o *appsv1.ReplicaSet) {
			o.Annotations, o.Spec.MinReadySeconds = annotations, y.d.object.Spec.MinReadySeconds
		})
		if now := rs.revision(); now != was {
			y.dc.emit(Event{Kind: EventRevisionRenumbered, Key: y.d.fullKey, Revision: now, Detail: rs.object.Name})
		}
		return nil
	}
	needs := y.revision != rs.object.Annotations[revisionAnnotation]
	y.revision = rs.object.Annotations[revisionAnnotation]
	if _, has := y.d.deadline(); has && conditionOf(y.now.Conditions, appsv1.DeploymentProgressing) == nil {
		y.setCondition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "FoundNewReplicaSet", fmt.Sprintf("Found new replica set %q", rs.object.Name))
		needs = true
	}
	if needs {
		return y.write()
	}
	return nil
}

// highest follows the controller
// (pkg/controller/deployment/util/deployment_util.go: MaxRevision).
func highest(sets []*replicaSet) (most int64) {
	for _, rs := range sets {
		most = max(most, rs.revision())
	}
	return most
}

// make creates the ReplicaSet of the Deployment's template.
func (y *deploymentSync) make(old []*replicaSet) (*replicaSet, error) {
	size, err := y.sizeOfNew(nil, old)
	if err != nil {
		return nil, err
	}
	hash := kube.TemplateHash(y.dc.release(), kube.DecodedTemplate(&y.d.object.Spec.Template), y.now.CollisionCount)
	object := y.newSet(hash, size, highest(old)+1)
	if other := y.dc.replicaSets.find(kube.Key(object)); other != nil {
		return nil, y.collide(other)
	}
	if refusal := y.refusalOf(object); refusal != nil {
		return nil, y.noteCreateError(object.Name, refusal)
	}
	rs, err := y.dc.rsc.addSet(object, y.d)
	if err != nil {
		return nil, err
	}
	y.dc.rsc.showSet(object)
	rs.seen = size
	y.dc.findCurrent(y.d)
	y.dc.emit(Event{Kind: EventRevisionCreated, Key: y.d.fullKey, Revision: rs.revision(), Detail: object.Name})
	if size > 0 {
		y.noteScale(rs, fmt.Sprintf("Scaled up replica set %s from 0 to %d", object.Name, size))
	}
	return rs, y.noteCreated(rs)
}

// refusalOf returns why the API server would refuse the ReplicaSet. A Deployment
// from a manifest has no UID for an ownerReference.
func (y *deploymentSync) refusalOf(object *appsv1.ReplicaSet) error {
	plain := *object
	plain.OwnerReferences = nil
	return validation.ValidateAt(y.dc.release(), &plain).ToAggregate()
}

// newSet returns the ReplicaSet as the API server stores it.
func (y *deploymentSync) newSet(hash string, size int32, revision int64) *appsv1.ReplicaSet {
	template := y.d.object.Spec.Template.DeepCopy()
	template.Labels = kube.WithTemplateHash(template.Labels, hash)
	selector := y.d.object.Spec.Selector.DeepCopy()
	selector.MatchLabels = kube.WithTemplateHash(selector.MatchLabels, hash)
	annotations, _ := y.annotations(nil, revision)
	annotations[desiredAnnotation], annotations[maxReplicasAnnotation] = fmt.Sprint(y.d.replicas()), fmt.Sprint(y.d.most())
	name := kube.ReplicaSetName(y.d.object.Name, hash)
	return defaults.ApplyAt(y.dc.release(), &appsv1.ReplicaSet{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: y.d.object.Namespace, Generation: 1,
			Labels: maps.Clone(template.Labels), Annotations: annotations,
			OwnerReferences:   []metav1.OwnerReference{*y.d.reference()},
			CreationTimestamp: y.dc.timestamp(y.dc.clock),
			UID:               uid(y.dc.config.Seed, "replicaset", y.d.object.Namespace, name, strconv.Itoa(int(y.dc.now))),
		},
		Spec: appsv1.ReplicaSetSpec{Replicas: &size, MinReadySeconds: y.d.object.Spec.MinReadySeconds, Selector: selector, Template: *template},
	})
}

// collide counts a collision: another template has that hash, or the ReplicaSet
// is not the Deployment's. The next sync tries another hash.
func (y *deploymentSync) collide(other *replicaSet) error {
	count := int32(1)
	if c := y.now.CollisionCount; c != nil {
		count += *c
	}
	y.now.CollisionCount = &count
	return errors.Join(fmt.Errorf("replicasets.apps %q already exists", other.object.Name), y.write())
}

func (y *deploymentSync) noteCreateError(name string, refusal error) error {
	if _, has := y.d.deadline(); has {
		before := y.now.Conditions
		y.setCondition(appsv1.DeploymentProgressing, corev1.ConditionFalse, "ReplicaSetCreateError",
			fmt.Sprintf("Failed to create new replica set %q: %v", name, refusal))
		if !slices.Equal(before, y.now.Conditions) {
			return errors.Join(refusal, y.write())
		}
	}
	return refusal
}

func (y *deploymentSync) noteCreated(rs *replicaSet) error {
	revision := rs.object.Annotations[revisionAnnotation]
	needs := y.revision != revision
	y.revision = revision
	if _, has := y.d.deadline(); has {
		y.setCondition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetCreated", fmt.Sprintf("Created new replica set %q", rs.object.Name))
		needs = true
	}
	if needs {
		return y.write()
	}
	return nil
}

// isOwnAnnotation reports whether the annotation is not copied between a
// Deployment and its ReplicaSets
// (pkg/controller/deployment/util/deployment_util.go: annotationsToSkip).
func isOwnAnnotation(key string) bool {
	switch key {
	case corev1.LastAppliedConfigAnnotation, revisionAnnotation, revisionHistoryAnnotation,
		desiredAnnotation, maxReplicasAnnotation, appsv1.DeprecatedRollbackTo:
		return true
	}
	return false
}

// annotations returns the annotations that the current ReplicaSet must have, and
// whether they differ from the old ones. The Deployment's are copied, and the
// revision is at least the given one
// (pkg/controller/deployment/util/deployment_util.go:
// SetNewReplicaSetAnnotations).
func (y *deploymentSync) annotations(old map[string]string, revision int64) (now map[string]string, changed bool) {
	now = maps.Clone(old)
	if now == nil {
		now = map[string]string{}
	}
	for k, v := range y.d.object.Annotations { // any order: each by itself
		if has, ok := now[k]; !isOwnAnnotation(k) && (!ok || has != v) {
			now[k], changed = v, true
		}
	}
	before, had := now[revisionAnnotation]
	n, err := strconv.ParseInt(before, 10, 64)
	if err != nil && before != "" {
		return now, false
	}
	if n >= revision {
		return now, changed
	}
	now[revisionAnnotation] = strconv.FormatInt(revision, 10)
	if had {
		now[revisionHistoryAnnotation] = historyWith(now[revisionHistoryAnnotation], before)
	}
	return now, true
}

// longestHistory bounds the list of numbers that a ReplicaSet has had, in bytes.
const longestHistory = 2000

// historyWith appends a revision to a list, and drops the oldest if it grows too
// long (pkg/controller/deployment/util/deployment_util.go:
// SetNewReplicaSetAnnotations). A list without a first number counts as empty.
func historyWith(history, revision string) string {
	if history == "" || history[0] == ',' {
		return revision
	}
	for len(history)+1+len(revision) > longestHistory {
		_, rest, more := strings.Cut(history, ",")
		if !more {
			return revision
		}
		history = rest
	}
	return history + "," + revision
}

// withAnnotation returns a copy with one more entry.
func withAnnotation(old map[string]string, key, value string) map[string]string {
	now := maps.Clone(old)
	if now == nil {
		now = map[string]string{}
	}
	now[key] = value
	return now
}

package rollout

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/kube"
)

// What the controller writes on ReplicaSets, and of the revision also on the
// Deployment (pkg/controller/deployment/util).
const (
	revisionAnnotation        = "deployment.kubernetes.io/revision"
	revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history"
	desiredAnnotation         = "deployment.kubernetes.io/desired-replicas"
	maxReplicasAnnotation     = "deployment.kubernetes.io/max-replicas"

	templateHashLabel = appsv1.DefaultDeploymentUniqueLabelKey
)

// deployment is one Deployment with what its controller knows of it. Its object
// is shared between forks and never modified; the status is kept beside it.
type deployment struct {
	slot     int32
	key      string // namespace/name
	object   *appsv1.Deployment
	status   appsv1.DeploymentStatus
	selector labels.Selector

	mine    []int32 // slots of its ReplicaSets: the oldest first, then by name
	current int32   // the slot of the first that has its template, or none
	check   int32   // the tick in which progress is to be checked, or none

	queued   syncReasons
	deleting bool // foreground deletion waits for the ReplicaSets
	failure  string
}

func (d *deployment) name() string { return d.key }

func (d *deployment) replicas() int32 { return max(0, *d.object.Spec.Replicas) }

func (d *deployment) rolls() bool {
	return d.object.Spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType
}

func (d *deployment) recreates() bool {
	return d.object.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType
}

// budget is what maxSurge and maxUnavailable come to. A percentage of the surge
// rounds up, one of the unavailable down; two zeros count as one unavailable
// (pkg/controller/deployment/util: MaxSurge, MaxUnavailable, ResolveFenceposts).
func (d *deployment) budget() (surge, unavailable int32) {
	r := d.object.Spec.Strategy.RollingUpdate
	if !d.rolls() || r == nil {
		return 0, 0
	}
	up, err := scaledAmount(r.MaxSurge, d.replicas(), true)
	down, err2 := scaledAmount(r.MaxUnavailable, d.replicas(), false)
	switch {
	case err != nil || err2 != nil:
		return 0, 0
	case up == 0 && down == 0:
		down = 1
	}
	return up, min(down, d.replicas())
}

func scaledAmount(amount *intstr.IntOrString, of int32, up bool) (int32, error) {
	if amount == nil {
		return 0, nil
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(amount, int(of), up)
	return int32(min(max(n, math.MinInt32/2), math.MaxInt32/2)), err
}

// most is how many pods there may be at a time, to go by maxSurge.
func (d *deployment) most() int32 {
	surge, _ := d.budget()
	return d.replicas() + surge
}

// least is how many pods are to be available.
func (d *deployment) least() int32 {
	_, unavailable := d.budget()
	return d.replicas() - unavailable
}

// deadline is progressDeadlineSeconds, if there is one
// (pkg/controller/deployment/util: HasProgressDeadline).
func (d *deployment) deadline() (seconds int32, has bool) {
	p := d.object.Spec.ProgressDeadlineSeconds
	if p == nil || *p == math.MaxInt32 {
		return 0, false
	}
	return *p, true
}

func (d *deployment) reference() *metav1.OwnerReference {
	return metav1.NewControllerRef(d.object, appsv1.SchemeGroupVersion.WithKind("Deployment"))
}

// write returns the Deployment as the API server has it.
func (d *deployment) write() *appsv1.Deployment {
	object := d.object.DeepCopy()
	object.Status = *d.status.DeepCopy()
	return object
}

func (d *deployment) fork() *deployment {
	f := *d
	f.mine = slices.Clone(d.mine)
	return &f
}

// addDeployment takes up a defaulted Deployment.
func (s *Sim) addDeployment(object *appsv1.Deployment) (*deployment, error) {
	d := &deployment{key: keyOf(object), current: none, check: none}
	if err := s.setDeployment(d, object); err != nil {
		return nil, err
	}
	d.slot = s.deployments.add(d)
	return d, nil
}

// setDeployment puts an object in the place of the old one. Without a selector the
// controller would crash where it makes a ReplicaSet (pkg/util/labels:
// CloneSelectorAndAddLabel).
func (s *Sim) setDeployment(d *deployment, object *appsv1.Deployment) error {
	if object.Spec.Selector == nil {
		return errors.New("spec.selector: Required value")
	}
	selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
	if err != nil {
		return err
	}
	d.object, d.selector = object, selector
	d.queued.add(stateChanged | specChanged | ownersChanged)
	return nil
}

// own makes the ReplicaSet one of the Deployment's.
func (s *Sim) own(d *deployment, rs *replicaSet) {
	rs.deployment = d.slot
	i, _ := slices.BinarySearchFunc(d.mine, rs, func(slot int32, rs *replicaSet) int { return byAge(s.sets.at[slot], rs) })
	d.mine = slices.Insert(d.mine, i, rs.slot)
	d.queued.add(stateChanged | specChanged)
}

// disownSet takes the ReplicaSet from its Deployment.
func (s *Sim) disownSet(rs *replicaSet) {
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

// byAge follows pkg/controller: ReplicaSetsByCreationTimestamp.
func byAge(a, b *replicaSet) int {
	x, y := a.object.CreationTimestamp, b.object.CreationTimestamp
	return cmp.Or(x.Time.Compare(y.Time), strings.Compare(a.object.Name, b.object.Name))
}

// findCurrent finds the ReplicaSet that has the Deployment's template: the oldest
// of several (pkg/controller/deployment/util: FindNewReplicaSet).
func (s *Sim) findCurrent(d *deployment) {
	if !d.queued.has(specChanged) {
		return
	}
	d.queued.clear(specChanged)
	was := d.current
	d.current = none
	for _, slot := range d.mine {
		if kube.SameTemplate(&s.sets.at[slot].object.Spec.Template, &d.object.Spec.Template) {
			d.current = slot
			break
		}
	}
	for _, slot := range [...]int32{was, d.current} {
		if slot != none && s.sets.at[slot] != nil {
			s.numberSet(s.sets.at[slot])
		}
	}
}

// currentSet returns the ReplicaSet of the Deployment's template, or nil.
func (s *Sim) currentSet(d *deployment) *replicaSet {
	if d.current == none {
		return nil
	}
	return s.sets.at[d.current]
}

// keyOfSet is the key of the ReplicaSet's Deployment, if it has one.
func (s *Sim) keyOfSet(rs *replicaSet) string {
	if rs.deployment == none {
		return ""
	}
	return s.deployments.at[rs.deployment].key
}

// claimSets adopts ReplicaSets of nobody that the selector matches and releases
// those that it does not match (pkg/controller: ReplicaSetControllerRefManager). It
// gives the slots of those adopted.
func (s *Sim) claimSets(d *deployment) (adopted []int32) {
	if !d.queued.has(ownersChanged) {
		return nil
	}
	d.queued.clear(ownersChanged)
	for _, slot := range slices.Clone(s.sets.order) {
		rs := s.sets.at[slot]
		matches := rs.object.Namespace == d.object.Namespace && d.selector.Matches(labels.Set(rs.object.Labels))
		switch mine := rs.deployment == d.slot; {
		case mine && !matches:
			s.disownSet(rs)
			s.writeOwner(rs, nil)
			s.setsOrphaned()
			s.emit(Event{Kind: Released, Deployment: d.key, Why: Why{Detail: rs.object.Name}})
		case !mine && matches && rs.free() && !rs.deleting && !d.deleting:
			s.own(d, rs)
			s.writeOwner(rs, d)
			s.emit(Event{Kind: Adopted, Deployment: d.key, Why: Why{Detail: rs.object.Name}})
			adopted = append(adopted, slot)
		}
	}
	return adopted
}

// free says whether nothing controls the ReplicaSet.
func (rs *replicaSet) free() bool { return metav1.GetControllerOfNoCopy(rs.object) == nil }

// writeOwner writes whose the ReplicaSet is; nil: nobody's.
func (s *Sim) writeOwner(rs *replicaSet, d *deployment) {
	object := *rs.object
	object.OwnerReferences = slices.DeleteFunc(slices.Clone(object.OwnerReferences), func(ref metav1.OwnerReference) bool {
		return ref.Controller != nil && *ref.Controller
	})
	if d != nil {
		object.OwnerReferences = append(object.OwnerReferences, *d.reference())
	}
	rs.object = &object
	s.numberSet(rs)
	s.setChanged(rs)
}

// setsOrphaned has every Deployment look at ReplicaSets again.
func (s *Sim) setsOrphaned() {
	for _, slot := range s.deployments.order {
		s.deployments.at[slot].queued.add(stateChanged | ownersChanged)
	}
}

func (d *deployment) selectsNothing() bool {
	return equality.Semantic.DeepEqual(d.object.Spec.Selector, &metav1.LabelSelector{})
}

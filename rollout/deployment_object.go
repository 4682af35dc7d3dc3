package rollout

import (
	"math"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Annotations that the controller sets on ReplicaSets, and the revision also on
// the Deployment (pkg/controller/deployment/util/deployment_util.go:
// RevisionAnnotation, RevisionHistoryAnnotation, DesiredReplicasAnnotation,
// MaxReplicasAnnotation).
const (
	revisionAnnotation        = "deployment.kubernetes.io/revision"
	revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history"
	desiredAnnotation         = "deployment.kubernetes.io/desired-replicas"
	maxReplicasAnnotation     = "deployment.kubernetes.io/max-replicas"

	templateHashLabel = appsv1.DefaultDeploymentUniqueLabelKey
)

// deployment is a Deployment with its controller's state. Its object is shared
// between forks and never modified. The status is kept beside it.
type deployment struct {
	slot     int32
	key      string // namespace/name
	fullKey  string // with its kind
	object   *appsv1.Deployment
	status   appsv1.DeploymentStatus
	selector labels.Selector

	mine    []int32 // slots of its ReplicaSets: the oldest first, then by name
	current int32   // the slot of the first that has its template, or none
	check   int32   // the tick of the next progress check, or none

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

// deadline returns progressDeadlineSeconds, if it is set
// (pkg/controller/deployment/util/deployment_util.go: HasProgressDeadline).
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

func (d *deployment) selectsNothing() bool {
	return equality.Semantic.DeepEqual(d.object.Spec.Selector, &metav1.LabelSelector{})
}

// numberOf reads a number of replicas from an annotation
// (pkg/controller/deployment/util/deployment_util.go:
// getNonNegativeInt32FromAnnotation).
func numberOf(text string) (int32, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int32(n), err == nil
}

// complete follows the controller
// (pkg/controller/deployment/util/deployment_util.go: DeploymentComplete).
func (d *deployment) complete(st *appsv1.DeploymentStatus) bool {
	n := d.replicas()
	return st.UpdatedReplicas == n && st.Replicas == n && st.AvailableReplicas == n && st.ObservedGeneration >= d.object.Generation
}

// done reports whether the rollout of the Deployment is complete. A paused
// Deployment is done if it has the desired number of pods, of any template.
func (d *deployment) done() bool {
	st := &d.status
	if d.object.Spec.Paused {
		return !d.deleting && st.ObservedGeneration >= d.object.Generation && st.Replicas == d.replicas() && st.AvailableReplicas == d.replicas()
	}
	return !d.deleting && d.complete(st)
}

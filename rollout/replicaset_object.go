package rollout

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// byAge follows the controller (pkg/controller/controller_utils.go:
// ReplicaSetsByCreationTimestamp).
func byAge(a, b *replicaSet) int {
	x, y := a.object.CreationTimestamp, b.object.CreationTimestamp
	return cmp.Or(x.Time.Compare(y.Time), strings.Compare(a.object.Name, b.object.Name))
}

// free reports whether nothing controls the ReplicaSet.
func (rs *replicaSet) free() bool { return metav1.GetControllerOfNoCopy(rs.object) == nil }

func byRevision(a, b *replicaSet) int {
	return cmp.Or(cmp.Compare(a.revision(), b.revision()), byAge(a, b))
}

// replicaSet is a ReplicaSet with the controllers' state. Its object is shared
// between forks and never modified. The status is kept beside it.
type replicaSet struct {
	slot       int32
	key        string // namespace/name
	object     *appsv1.ReplicaSet
	status     appsv1.ReplicaSetStatus
	deployment int32 // slot of the Deployment that controls it, or none
	selector   labels.Selector
	seen       int32 // its size when the running sync of its Deployment began
	seenAt     int64 // and its generation

	pods    []int32 // in the order in which they came
	class   int32   // of pods that are made now, or none
	classes []int32 // of all pods it has or had
	serial  int32   // last number given to a pod
	taken   []int32 // numbers that adopted pods have, ascending
	denied  denial  // why the API server takes no pod of the template
	over    denial  // why a ResourceQuota took too few pods in the last sync
	requeue requeue

	queued   syncReasons
	deleting bool // foreground deletion waits for the pods
}

// refusal returns why the API server takes too few pods.
func (rs *replicaSet) refusal() denial { return cmp.Or(rs.denied, rs.over) }

func (rs *replicaSet) name() string { return rs.key }

// size returns the desired number of pods: spec.replicas.
func (rs *replicaSet) size() int32 { return max(0, *rs.object.Spec.Replicas) }

func (rs *replicaSet) minReady() simTime { return rs.object.Spec.MinReadySeconds }

// revision follows the controller
// (pkg/controller/deployment/util/deployment_util.go: Revision), 0 where that
// fails.
func (rs *replicaSet) revision() int64 {
	n, _ := strconv.ParseInt(rs.object.Annotations[revisionAnnotation], 10, 64)
	return n
}

func (rs *replicaSet) reference() *metav1.OwnerReference {
	return metav1.NewControllerRef(rs.object, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
}

func (rs *replicaSet) fork() *replicaSet {
	f := *rs
	f.pods, f.classes = slices.Clone(rs.pods), slices.Clone(rs.classes)
	return &f
}

// write returns the ReplicaSet as the API server has it.
func (rs *replicaSet) write() *appsv1.ReplicaSet {
	object := rs.object.DeepCopy()
	object.Status = *rs.status.DeepCopy()
	return object
}

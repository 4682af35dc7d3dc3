package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

// newDaemonSet returns a DaemonSet with only its key, and the last pod number
// that an earlier DaemonSet of that key used.
func newDaemonSet(key string, nodes int, serial int32) *daemonSet {
	return &daemonSet{
		key: key, fullKey: kube.DaemonSetKind + key, jitter: kube.HashName(key), class: none,
		head:       slices.Repeat([]int32{none}, nodes),
		nodeCounts: newNodeCounts(nodes),
		serial:     serial,
	}
}

func (d *daemonSet) name() string { return d.key }

// daemonSet is a DaemonSet with the controller's state. Its object is shared
// between forks and never modified. The status is kept beside it.
type daemonSet struct {
	slot    int32
	key     string // namespace/name
	fullKey string // with its kind
	object  *appsv1.DaemonSet
	status  appsv1.DaemonSetStatus
	jitter  uint64

	// What follows from the object.
	selector labels.Selector
	blind    bool // the selector is empty: the controller leaves the DaemonSet alone
	workload *placement.Workload
	decoded  *corev1.PodTemplateSpec // the template
	patch    []byte                  // of the template
	minReady simTime
	rolling  bool // strategy RollingUpdate
	surges   bool // (pkg/controller/daemon/util/daemonset_util.go: AllowsSurge)
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
	denied   denial // why the API server takes no pod of the template
	over     denial // why a ResourceQuota took too few pods in the last sync
	told     string // what the last event about that says
	requeue  requeue

	head     []int32
	decision []placement.Decision // Excluded where there is no node
	backoffs []backoff            // nil: none yet
	nodeCounts
}

// wants reports whether a sync would find anything that the last one did not.
func (d *daemonSet) wants() bool {
	return d.stale || len(d.dirty) > 0 || d.queued.has(stateChanged|specChanged|ownersChanged)
}

func (d *daemonSet) generation() string {
	return d.object.Annotations[appsv1.DeprecatedTemplateGeneration]
}

// updated follows the controller (pkg/controller/daemon/util/daemonset_util.go:
// IsPodUpdated).
func (d *daemonSet) updated(c *class) bool {
	if d.hash != "" && c.hash == d.hash {
		return true
	}
	g := d.generation()
	return g != "" && c.generation == g
}

// refusal returns why the API server takes too few pods.
func (d *daemonSet) refusal() denial { return cmp.Or(d.denied, d.over) }

// reference returns the ownerReference of what belongs to the DaemonSet.
func (d *daemonSet) reference() *metav1.OwnerReference {
	return metav1.NewControllerRef(d.object, appsv1.SchemeGroupVersion.WithKind("DaemonSet"))
}

func (d *daemonSet) fork() *daemonSet {
	f := *d
	f.revisions = slices.Clone(d.revisions)
	f.classes = slices.Clone(d.classes)
	f.head = slices.Clone(d.head)
	f.decision = slices.Clone(d.decision)
	f.backoffs = slices.Clone(d.backoffs)
	f.nodeCounts = d.nodeCounts.clone()
	return &f
}

// write returns the DaemonSet as the API server has it.
func (d *daemonSet) write() *appsv1.DaemonSet {
	object := d.object.DeepCopy()
	object.Status = *d.status.DeepCopy()
	return object
}

func (d *daemonSet) historyLimit() int {
	if limit := d.object.Spec.RevisionHistoryLimit; limit != nil {
		return int(*limit)
	}
	return 10
}

// numberOf returns the number of the revision with that hash, or 0 if it no
// longer exists.
func (d *daemonSet) numberOf(hash string) int64 {
	for _, r := range d.revisions {
		if hash != "" && r.hash() == hash {
			return r.object.Revision
		}
	}
	return 0
}

// firstGeneration sets what the API server sets on a new object
// (pkg/registry/apps/daemonset/strategy.go: PrepareForCreate;
// pkg/apis/apps/v1/conversion.go: Convert_apps_DaemonSet_To_v1_DaemonSet).
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

func (d *daemonSet) moveSlots(moved []int32, size int) {
	d.head = moveTo(d.head, moved, size, none)
	d.decision = moveTo(d.decision, moved, size, placement.Excluded)
	if d.backoffs != nil {
		d.backoffs = moveTo(d.backoffs, moved, size, backoff{})
	}
	d.nodeCounts = newNodeCounts(size)
}

// complete reports whether every node that wants a pod has an available one.
// Unless the strategy is OnDelete, the pod must also be updated.
func (d *daemonSet) complete() bool {
	s := &d.status
	return !d.deleting && s.ObservedGeneration >= d.object.Generation &&
		s.NumberAvailable == s.DesiredNumberScheduled &&
		(d.object.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType ||
			s.UpdatedNumberScheduled == s.DesiredNumberScheduled)
}

func (d *daemonSet) scaleError(replicas int) error {
	return fmt.Errorf("daemonset %q has no scale and cannot be given %d replicas: it runs one pod on each of its %d eligible nodes; "+
		"to change how many that are, change nodeSelector, affinity or tolerations of its template, or labels and taints of nodes",
		d.object.Name, replicas, d.status.DesiredNumberScheduled)
}

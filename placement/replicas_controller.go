package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// podSet is the set of pods of a controller that are to be placed.
type podSet struct {
	cluster  *cluster.Cluster // with the controller of the pods in it
	owner    metav1.OwnerReference
	meta     metav1.ObjectMeta // of the controller of the pods
	template corev1.PodTemplateSpec
	count    int
	first    int             // ordinal
	alike    bool            // the pods differ only in their names
	inOrder  bool            // a pod is created when the one before is ready
	sets     map[string]bool // names of the controllers whose pods are the team's, or were
	claims   []string        // volumes that a StatefulSet claims for each pod
	paused   string          // why no pod is created
	hashed   string          // a Deployment, whose ReplicaSets are named after it and the hash of their pods
}

func podSetOf(c *cluster.Cluster, controller runtime.Object) (*podSet, error) {
	switch o := controller.(type) {
	case *appsv1.Deployment:
		return deploymentPods(c, o)
	case *appsv1.ReplicaSet:
		return replicaSetPods(c, o, o.Spec.Replicas)
	case *appsv1.StatefulSet:
		return statefulSetPods(c, o)
	}
	return nil, fmt.Errorf("%T: has no replicas", controller)
}

func deploymentPods(c *cluster.Cluster, d *appsv1.Deployment) (*podSet, error) {
	sets := replicaSetsOf(c, d)
	now, paused := currentReplicaSet(sets, d), ""
	if now == nil {
		now = newReplicaSet(c, d)
		if d.Spec.Paused {
			paused = "the Deployment is paused: no ReplicaSet is made for its template"
		}
	}
	t, err := replicaSetPods(c, now, d.Spec.Replicas)
	if err != nil {
		return nil, err
	}
	for _, rs := range sets {
		t.sets[rs.Name] = true
	}
	t.hashed, t.paused = d.Name, paused
	return t, nil
}

// replicaSetsOf returns the Deployment's ReplicaSets, the oldest first.
func replicaSetsOf(c *cluster.Cluster, d *appsv1.Deployment) []*appsv1.ReplicaSet {
	var sets []*appsv1.ReplicaSet
	for _, rs := range borrow.From(c).ReplicaSets() {
		if kube.Controls(d, "Deployment", rs) {
			sets = append(sets, rs)
		}
	}
	slices.SortStableFunc(sets, func(a, b *appsv1.ReplicaSet) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return sets
}

// currentReplicaSet follows the controller
// (pkg/controller/deployment/util/deployment_util.go: FindNewReplicaSet): of
// several ReplicaSets for the template it returns the oldest.
func currentReplicaSet(sets []*appsv1.ReplicaSet, d *appsv1.Deployment) *appsv1.ReplicaSet {
	for _, rs := range sets {
		if kube.SameTemplate(&rs.Spec.Template, &d.Spec.Template) {
			return rs
		}
	}
	return nil
}

// newReplicaSet returns the ReplicaSet that the controller creates for the
// template (pkg/controller/deployment/sync.go: getNewReplicaSet). If the name
// is taken, the controller counts a collision and hashes again.
func newReplicaSet(c *cluster.Cluster, d *appsv1.Deployment) *appsv1.ReplicaSet {
	template, collisions := kube.DecodedTemplate(&d.Spec.Template), d.Status.CollisionCount
	release := borrow.From(c).Release()
	hash := kube.TemplateHash(release, template, collisions)
	for hashTaken(c, d, hash) {
		next := int32(1)
		if collisions != nil {
			next += *collisions
		}
		collisions = &next
		hash = kube.TemplateHash(release, template, collisions)
	}
	rs := &appsv1.ReplicaSet{}
	rs.Namespace, rs.Name = d.Namespace, kube.ReplicaSetName(d.Name, hash)
	rs.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
	rs.Spec.Template, rs.Spec.Selector = *d.Spec.Template.DeepCopy(), d.Spec.Selector.DeepCopy()
	rs.Spec.Template.Labels = kube.WithTemplateHash(rs.Spec.Template.Labels, hash)
	if rs.Spec.Selector != nil {
		rs.Spec.Selector.MatchLabels = kube.WithTemplateHash(rs.Spec.Selector.MatchLabels, hash)
	}
	rs.Labels = rs.Spec.Template.Labels
	return rs
}

func hashTaken(c *cluster.Cluster, d *appsv1.Deployment, hash string) bool {
	_, is := borrow.From(c).ReplicaSet(d.Namespace, kube.ReplicaSetName(d.Name, hash))
	return is
}

func replicaSetPods(c *cluster.Cluster, rs *appsv1.ReplicaSet, replicas *int32) (*podSet, error) {
	n, err := countOf(replicas)
	if err != nil {
		return nil, err
	}
	t := &podSet{template: rs.Spec.Template, alike: true, count: n}
	return t, t.join(c, rs, "ReplicaSet")
}

func statefulSetPods(c *cluster.Cluster, sts *appsv1.StatefulSet) (*podSet, error) {
	n, err := countOf(sts.Spec.Replicas)
	if err != nil {
		return nil, err
	}
	t := &podSet{template: sts.Spec.Template, count: n}
	t.inOrder = sts.Spec.PodManagementPolicy != appsv1.ParallelPodManagement
	for _, claim := range sts.Spec.VolumeClaimTemplates {
		t.claims = append(t.claims, claim.Name)
	}
	if sts.Spec.Ordinals != nil {
		t.first = int(sts.Spec.Ordinals.Start)
	}
	return t, t.join(c, sts, "StatefulSet")
}

// countOf returns the number of replicas, or an error if berth does not accept as
// many. A negative number, which only an unvalidated object can have, is none.
func countOf(replicas *int32) (int, error) {
	if replicas == nil {
		return 1, nil
	}
	n := max(*replicas, 0)
	return int(n), kube.CheckReplicas(&n)
}

// join adds the controller of the pods to the snapshot, where the scheduler
// looks for its selector.
func (t *podSet) join(c *cluster.Cluster, owner replicated, kind string) (err error) {
	t.meta = metav1.ObjectMeta{Namespace: owner.GetNamespace(), Name: owner.GetName()}
	t.owner = *metav1.NewControllerRef(owner, appsv1.SchemeGroupVersion.WithKind(kind))
	t.owner.UID = cmp.Or(t.owner.UID, "0") // any will do
	t.sets = map[string]bool{t.meta.Name: true}
	t.cluster, err = c.With(owner)
	return err
}

// name returns the name of the i-th pod. A real ReplicaSet appends five random
// letters instead of the number.
func (t *podSet) name(i int) string { return t.meta.Name + "-" + strconv.Itoa(t.first+i) }

// pod returns the controller's i-th pod. Pods of a StatefulSet have an identity and
// volumes (pkg/controller/statefulset/stateful_set_utils.go:
// newVersionedStatefulSetPod, updateIdentity, updateStorage).
func (t *podSet) pod(i int) *corev1.Pod {
	pod := kube.PodFromTemplate(t.template.DeepCopy(), t.meta.Name, &t.owner)
	pod.Namespace, pod.Name = t.meta.Namespace, t.name(i)
	if !t.alike {
		if pod.Labels == nil {
			pod.Labels = map[string]string{}
		}
		pod.Labels[appsv1.StatefulSetPodNameLabel] = pod.Name
		pod.Labels[appsv1.PodIndexLabel] = strconv.Itoa(t.first + i)
		t.claim(pod)
	}
	return pod
}

// claim adds the volumes that are claimed for the pod. They replace volumes of
// the same name.
func (t *podSet) claim(pod *corev1.Pod) {
	for _, name := range t.claims {
		claimed := corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name + "-" + pod.Name},
		}}
		pod.Spec.Volumes = slices.DeleteFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
		pod.Spec.Volumes = append(pod.Spec.Volumes, claimed)
	}
}

// room returns the room of the snapshot without the controller's own pods.
func (t *podSet) room() *room {
	account, b := snapshotOf(t.cluster), borrow.From(t.cluster)
	room := account.room.clone()
	room.cluster, room.base = t.cluster, account
	for i := range b.Len() {
		for _, pod := range b.PodsOn(i) {
			if counts(pod) && t.owns(pod) {
				load := loadOf(pod)
				room.absent = append(room.absent, resident{i, pod, load})
				room.remove(load, i)
			}
		}
	}
	return room
}

func (t *podSet) owns(pod *corev1.Pod) bool {
	ref := kube.ControllerOf(pod, t.owner.Kind)
	if ref == nil || pod.Namespace != t.meta.Namespace {
		return false
	}
	hash := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	return t.sets[ref.Name] || t.hashed != "" && hash != "" && ref.Name == kube.ReplicaSetName(t.hashed, hash)
}

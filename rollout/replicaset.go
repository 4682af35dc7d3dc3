package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

// replicaSet is one ReplicaSet with what the controllers know of it. Its object
// is shared between forks and never modified; the status is kept beside it.
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
	denied  string  // why the API server takes no pod of the template

	queued   syncReasons
	deleting bool // foreground deletion waits for the pods
}

func (rs *replicaSet) name() string { return rs.key }

// size is how many pods it is to have: spec.replicas.
func (rs *replicaSet) size() int32 { return max(0, *rs.object.Spec.Replicas) }

func (rs *replicaSet) minReady() stamp { return rs.object.Spec.MinReadySeconds }

// revision follows pkg/controller/deployment/util: Revision, 0 where that fails.
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

// addSet takes up a ReplicaSet whose replicas are defaulted.
func (s *Sim) addSet(object *appsv1.ReplicaSet, owner *deployment) (*replicaSet, error) {
	selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
	if err != nil {
		return nil, err
	}
	rs := &replicaSet{
		key: keyOf(object), object: object, selector: selector, deployment: none, class: none,
		serial: s.serials["replicaset/"+keyOf(object)], queued: stateChanged | ownersChanged,
	}
	rs.slot = s.sets.add(rs)
	if owner != nil {
		s.own(owner, rs)
	}
	s.showSet(object)
	return rs, nil
}

// showSet puts the ReplicaSet into the snapshot, where the scheduler looks for
// its selector.
func (s *Sim) showSet(object *appsv1.ReplicaSet) {
	if next, err := s.cluster.With(object); err == nil {
		s.cluster = next
	}
	if s.room == nil {
		s.survey()
	}
}

// dropSet ends a ReplicaSet that has no pods any more.
func (s *Sim) dropSet(rs *replicaSet) {
	s.serials = maps.Clone(s.serials)
	if s.serials == nil {
		s.serials = map[string]int32{}
	}
	s.serials["replicaset/"+rs.key] = rs.serial
	s.disownSet(rs)
	s.sets.drop(rs.slot)
	if next, err := s.cluster.Without(rs.object); err == nil {
		s.cluster = next
	}
}

// amend puts a changed copy in the place of the ReplicaSet's object. What change
// gets shares all but the annotations with the old one.
func (s *Sim) amend(rs *replicaSet, change func(*appsv1.ReplicaSet)) {
	old := rs.object
	object := *old
	object.Annotations = maps.Clone(old.Annotations)
	if object.Annotations == nil {
		object.Annotations = map[string]string{}
	}
	change(&object)
	if *old.Spec.Replicas != *object.Spec.Replicas || old.Spec.MinReadySeconds != object.Spec.MinReadySeconds {
		object.Generation++
	}
	rs.object = &object
	if old.Spec.MinReadySeconds != object.Spec.MinReadySeconds {
		for _, id := range rs.pods {
			s.arm(id)
		}
	}
	s.numberSet(rs)
	s.setChanged(rs)
}

// setChanged has the ReplicaSet synced, and its Deployment.
func (s *Sim) setChanged(rs *replicaSet) {
	rs.queued.add(stateChanged)
	if rs.deployment != none {
		s.deployments.at[rs.deployment].queued.add(stateChanged)
	}
}

// numberSet notes the revision of the ReplicaSet's pods, for events.
func (s *Sim) numberSet(rs *replicaSet) {
	current := rs.deployment != none && s.deployments.at[rs.deployment].current == rs.slot
	for _, c := range rs.classes {
		s.numbers[c], s.fresh[c] = rs.revision(), current
	}
}

// addSetClass makes a class of the ReplicaSet's pods.
func (s *Sim) addSetClass(rs *replicaSet, c *class) int32 {
	id := s.addClass(nil, c)
	rs.classes = append(rs.classes, id)
	s.numberSet(rs)
	return id
}

// newSetClass is what pods made of the ReplicaSet's template have in common, or
// why the API server makes none of it (pkg/controller: GetPodFromTemplate).
func (s *Sim) newSetClass(rs *replicaSet) (*class, error) {
	template := &rs.object.Spec.Template
	if len(template.Labels) == 0 {
		return nil, fmt.Errorf("unable to create pods, no labels")
	}
	c := newClass(namePrefix(rs.object.Name), template.Labels, &template.Spec)
	pod := kube.PodFromTemplate(template.DeepCopy(), rs.object.Name, rs.reference())
	pod.Name, pod.Namespace = c.prefix+"0", rs.object.Namespace
	pod.Spec.Tolerations = withPatience(pod.Spec.Tolerations)
	if pod.OwnerReferences[0].UID == "" {
		pod.OwnerReferences[0].UID = "0"
	}
	if errs := cluster.Validate(pod); len(errs) > 0 {
		return nil, fmt.Errorf("Pod %q is invalid: %w", c.prefix, errs.ToAggregate())
	}
	w, err := placement.ForPod(pod)
	if err != nil {
		return nil, err
	}
	c.namespace, c.template, c.hash = rs.object.Namespace, template, template.Labels[templateHashLabel]
	c.cost, _ = kube.DeletionCost(pod.Annotations)
	c.tolerates = pod.Spec.Tolerations
	c.priority, c.workload, c.load = kube.Priority(&w.Pod().Spec, s.cluster.Borrow()), w, w.Load()
	return c, nil
}

// classOf is the class of pods that the ReplicaSet makes now; none if it cannot
// make any, for which denied is the reason.
func (s *Sim) classOf(rs *replicaSet) int32 {
	if rs.class == none && rs.denied == "" {
		if c, err := s.newSetClass(rs); err != nil {
			rs.denied = err.Error()
		} else {
			rs.class = s.addSetClass(rs, c)
		}
	}
	return rs.class
}

// join puts the pod on the ReplicaSet's list.
func (s *Sim) join(id int32, rs *replicaSet) {
	s.pods[id].set = rs.slot
	rs.pods = append(rs.pods, id)
	rs.queued.add(stateChanged)
}

// deploymentSlot is that of the pod's Deployment, or none.
func (s *Sim) deploymentSlot(p *pod) int32 {
	if p.set == none {
		return none
	}
	return s.sets.at[p.set].deployment
}

// leave takes the pod off its ReplicaSet's list. A Deployment that recreates
// waits for that (pkg/controller/deployment: deletePod).
func (s *Sim) leave(id int32) {
	p := &s.pods[id]
	if p.set == none {
		return
	}
	rs := s.sets.at[p.set]
	i := slices.Index(rs.pods, id)
	rs.pods = slices.Delete(rs.pods, i, i+1)
	rs.queued.add(stateChanged)
	if rs.deployment != none {
		if d := s.deployments.at[rs.deployment]; d.recreates() {
			d.queued.add(stateChanged)
		}
	}
	p.set = none
}

// write returns the ReplicaSet as the API server has it.
func (rs *replicaSet) write() *appsv1.ReplicaSet {
	object := rs.object.DeepCopy()
	object.Status = *rs.status.DeepCopy()
	return object
}

package rollout

import (
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// replicaSetController follows the controller
// (pkg/controller/replicaset/replica_set.go: ReplicaSetController). What it
// holds between ticks is scratch.
type replicaSetController struct {
	*store
	kubelets  *kubelets
	scheduler *scheduler

	together []int32 // by node, zero: how many pods a scale-down finds there
}

// addSet adds a ReplicaSet with defaulted replicas. The scheduler finds it in the
// snapshot once it is shown.
func (rsc *replicaSetController) addSet(object *appsv1.ReplicaSet, owner *deployment) (*replicaSet, error) {
	selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
	if err != nil {
		return nil, err
	}
	rs := &replicaSet{
		key: kube.Key(object), object: object, selector: selector, deployment: none, class: none,
		serial: rsc.serials["replicaset/"+kube.Key(object)], queued: stateChanged | ownersChanged,
	}
	rs.slot = rsc.replicaSets.add(rs)
	if owner != nil {
		rsc.own(owner, rs)
	}
	return rs, nil
}

// showSet adds the ReplicaSet to the snapshot, where the scheduler finds its
// selector.
func (rsc *replicaSetController) showSet(object *appsv1.ReplicaSet) {
	if next, err := rsc.cluster.With(object); err == nil {
		rsc.cluster = next
	}
	if rsc.room == nil {
		rsc.survey()
	}
}

// dropSet removes a ReplicaSet without pods.
func (rsc *replicaSetController) dropSet(rs *replicaSet) {
	rsc.keepSerial("replicaset/"+rs.key, rs.serial)
	rsc.disownSet(rs)
	rsc.replicaSets.drop(rs.slot)
	if next, err := rsc.cluster.Without(rs.object); err == nil {
		rsc.cluster = next
	}
}

// amend replaces the ReplicaSet's object with a changed copy. The argument of
// change shares all but the annotations with the old object.
func (rsc *replicaSetController) amend(rs *replicaSet, change func(*appsv1.ReplicaSet)) {
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
			rsc.kubelets.arm(id)
		}
	}
	rsc.numberSet(rs)
	rsc.setChanged(rs)
}

// newSetClass returns the class of pods created from the ReplicaSet's template,
// or the error with which the API server refuses them
// (pkg/controller/controller_utils.go: GetPodFromTemplate).
func (rsc *replicaSetController) newSetClass(rs *replicaSet) (*class, error) {
	template := &rs.object.Spec.Template
	if len(template.Labels) == 0 {
		return nil, fmt.Errorf("unable to create pods, no labels")
	}
	c := newClass(namePrefix(rs.object.Name), template.Labels, &template.Spec)
	pod := kube.PodFromTemplate(template.DeepCopy(), rs.object.Name, rs.reference())
	pod.Name, pod.Namespace = c.prefix+"0", rs.object.Namespace
	if pod.OwnerReferences[0].UID == "" {
		pod.OwnerReferences[0].UID = "0"
	}
	pod, refusal := rsc.admit(pod)
	if refusal != nil {
		return nil, refusal
	}
	pod.ResourceVersion = "1" // it is stored: predictions do not admit it again
	w, err := placement.ForPod(pod, placement.AtVersion(rsc.cluster.Version()))
	if err != nil {
		return nil, err
	}
	c.admitted = pod
	c.namespace, c.template, c.hash = rs.object.Namespace, template, template.Labels[templateHashLabel]
	c.cost, _ = kube.DeletionCost(pod.Annotations)
	c.tolerates = pod.Spec.Tolerations
	c.priority, c.workload, c.load = kube.Priority(&w.Pod().Spec, borrow.From(rsc.cluster)), w, room.LoadOfWorkload(w)
	return c, nil
}

// classOf returns the class of pods that the ReplicaSet creates now. It returns
// none if the ReplicaSet cannot create any; denied is the reason.
func (rsc *replicaSetController) classOf(rs *replicaSet) int32 {
	if rs.class != none || rs.denied != (denial{}) {
		return rs.class
	}
	c, err := rsc.newSetClass(rs)
	if err != nil {
		rs.denied = denialOf(err)
		rsc.createFailed(rs)
		return none
	}
	rs.class = rsc.addSetClass(rs, c)
	return rs.class
}

// createFailed records that the API server refuses the pods of a ReplicaSet, as an event
// of the Deployment that controls it. The controller retries, with the same outcome.
func (rsc *replicaSetController) createFailed(rs *replicaSet) {
	why := rs.refusal()
	if rs.deployment == none || why.silent {
		return
	}
	d := rsc.deployments.at[rs.deployment]
	rsc.emit(Event{Kind: EventFailedCreate, Key: d.fullKey, Revision: rs.revision(), Detail: "Error creating: " + why.message})
}

package rollout

import (
	"errors"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/kube"
)

// deploymentController follows the controller
// (pkg/controller/deployment/deployment_controller.go: DeploymentController).
type deploymentController struct {
	*store
	rsc *replicaSetController
}

// addDeployment takes up a defaulted Deployment.
func (dc *deploymentController) addDeployment(object *appsv1.Deployment) (*deployment, error) {
	d := &deployment{key: kube.Key(object), fullKey: kube.DeploymentKind + kube.Key(object), current: none, check: none}
	if err := dc.setDeployment(d, object); err != nil {
		return nil, err
	}
	d.slot = dc.deployments.add(d)
	return d, nil
}

// setDeployment replaces the object. Without a selector the real controller would
// crash when it creates a ReplicaSet (pkg/util/labels/labels.go:
// CloneSelectorAndAddLabel).
func (dc *deploymentController) setDeployment(d *deployment, object *appsv1.Deployment) error {
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

// claimSets adopts ReplicaSets without a controller that the selector matches,
// and releases owned ones that it does not match
// (pkg/controller/controller_ref_manager.go: ReplicaSetControllerRefManager). It
// returns the slots of the adopted ReplicaSets.
func (dc *deploymentController) claimSets(d *deployment) (adopted []int32) {
	if !d.queued.has(ownersChanged) {
		return nil
	}
	d.queued.clear(ownersChanged)
	for _, slot := range slices.Clone(dc.replicaSets.order) {
		rs := dc.replicaSets.at[slot]
		matches := rs.object.Namespace == d.object.Namespace && d.selector.Matches(labels.Set(rs.object.Labels))
		switch mine := rs.deployment == d.slot; {
		case mine && !matches:
			dc.disownSet(rs)
			dc.writeOwner(rs, nil)
			dc.setsOrphaned()
			dc.emit(Event{Kind: EventReleased, Key: d.fullKey, Detail: rs.object.Name})
		case !mine && matches && rs.free() && !rs.deleting && !d.deleting:
			dc.own(d, rs)
			dc.writeOwner(rs, d)
			dc.emit(Event{Kind: EventAdopted, Key: d.fullKey, Detail: rs.object.Name})
			adopted = append(adopted, slot)
		}
	}
	return adopted
}

// writeOwner sets the Deployment that owns the ReplicaSet; nil means no owner.
func (dc *deploymentController) writeOwner(rs *replicaSet, d *deployment) {
	object := *rs.object
	object.OwnerReferences = slices.DeleteFunc(slices.Clone(object.OwnerReferences), func(ref metav1.OwnerReference) bool {
		return ref.Controller != nil && *ref.Controller
	})
	if d != nil {
		object.OwnerReferences = append(object.OwnerReferences, *d.reference())
	}
	rs.object = &object
	dc.numberSet(rs)
	dc.setChanged(rs)
}

// fireProgressChecks queues a sync of each Deployment with a progress check due.
func (dc *deploymentController) fireProgressChecks() {
	for _, slot := range dc.deployments.order {
		if d := dc.deployments.at[slot]; d.check != none && d.check <= dc.now {
			d.check = none
			d.queued.add(stateChanged)
		}
	}
}

// syncAll syncs the Deployments that have changes, ascending by key.
func (dc *deploymentController) syncAll() {
	for _, slot := range slices.Clone(dc.deployments.order) {
		if d := dc.deployments.at[slot]; d.queued.has(stateChanged) {
			dc.syncDeployment(d)
		}
	}
}

// syncDeployment follows the controller
// (pkg/controller/deployment/deployment_controller.go: syncDeployment).
func (dc *deploymentController) syncDeployment(d *deployment) {
	d.queued.clear(stateChanged)
	d.check = none
	y := &deploymentSync{dc: dc, d: d, now: d.status, revision: d.object.Annotations[revisionAnnotation]}
	err := y.run()
	if errors.Is(err, errConflict) {
		d.queued.add(stateChanged)
		err = nil
	}
	message := ""
	if err != nil {
		message = err.Error()
	}
	if message != "" && message != d.failure {
		dc.emit(Event{Kind: EventSyncFailed, Key: d.fullKey, Detail: message})
	}
	d.failure = message
	dc.finishDeployment(d)
}

// finishDeployment removes a Deployment whose foreground deletion has waited for
// its ReplicaSets.
func (dc *deploymentController) finishDeployment(d *deployment) {
	if d.deleting && len(d.mine) == 0 {
		dc.emit(Event{Kind: EventObjectDeleted, Key: d.fullKey})
		dc.deployments.drop(d.slot)
	}
}

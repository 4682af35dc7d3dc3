package rollout

import (
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// deploymentSync is one sync of one Deployment. What it writes to ReplicaSets is
// visible at once; they act on it when they are synced. It holds a copy of the
// Deployment's own status and revision, as the controller does.
type deploymentSync struct {
	dc       *deploymentController
	d        *deployment
	now      appsv1.DeploymentStatus
	revision string
	stale    staleReads
}

// staleReads are the objects that the sync, or its adoption of them, has written
// since it read them. A second write of such an object conflicts, and after a
// conflict the sync writes nothing more.
type staleReads struct {
	deployment bool    // its status or revision was written
	current    bool    // annotations or minReadySeconds of the current ReplicaSet were written
	adopted    []int32 // slots of ReplicaSets that were written because they were adopted
	conflict   bool    // a write has failed
}

// writable reports whether a write of the ReplicaSet succeeds.
func (r *staleReads) writable(rs *replicaSet) bool {
	r.conflict = r.conflict || slices.Contains(r.adopted, rs.slot)
	return !r.conflict
}

// errConflict is the API server's error for a second write based on a read before
// the first. The controller retries from the start, and so does the simulation.
// It is not an event, since it happens in every rollout.
var errConflict = errors.New("the object has been modified")

func (y *deploymentSync) run() error {
	if y.d.selectsNothing() {
		y.now.ObservedGeneration = y.d.object.Generation
		return y.writeIfChanged()
	}
	y.stale.adopted = y.dc.claimSets(y.d)
	for _, slot := range y.d.mine {
		rs := y.dc.replicaSets.at[slot]
		rs.seen, rs.seenAt = rs.size(), rs.object.Generation
	}
	if y.d.deleting {
		return y.statusOnly()
	}
	if err := y.checkPaused(); err != nil {
		return err
	}
	if y.d.object.Spec.Paused {
		return y.scaleOnly()
	}
	switch scaling, err := y.isScaling(); {
	case err != nil:
		return err
	case scaling:
		return y.scaleOnly()
	case y.d.recreates():
		return y.recreate()
	case y.d.rolls():
		return y.rollingUpdate()
	}
	return fmt.Errorf("unexpected deployment strategy type: %s", y.d.object.Spec.Strategy.Type)
}

func (y *deploymentSync) statusOnly() error {
	current, old, err := y.replicaSets(false)
	if err != nil {
		return err
	}
	y.count(current, old)
	return y.writeIfChanged()
}

// scaleOnly syncs a Deployment that is paused or whose number of replicas has
// changed (pkg/controller/deployment/sync.go: sync).
func (y *deploymentSync) scaleOnly() error {
	current, old, err := y.replicaSets(false)
	if err != nil {
		return err
	}
	y.scale(current, old)
	if y.d.object.Spec.Paused {
		y.cleanup(old)
	}
	y.count(current, old)
	return y.writeIfChanged()
}

// isScaling reports whether the ReplicaSets were sized for another number of
// replicas (pkg/controller/deployment/sync.go: isScalingEvent). If this sync has
// already changed a ReplicaSet, the controller's copy is out of date, so a second
// change fails and ends the sync.
func (y *deploymentSync) isScaling() (bool, error) {
	current, old, err := y.replicaSets(false)
	if err != nil {
		return false, err
	}
	if y.stale.current {
		return false, errConflict
	}
	for _, rs := range activeOf(current, old) {
		if desired, ok := numberOf(rs.object.Annotations[desiredAnnotation]); ok && desired != y.d.replicas() {
			return true, nil
		}
	}
	return false, nil
}

// activeOf returns the ReplicaSets with replicas, the old ones first.
func activeOf(current *replicaSet, old []*replicaSet) []*replicaSet {
	active := slices.DeleteFunc(slices.Clone(old), func(rs *replicaSet) bool { return rs.size() == 0 })
	if current != nil && current.size() > 0 {
		active = append(active, current)
	}
	return active
}

// rollingUpdate scales the new ReplicaSet up, or else old ones down, as maxSurge
// and maxUnavailable allow (pkg/controller/deployment/rolling.go:
// rolloutRolling).
func (y *deploymentSync) rollingUpdate() error {
	current, old, err := y.replicaSets(true)
	if err != nil {
		return err
	}
	grown, err := y.growNew(current, old)
	if err != nil {
		return err
	}
	if !grown && !y.shrinkOld(current, old) && y.d.complete(&y.now) {
		y.cleanup(old)
	}
	return y.rolloutStatus(current, old)
}

// growNew follows the controller (pkg/controller/deployment/rolling.go:
// reconcileNewReplicaSet).
func (y *deploymentSync) growNew(current *replicaSet, old []*replicaSet) (bool, error) {
	size := y.d.replicas()
	if current.size() < size {
		var err error
		if size, err = y.sizeOfNew(current, old); err != nil {
			return false, err
		}
	}
	return y.resize(current, size, false), nil
}

// sizeOfNew returns how large the new ReplicaSet may be
// (pkg/controller/deployment/util/deployment_util.go: NewRSNewReplicas). current
// is nil if it is not created yet.
func (y *deploymentSync) sizeOfNew(current *replicaSet, old []*replicaSet) (int32, error) {
	size, all := int32(0), int32(0)
	if current != nil {
		size = current.size()
	}
	if y.d.recreates() {
		return y.d.replicas(), nil
	}
	surge, err := scaledAmount(y.d.object.Spec.Strategy.RollingUpdate.MaxSurge, y.d.replicas(), true)
	if err != nil {
		return 0, err
	}
	for _, rs := range old {
		all += rs.size()
	}
	free := y.d.replicas() + surge - all - size
	return size + max(0, min(free, y.d.replicas()-size)), nil
}

// shrinkOld follows the controller (pkg/controller/deployment/rolling.go:
// reconcileOldReplicaSets). Pods that are not available are deleted first, in any
// ReplicaSet. Then the oldest ReplicaSets shrink. Both are limited by
// maxUnavailable.
func (y *deploymentSync) shrinkOld(current *replicaSet, old []*replicaSet) bool {
	active := activeOf(nil, old)
	if len(active) == 0 {
		return false
	}
	pods := current.size()
	for _, rs := range active {
		pods += rs.size()
	}
	spare := pods - y.d.least() - (current.size() - current.status.AvailableReplicas)
	if spare <= 0 {
		return false
	}
	unhealthy, sound := y.shrinkUnhealthy(active, spare)
	if !sound {
		return false
	}
	available := current.status.AvailableReplicas
	for _, rs := range active {
		available += rs.status.AvailableReplicas
	}
	return unhealthy+y.shrinkHealthy(active, available-y.d.least()) > 0
}

// shrinkUnhealthy follows the controller (pkg/controller/deployment/rolling.go:
// cleanupUnhealthyReplicas). It gives up at a ReplicaSet whose status still
// counts more available pods than its replicas; then no ReplicaSet shrinks
// further in this sync.
func (y *deploymentSync) shrinkUnhealthy(old []*replicaSet, spare int32) (total int32, sound bool) {
	for _, rs := range old {
		n := min(spare-total, rs.size()-rs.status.AvailableReplicas)
		switch {
		case total >= spare:
			return total, true
		case n < 0:
			return total, false
		}
		y.resize(rs, rs.size()-n, false)
		total += n
	}
	return total, true
}

// shrinkHealthy follows the controller (pkg/controller/deployment/rolling.go:
// scaleDownOldReplicaSetsForRollingUpdate).
func (y *deploymentSync) shrinkHealthy(old []*replicaSet, spare int32) (total int32) {
	for _, rs := range old {
		if n := min(spare-total, rs.size()); n > 0 {
			y.resize(rs, rs.size()-n, false)
			total += n
		}
	}
	return total
}

// recreate creates the new ReplicaSet when no pod of an old one runs
// (pkg/controller/deployment/recreate.go: rolloutRecreate).
func (y *deploymentSync) recreate() error {
	current, old, err := y.replicaSets(false)
	if err != nil {
		return err
	}
	shrunk := false
	for _, rs := range activeOf(nil, old) {
		shrunk = y.resize(rs, 0, false) || shrunk
	}
	if shrunk || y.oldPodsRun(old) {
		return y.rolloutStatus(current, old)
	}
	if current == nil {
		if current, old, err = y.replicaSets(true); err != nil {
			return err
		}
	}
	y.resize(current, y.d.replicas(), false)
	if y.d.complete(&y.now) {
		y.cleanup(old)
	}
	return y.rolloutStatus(current, old)
}

// oldPodsRun follows the controller (pkg/controller/deployment/recreate.go:
// oldPodsRunning): pods on their way out run too.
func (y *deploymentSync) oldPodsRun(old []*replicaSet) bool {
	for _, rs := range old {
		if rs.status.Replicas > 0 {
			return true
		}
		for _, id := range rs.pods {
			if !y.dc.pods[id].terminal() {
				return true
			}
		}
	}
	return false
}

// write stores the status and the revision.
func (y *deploymentSync) write() error {
	d := y.d
	if y.stale.deployment || y.stale.conflict {
		return errConflict
	}
	y.stale.deployment = true
	y.noteConditions(d.status.Conditions, y.now.Conditions)
	d.status = y.now
	d.queued.add(stateChanged)
	if d.object.Annotations[revisionAnnotation] != y.revision {
		object := *d.object
		object.Annotations = withAnnotation(object.Annotations, revisionAnnotation, y.revision)
		d.object = &object
	}
	return nil
}

func (y *deploymentSync) writeIfChanged() error {
	if !y.stale.conflict && equality.Semantic.DeepEqual(y.d.status, y.now) {
		return nil
	}
	return y.write()
}

// cleanup removes old ReplicaSets without pods beyond revisionHistoryLimit, the
// lowest revision first. A ReplicaSet that cannot be removed counts too. cleanup
// does not see the changes that this sync has made: the only ReplicaSet of a
// paused Deployment can be removed in the sync that scales it up
// (pkg/controller/deployment/sync.go: cleanupDeployment).
func (y *deploymentSync) cleanup(old []*replicaSet) {
	limit := y.d.object.Spec.RevisionHistoryLimit
	if limit == nil || y.stale.conflict {
		return
	}
	old = slices.DeleteFunc(slices.Clone(old), func(rs *replicaSet) bool { return rs.deleting })
	excess := len(old) - int(*limit)
	if excess <= 0 {
		return
	}
	slices.SortFunc(old, byRevision)
	for _, rs := range old[:min(excess, len(old))] {
		if rs.status.Replicas == 0 && rs.seen == 0 && rs.seenAt <= rs.status.ObservedGeneration {
			y.dc.emit(Event{Kind: EventRevisionDeleted, Deployment: y.d.key, Revision: rs.revision(), Why: Why{Detail: rs.object.Name}})
			y.dc.rsc.collectSet(rs)
		}
	}
}

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
			y.dc.emit(Event{Kind: EventRevisionDeleted, Key: y.d.fullKey, Revision: rs.revision(), Detail: rs.object.Name})
			y.dc.rsc.collectSet(rs)
		}
	}
}

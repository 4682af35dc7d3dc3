package rollout

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
)

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

// scale distributes a new number of replicas over the ReplicaSets. If only one
// has pods it gets them all. In the middle of a rollout each gets its share, so
// the rollout moves neither forward nor back (pkg/controller/deployment/sync.go:
// scale).
func (y *deploymentSync) scale(current *replicaSet, old []*replicaSet) {
	slices.SortFunc(old, func(a, b *replicaSet) int { return byAge(b, a) })
	active := activeOf(current, old)
	switch only := soleOf(active, current, old); {
	case only != nil:
		y.resize(only, y.d.replicas(), false)
	case len(active) == 0:
	case current != nil && y.saturated(current):
		for _, rs := range activeOf(nil, old) {
			y.resize(rs, 0, false)
		}
	case y.d.rolls():
		y.share(active)
	}
}

// soleOf returns the one ReplicaSet that gets all replicas, if none or one is
// active (pkg/controller/deployment/util/deployment_util.go: FindActiveOrLatest).
func soleOf(active []*replicaSet, current *replicaSet, old []*replicaSet) *replicaSet {
	switch {
	case len(active) == 1:
		return active[0]
	case len(active) > 1:
		return nil
	case current != nil:
		return current
	case len(old) > 0:
		return old[0]
	}
	return nil
}

// saturated follows the controller
// (pkg/controller/deployment/util/deployment_util.go: IsSaturated).
func (y *deploymentSync) saturated(rs *replicaSet) bool {
	desired, err := strconv.Atoi(rs.object.Annotations[desiredAnnotation])
	return err == nil && rs.size() == y.d.replicas() && int32(desired) == y.d.replicas() && rs.status.AvailableReplicas == y.d.replicas()
}

// share distributes the difference among the active ReplicaSets, the largest
// first. The largest also takes what rounding leaves over. Among equals the
// newest grows first and the oldest shrinks first.
func (y *deploymentSync) share(active []*replicaSet) {
	allowed, all := int32(0), int32(0)
	if y.d.replicas() > 0 {
		allowed = y.d.most()
	}
	for _, rs := range active {
		all += rs.size()
	}
	missing := allowed - all
	slices.SortStableFunc(active, func(a, b *replicaSet) int {
		switch age := byAge(a, b); {
		case missing > 0:
			return cmp.Or(cmp.Compare(b.size(), a.size()), -age)
		case missing < 0:
			return cmp.Or(cmp.Compare(b.size(), a.size()), age)
		}
		return 0
	})
	sizes := make([]int32, len(active))
	left := missing
	for i, rs := range active {
		part := y.part(rs, missing, left)
		sizes[i] = rs.size() + part
		left -= part
	}
	sizes[0] = max(0, sizes[0]+left)
	for i, rs := range active {
		y.resize(rs, sizes[i], true)
	}
}

// part returns how many of the missing replicas a ReplicaSet gets, or how many of
// the surplus it loses, limited to what is left
// (pkg/controller/deployment/util/deployment_util.go: GetReplicaSetProportion,
// getReplicaSetFraction).
func (y *deploymentSync) part(rs *replicaSet, missing, left int32) int32 {
	switch {
	case missing == 0 || left == 0:
		return 0
	case missing > 0:
		return min(y.fraction(rs), left)
	}
	return max(y.fraction(rs), left)
}

func (y *deploymentSync) fraction(rs *replicaSet) int32 {
	if y.d.replicas() == 0 {
		return -rs.size()
	}
	before, ok := numberOf(rs.object.Annotations[maxReplicasAnnotation])
	if !ok || before == 0 {
		before = y.now.Replicas
	}
	if before == 0 {
		return 0
	}
	return int32(math.Round(float64(rs.size()*y.d.most())/float64(before))) - rs.size()
}

// resize sets the size of a ReplicaSet and notes the number of replicas that it
// was sized for. If forced, it also does so where only the note differs
// (pkg/controller/deployment/sync.go: scaleReplicaSet). It reports whether the
// size has changed.
func (y *deploymentSync) resize(rs *replicaSet, size int32, forced bool) bool {
	before := rs.size()
	desired, most := fmt.Sprint(y.d.replicas()), fmt.Sprint(y.d.most())
	noted := rs.object.Annotations[desiredAnnotation] == desired && rs.object.Annotations[maxReplicasAnnotation] == most
	if size == before && (!forced || noted) || !y.stale.writable(rs) {
		return false
	}
	y.dc.rsc.amend(rs, func(o *appsv1.ReplicaSet) {
		o.Spec.Replicas = &size
		o.Annotations[desiredAnnotation], o.Annotations[maxReplicasAnnotation] = desired, most
	})
	if size == before {
		return false
	}
	way := "down"
	if size > before {
		way = "up"
	}
	y.noteScale(rs, fmt.Sprintf("Scaled %s replica set %s from %d to %d", way, rs.object.Name, before, size))
	return true
}

// noteScale emits the event ScalingReplicaSet.
func (y *deploymentSync) noteScale(rs *replicaSet, words string) {
	y.dc.emit(Event{Kind: EventScaled, Key: y.d.fullKey, Revision: rs.revision(), Detail: words})
}

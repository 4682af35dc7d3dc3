package rollout

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

package rollout

import (
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// scaled caches a computed update limit: the number of nodes seldom changes.
type scaled struct {
	known                  bool
	of, surge, unavailable int
}

// budget returns maxSurge and maxUnavailable as numbers of nodes, for the nodes
// desired at this sync (pkg/controller/daemon/update.go:
// updatedDesiredNodeCounts). Percentages round up; two zeros count as one
// unavailable.
func (d *daemonSet) budget() (surge, unavailable int, err error) {
	wanted := d.number(desired)
	if last := &d.scaled; last.known && last.of == wanted {
		return last.surge, last.unavailable, nil
	}
	if unavailable, err = d.maxUnavailable(wanted); err != nil {
		return 0, 0, fmt.Errorf("invalid value for MaxUnavailable: %w", err)
	}
	if surge, err = d.maxSurge(wanted); err != nil {
		return 0, 0, fmt.Errorf("invalid value for MaxSurge: %w", err)
	}
	if wanted > 0 && unavailable == 0 && surge == 0 {
		unavailable = 1
	}
	surge, unavailable = min(surge, math.MaxInt32), min(unavailable, math.MaxInt32)
	d.scaled = scaled{true, wanted, surge, unavailable}
	return surge, unavailable, nil
}

// maxSurge follows the controller
// (pkg/controller/daemon/util/daemonset_util.go: SurgeCount).
func (d *daemonSet) maxSurge(of int) (int, error) {
	if r := d.object.Spec.UpdateStrategy.RollingUpdate; d.rolling && r != nil && r.MaxSurge != nil {
		return intstr.GetScaledValueFromIntOrPercent(r.MaxSurge, of, true)
	}
	return 0, nil
}

// maxUnavailable follows the controller
// (pkg/controller/daemon/util/daemonset_util.go: UnavailableCount).
func (d *daemonSet) maxUnavailable(of int) (int, error) {
	if r := d.object.Spec.UpdateStrategy.RollingUpdate; d.rolling && r != nil {
		return intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, of, true)
	}
	return 0, nil
}

package rollout

import (
	"math"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// budget returns maxSurge and maxUnavailable as numbers of pods. A percentage of
// maxSurge rounds up, one of maxUnavailable down; two zeros count as one
// unavailable (pkg/controller/deployment/util/deployment_util.go: MaxSurge,
// MaxUnavailable, ResolveFenceposts).
func (d *deployment) budget() (surge, unavailable int32) {
	r := d.object.Spec.Strategy.RollingUpdate
	if !d.rolls() || r == nil {
		return 0, 0
	}
	up, err := scaledAmount(r.MaxSurge, d.replicas(), true)
	down, err2 := scaledAmount(r.MaxUnavailable, d.replicas(), false)
	switch {
	case err != nil || err2 != nil:
		return 0, 0
	case up == 0 && down == 0:
		down = 1
	}
	return up, min(down, d.replicas())
}

func scaledAmount(amount *intstr.IntOrString, of int32, up bool) (int32, error) {
	if amount == nil {
		return 0, nil
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(amount, int(of), up)
	return int32(min(max(n, math.MinInt32/2), math.MaxInt32/2)), err
}

// most returns how many pods maxSurge allows at a time.
func (d *deployment) most() int32 {
	surge, _ := d.budget()
	return d.replicas() + surge
}

// least returns how many pods must be available.
func (d *deployment) least() int32 {
	_, unavailable := d.budget()
	return d.replicas() - unavailable
}

package rollout

import (
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// raise finds the smallest budget with which the rollout gets as far as it does
// with the greatest, as a percentage where the DaemonSet has one and that is enough.
func (x *exam) raise() (candidate, bool) {
	now := x.amount()
	if now == nil || len(x.blocked) == 0 {
		return candidate{}, false
	}
	if now.Type == intstr.String {
		percent, _ := strconv.Atoi(strings.TrimSuffix(now.StrVal, "%"))
		if c, ok := x.smallestBudget(percent, 100, "%"); ok {
			return c, true
		}
	}
	return x.smallestBudget(x.budget, int(x.plenty()), "")
}

// smallestBudget searches between a number that is not enough and the greatest. A
// greater budget lets the rollout get no less far.
func (x *exam) smallestBudget(low, high int, unit string) (candidate, bool) {
	with := func(n int) candidate {
		a := intstr.Parse(strconv.Itoa(n) + unit)
		return candidate{ChangeBudget, fmt.Sprintf("set %s to %v", x.budgetName(), &a), []Input{x.withBudget(a)}}
	}
	best, ok := x.try(with(high))
	if !ok || low >= high {
		return candidate{}, false
	}
	for low+1 < high { // low is not enough, high is
		middle := (low + high) / 2
		if r, ok := x.try(with(middle)); ok && len(r.Leaves) <= len(best.Leaves) {
			high = middle
		} else {
			low = middle
		}
	}
	return with(high), true
}

func (x *exam) budgetName() string {
	if x.surge {
		return "maxSurge"
	}
	return "maxUnavailable"
}

// amount is the budget as the DaemonSet says it; nil if it has none.
func (x *exam) amount() *intstr.IntOrString {
	r := x.d.object.Spec.UpdateStrategy.RollingUpdate
	switch {
	case !x.d.rolling || r == nil:
		return nil
	case x.surge:
		return r.MaxSurge
	}
	return r.MaxUnavailable
}

// withBudget applies the DaemonSet as it is but for its budget.
func (x *exam) withBudget(a intstr.IntOrString) Input {
	zero := intstr.FromInt32(0)
	if x.surge {
		return x.strategy(ChangeBudget, "", zero, &a).inputs[0]
	}
	return x.strategy(ChangeBudget, "", a, nil).inputs[0]
}

// strategy applies the DaemonSet as it is but for its strategy.
func (x *exam) strategy(m Means, does string, unavailable intstr.IntOrString, surge *intstr.IntOrString) candidate {
	ds := x.d.object.DeepCopy()
	ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{
		Type:          appsv1.RollingUpdateDaemonSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &unavailable, MaxSurge: surge},
	}
	return candidate{m, does, []Input{Apply{DaemonSet: ds}}}
}

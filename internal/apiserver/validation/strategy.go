package validation

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkDaemonSetStrategy follows the API server
// (pkg/apis/apps/validation/validation.go: ValidateDaemonSetUpdateStrategy). It
// refuses maxSurge alone: maxUnavailable is 1 by default, and only one of the two
// may be nonzero.
func checkDaemonSetStrategy(at fieldErrors, strategy *appsv1.DaemonSetUpdateStrategy) {
	switch strategy.Type {
	case appsv1.OnDeleteDaemonSetStrategyType:
	case appsv1.RollingUpdateDaemonSetStrategyType:
		if strategy.RollingUpdate == nil {
			at.child("rollingUpdate").required("")
			return
		}
		checkDaemonSetRollingUpdate(at.child("rollingUpdate"), strategy.RollingUpdate)
	default:
		unsupported(at, strategy, appsv1.RollingUpdateDaemonSetStrategyType, appsv1.OnDeleteDaemonSetStrategyType)
	}
}

func checkDaemonSetRollingUpdate(at fieldErrors, update *appsv1.RollingUpdateDaemonSet) {
	unavailable, surge := orZero(update.MaxUnavailable), orZero(update.MaxSurge)
	checkShare(at.child("maxUnavailable"), unavailable)
	checkShare(at.child("maxSurge"), surge)
	checkAtMostAll(at.child("maxUnavailable"), unavailable)
	checkAtMostAll(at.child("maxSurge"), surge)
	switch hasUnavailable, hasSurge := amount(unavailable) != 0, amount(surge) != 0; {
	case hasUnavailable && hasSurge:
		at.child("maxSurge").invalid(surge, "may not be set when maxUnavailable is non-zero")
	case !hasUnavailable && !hasSurge:
		at.child("maxUnavailable").required("cannot be 0 when maxSurge is 0")
	}
}

// checkDeploymentStrategy follows ValidateDeploymentStrategy, as above. A surge of
// more than all replicas is valid.
func checkDeploymentStrategy(at fieldErrors, strategy *appsv1.DeploymentStrategy) {
	switch strategy.Type {
	case appsv1.RecreateDeploymentStrategyType:
		if strategy.RollingUpdate != nil {
			at.child("rollingUpdate").forbidden("may not be specified when strategy `type` is 'Recreate'")
		}
	case appsv1.RollingUpdateDeploymentStrategyType:
		update := at.child("rollingUpdate")
		if strategy.RollingUpdate == nil {
			update.required("this should be defaulted and never be nil")
			return
		}
		unavailable, surge := orZero(strategy.RollingUpdate.MaxUnavailable), orZero(strategy.RollingUpdate.MaxSurge)
		checkShare(update.child("maxUnavailable"), unavailable)
		checkShare(update.child("maxSurge"), surge)
		if amount(unavailable) == 0 && amount(surge) == 0 {
			update.child("maxUnavailable").invalid(unavailable, "may not be 0 when `maxSurge` is 0")
		}
		checkAtMostAll(update.child("maxUnavailable"), unavailable)
	default:
		unsupported(at, strategy, appsv1.RecreateDeploymentStrategyType, appsv1.RollingUpdateDeploymentStrategyType)
	}
}

// checkStatefulSetStrategy follows ValidateStatefulSetSpec and
// validateRollingUpdateStatefulSet, as above. The strategy Recreate needs a gate
// that is off (StatefulSetRecreateStrategy).
func checkStatefulSetStrategy(at fieldErrors, strategy *appsv1.StatefulSetUpdateStrategy) {
	update := strategy.RollingUpdate
	switch {
	case strategy.Type == "":
		at.required("")
	case strategy.Type == appsv1.OnDeleteStatefulSetStrategyType:
		if update != nil {
			at.child("rollingUpdate").invalid(update, "only allowed for updateStrategy 'RollingUpdate'")
		}
	case strategy.Type != appsv1.RollingUpdateStatefulSetStrategyType:
		at.invalid(strategy, "must be 'RollingUpdate' or 'OnDelete'")
	case update != nil:
		checkNotNegative(at.child("rollingUpdate", "partition"), orZero(update.Partition))
		if update.MaxUnavailable != nil {
			checkStatefulSetUnavailable(at.child("rollingUpdate", "maxUnavailable"), *update.MaxUnavailable)
		}
	}
}

func checkStatefulSetUnavailable(at fieldErrors, unavailable intstr.IntOrString) {
	checkShare(at, unavailable)
	if amount(unavailable) == 0 {
		at.invalid(unavailable, "cannot be 0")
	}
	checkAtMostAll(at, unavailable)
}

// checkShare follows ValidatePositiveIntOrPercent: a number of pods or a percentage.
func checkShare(at fieldErrors, share intstr.IntOrString) {
	switch share.Type {
	case intstr.String:
		at.invalidFor(share, validation.IsValidPercent(share.StrVal))
	case intstr.Int:
		checkNotNegative(at, share.IntVal)
	default:
		at.invalid(share, "must be an integer or percentage (e.g '5%%')")
	}
}

// checkAtMostAll follows IsNotMoreThan100Percent.
func checkAtMostAll(at fieldErrors, share intstr.IntOrString) {
	if percent, ok := percentage(share); ok && percent > 100 {
		at.invalid(share, "must not be greater than 100%")
	}
}

// amount returns the number or the percentage. Other text counts as 0, unless it is
// a number (getIntOrPercentValue).
func amount(share intstr.IntOrString) int {
	if percent, ok := percentage(share); ok {
		return percent
	}
	return share.IntValue()
}

// percentage parses a percentage. A number too large for an int becomes the largest
// int.
func percentage(share intstr.IntOrString) (percent int, ok bool) {
	if share.Type != intstr.String || len(validation.IsValidPercent(share.StrVal)) > 0 {
		return 0, false
	}
	percent, _ = strconv.Atoi(share.StrVal[:len(share.StrVal)-1])
	return percent, true
}

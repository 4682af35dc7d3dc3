package validation

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkTolerations follows the API server (pkg/apis/core/validation/validation.go:
// ValidateTolerations). A bad value is reported at operator. Lt and Gt need a gate
// that is off (TaintTolerationComparisonOperators).
func checkTolerations(at fieldErrors, tolerations []corev1.Toleration) {
	for i, t := range tolerations {
		here := at.item(i)
		operator, effect := here.child("operator"), here.child("effect")
		if t.Key != "" {
			checkLabelKey(here.child("key"), t.Key)
		} else if t.Operator != corev1.TolerationOpExists {
			operator.invalid(t.Operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")
		}
		if t.TolerationSeconds != nil && t.Effect != corev1.TaintEffectNoExecute {
			effect.invalid(t.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
		}
		checkTolerationValue(operator, t)
		if t.Effect != "" {
			checkOneOf(effect, t.Effect, TaintEffects...)
		}
	}
}

func checkTolerationValue(at fieldErrors, t corev1.Toleration) {
	switch t.Operator {
	case corev1.TolerationOpEqual, "":
		if wrong := validation.IsValidLabelValue(t.Value); len(wrong) > 0 {
			at.invalid(t.Value, strings.Join(wrong, ";"))
		}
	case corev1.TolerationOpExists:
		if t.Value != "" {
			at.invalid(t.Value, "value must be empty when `operator` is 'Exists'")
		}
	case corev1.TolerationOpLt, corev1.TolerationOpGt:
		unsupported(at, t.Operator, corev1.TolerationOpEqual, corev1.TolerationOpExists,
			corev1.TolerationOpLt, corev1.TolerationOpGt)
	default:
		unsupported(at, t.Operator, corev1.TolerationOpEqual, corev1.TolerationOpExists)
	}
}

package kube

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Tolerates reports whether the toleration matches the taint: the taint then
// neither keeps the pod off the node nor evicts it. It ignores tolerationSeconds,
// which limits how long the pod stays. It follows
// corev1.Toleration.ToleratesTaint with the gate
// TaintTolerationComparisonOperators off, as it is by default: Lt and Gt match
// nothing.
func Tolerates(t *corev1.Toleration, taint *corev1.Taint) bool {
	return ToleratesEffect(t, taint) && ToleratesKey(t, taint) && ToleratesValue(t, taint)
}

// ToleratesEffect reports whether the toleration is for the taint's effect.
func ToleratesEffect(t *corev1.Toleration, taint *corev1.Taint) bool {
	return t.Effect == "" || t.Effect == taint.Effect
}

// ToleratesKey reports whether the toleration is for the taint's key.
func ToleratesKey(t *corev1.Toleration, taint *corev1.Taint) bool {
	return t.Key == "" || t.Key == taint.Key
}

// ToleratesValue reports whether the toleration is for the taint's value.
func ToleratesValue(t *corev1.Toleration, taint *corev1.Taint) bool {
	switch t.Operator {
	case corev1.TolerationOpExists:
		return true
	case corev1.TolerationOpEqual, "":
		return t.Value == taint.Value
	}
	return false
}

// WithDefaultTolerations returns the tolerations with those that the API server adds
// to a new pod: for five minutes it tolerates that its node is not ready or
// unreachable. A toleration of the taint's key or of any key is the pod's own answer,
// whatever its value, like those of daemon pods
// (plugin/pkg/admission/defaulttolerationseconds/admission.go: Admit). The argument is
// not modified.
func WithDefaultTolerations(list []corev1.Toleration) []corev1.Toleration {
	own := list
	for _, key := range [...]string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		taint := corev1.Taint{Key: key, Effect: corev1.TaintEffectNoExecute}
		answers := func(t corev1.Toleration) bool { return ToleratesKey(&t, &taint) && ToleratesEffect(&t, &taint) }
		if !slices.ContainsFunc(own, answers) {
			list = append(slices.Clip(list), corev1.Toleration{
				Key: key, Operator: corev1.TolerationOpExists, Effect: taint.Effect, TolerationSeconds: new(int64(300)),
			})
		}
	}
	return list
}

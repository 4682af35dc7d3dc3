package kube

import corev1 "k8s.io/api/core/v1"

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

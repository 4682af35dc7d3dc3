package gen

import (
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

// TolerationOperators are the operators of the API, feature gates included, and an unknown one.
var TolerationOperators = []corev1.TolerationOperator{
	corev1.TolerationOpExists, corev1.TolerationOpExists, corev1.TolerationOpEqual, corev1.TolerationOpEqual,
	"", corev1.TolerationOpLt, corev1.TolerationOpGt, "In",
}

// Toleration draws any toleration, valid or not, and the forms that the
// DaemonSet controller's own ones collide with.
func Toleration(t *rapid.T) corev1.Toleration {
	own := corev1.Toleration{
		Key:      pick(t, "toleration", taintKeys...),
		Operator: pick(t, "operator", TolerationOperators...),
		Effect:   pick(t, "effect", effects...),
	}
	if own.Operator != corev1.TolerationOpExists || oneIn(t, 10, "value with Exists") {
		own.Value = pick(t, "value", taintValues...)
	}
	if oneIn(t, 3, "any effect") {
		own.Effect = ""
	}
	if oneIn(t, 4, "for a while") {
		own.TolerationSeconds = ptr(pick[int64](t, "seconds", 0, 5, -1))
	}
	if oneIn(t, 12, "everything") {
		own.Key, own.Operator, own.Value = "", corev1.TolerationOpExists, ""
	}
	return own
}

// Tolerations draws a list, now and then with one in it twice.
func Tolerations(t *rapid.T) []corev1.Toleration {
	list := fewest(t, 3, "tolerations", Toleration)
	if len(list) > 0 && oneIn(t, 8, "one twice") {
		list = append(list, *list[0].DeepCopy())
	}
	return list
}

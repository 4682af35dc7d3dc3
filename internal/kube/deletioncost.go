package kube

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// DeletionCost returns the value of the annotation
// controller.kubernetes.io/pod-deletion-cost, and whether it is valid
// (pkg/apis/core/helper/helpers.go: GetDeletionCostFromPodAnnotations). A missing or
// invalid cost is 0; ok is false only for an invalid one.
func DeletionCost(annotations map[string]string) (cost int32, ok bool) {
	text, set := annotations[corev1.PodDeletionCost]
	if !set {
		return 0, true
	}
	// Neither a plus sign nor leading zeros, unless after a minus.
	if text == "" || text[0] == '+' || text[0] == '0' && text != "0" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, false
	}
	return int32(n), true
}

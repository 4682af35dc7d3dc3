package kube

import (
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
)

// ZoneOf returns the region and the zone of a node, which together name a failure
// zone (k8s.io/component-helpers/node/topology/helpers.go: GetZoneKey).
func ZoneOf(node *corev1.Node) (region, zone string) {
	label := func(beta, stable string) string {
		if value, ok := node.Labels[beta]; ok {
			return value
		}
		return node.Labels[stable]
	}
	return label(corev1.LabelFailureDomainBetaRegion, corev1.LabelTopologyRegion), label(corev1.LabelFailureDomainBetaZone, corev1.LabelTopologyZone)
}

// LeasePhase draws in which second of ten the kubelet of a node renews its lease.
func LeasePhase(seed uint64, node string) int32 {
	return int32(rand.New(rand.NewPCG(seed, HashName(node))).Uint64() % 10)
}

// Package placementtest checks code that has an opinion of its own on where
// DaemonSets run: an autoscaler that counts their overhead, a controller that
// reimplements them, a cost report. It asks that code about claims of what
// Kubernetes 1.37 does, each about one node and one DaemonSet, and then about
// pairs drawn at random, whose answers are those of package placement.
//
// This is a complete test:
//
//	package overhead_test
//
//	import (
//		"testing"
//
//		appsv1 "k8s.io/api/apps/v1"
//		corev1 "k8s.io/api/core/v1"
//
//		"github.com/berthsim/berth/placement/placementtest"
//	)
//
//	// runs stands for the function under test.
//	func runs(ds *appsv1.DaemonSet, node *corev1.Node) bool {
//		for key, value := range ds.Spec.Template.Spec.NodeSelector {
//			if node.Labels[key] != value {
//				return false
//			}
//		}
//		return true
//	}
//
//	func TestRunsAgreesWithKubernetes(t *testing.T) {
//		placementtest.Wants(t, runs)
//	}
//
// It fails with a line for each claim that does not hold, which is the list of
// what is to be done. What a claim says is in words of package clustertest, as
// source to paste.
//
// For a whole controller there is Follows in package rollout/rollouttest.
//
// Not promised: that code without a failure here agrees with Kubernetes on
// everything. Whether a pod fits beside the others is not asked.
package placementtest

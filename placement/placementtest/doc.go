// Package placementtest checks code that predicts where DaemonSets run, such as an
// autoscaler that counts their overhead, a controller that reimplements them, or a cost
// report.
//
// There are three names. A [Predicate] is the function under test. [Wants] checks that it
// returns true where Kubernetes creates a pod, [Keeps] where Kubernetes lets one run.
// Each checks claims about Kubernetes 1.37, one node and one DaemonSet at a time, then
// draws pairs at random and compares the answers with package placement.
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
// It fails with a line for each claim that does not hold. A claim describes its
// objects in the words of package clustertest, as source to paste.
//
// For a whole controller use Follows in package rollout/rollouttest.
//
// A function that passes may still disagree with Kubernetes. Whether a pod fits
// beside other pods is not checked.
package placementtest

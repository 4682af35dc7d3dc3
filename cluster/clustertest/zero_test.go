package clustertest_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/zero"
)

// Zero values return zero values or errors.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		clustertest.Spec{}, clustertest.NodeChange{}, clustertest.World(nil),
		clustertest.WithNodes, clustertest.Clusters, clustertest.DaemonSet, clustertest.DaemonSets, clustertest.NodeChanges, clustertest.NodeFaults, clustertest.Object[*corev1.Node],
		clustertest.WithLabelsOf, clustertest.Given, clustertest.WithHealthyNodes, clustertest.Node, clustertest.WithPools, clustertest.WithPlatforms,
		clustertest.Parse, clustertest.ParseWorld, clustertest.Pod, clustertest.Pods, clustertest.Pool, clustertest.Pools,
		clustertest.Updates, clustertest.WithPods, clustertest.WithWords,
	)
}

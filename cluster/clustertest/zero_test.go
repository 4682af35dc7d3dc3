package clustertest_test

import (
	"testing"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/zero"
)

// Zero values return zero values or errors.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		clustertest.DaemonSetSpec{}, clustertest.NodeChange{}, clustertest.NodeSpec{}, clustertest.Platform(0), clustertest.PodSpec{},
		clustertest.PoolKind(0), clustertest.World(nil),
		clustertest.WithNodes, clustertest.Clusters, clustertest.DaemonSet, clustertest.DaemonSets, clustertest.NodeChanges, clustertest.NodeFaults,
		clustertest.WithLabelsOf, clustertest.Given, clustertest.WithHealthyNodes, clustertest.WithKey, clustertest.Node, clustertest.WithPools, clustertest.WithPlatforms,
		clustertest.Parse, clustertest.ParseWorld, clustertest.Pod, clustertest.Pods, clustertest.Pool, clustertest.Pools,
		clustertest.Updates, clustertest.WithPods, clustertest.WithWords,
	)
}

package clustertest_test

import (
	"testing"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/zero"
)

// Nothing asked of nothing is answered with nothing, or with an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		clustertest.DaemonSetSpec{}, clustertest.Edit{}, clustertest.NodeSpec{}, clustertest.Platform(0), clustertest.PodSpec{},
		clustertest.Shape(0), clustertest.World(nil),
		clustertest.Between, clustertest.Clusters, clustertest.DaemonSet, clustertest.DaemonSets, clustertest.Edits, clustertest.Faults,
		clustertest.For, clustertest.Given, clustertest.Healthy, clustertest.Key, clustertest.Node, clustertest.Of, clustertest.On,
		clustertest.Parse, clustertest.ParseWorld, clustertest.Pod, clustertest.Pods, clustertest.Pool, clustertest.Pools,
		clustertest.Updates, clustertest.WithPods, clustertest.Words,
	)
}

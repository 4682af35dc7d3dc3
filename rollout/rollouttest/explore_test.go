package rollouttest_test

import (
	"testing"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/rollouttest"
)

const agent = "default/agent"

// claims are explored on the real rules, where they hold, and by
// TestMutantsAreFoundAndShrunk on broken rules.
// edited returns the fault of an edit of a node.
func edited(e cluster.NodeEdit) rollout.Input {
	return rollout.EditNode{Edits: []cluster.NodeEdit{e}}
}

var claims = []struct {
	name      string
	daemonSet clustertest.Spec
	options   []rollouttest.Option
	invariant rollouttest.Invariant
}{
	{
		"NeverBelow", clustertest.DaemonSet("agent", "tolerate:*", "max-unavailable:1"),
		[]rollouttest.Option{rollouttest.WithWorlds(clustertest.Clusters(clustertest.WithHealthyNodes(), clustertest.WithNodes(2, 6)))},
		rollouttest.NeverBelow(agent, "50%"),
	},
	{
		"Covered", clustertest.DaemonSet("agent", "tolerate:*:NoSchedule", "tolerate:*:NoExecute"),
		[]rollouttest.Option{rollouttest.WithFaults(3, rollout.FailPods{}, rollout.DeletePods{}, edited(cluster.Cordon()), edited(cluster.Taint("maintenance:NoSchedule")), rollout.ApplyNode{})},
		rollouttest.Covered(agent, ""),
	},
	{
		"OnePerNode", clustertest.DaemonSet("agent", "max-unavailable:50%"),
		[]rollouttest.Option{rollouttest.WithFaults(2)},
		rollouttest.OnePerNode(agent),
	},
	{
		"OnePerNode with surge", clustertest.DaemonSet("agent", "max-surge:50%"),
		[]rollouttest.Option{rollouttest.WithFaults(2)},
		rollouttest.OnePerNode(agent),
	},
	{
		"NothingLost", clustertest.DaemonSet("agent"),
		[]rollouttest.Option{rollouttest.WithUpdates(), rollouttest.WithFaults(3, edited(cluster.Cordon()), edited(cluster.Taint("maintenance:NoSchedule")), rollout.NodeDown{})},
		rollouttest.NothingLost(agent),
	},
	{
		"Ends", clustertest.DaemonSet("agent", "tolerate:*", "max-unavailable:10%"),
		[]rollouttest.Option{rollouttest.WithFaults(2, rollout.FailPods{}, rollout.DeletePods{}, rollout.RemoveNode{})},
		rollouttest.Ends(agent),
	},
	{
		"RollsBack", clustertest.DaemonSet("agent"),
		[]rollouttest.Option{rollouttest.WithFaults(1, rollout.DeletePods{})},
		rollouttest.RollsBack(agent),
	},
}

func TestClaimsHold(t *testing.T) {
	shrunk.Checks(t, 50)
	for _, c := range claims {
		t.Run(c.name, func(t *testing.T) {
			rollouttest.Explore(t, rollouttest.Scenarios(c.daemonSet, c.options...), c.invariant)
		})
	}
}

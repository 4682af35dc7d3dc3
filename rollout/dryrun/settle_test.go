package dryrun_test

import (
	"testing"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// A plan starts from the cluster as it is: here half of the pods are not ready. A
// cluster of manifests has no pods and settles first; with Settle every cluster does.
func TestPlansStartFromTheClusterAsItIs(t *testing.T) {
	config := dryrun.Config{Rollout: rollout.Config{Kubelet: rollout.Kubelet{Ready: 30 * time.Second}}}
	manifests := clustertest.World{clustertest.Pool("n", 3), clustertest.DaemonSet("ops/agent"), clustertest.DaemonSet("ops/nowhere", "on:no=such")}.Cluster(t)
	sim, err := rollout.New(manifests, config.Rollout)
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(10)
	dump := sim.Cluster()
	settled := config
	settled.Settle = true
	for _, test := range []struct {
		reason string
		config dryrun.Config
		c      *cluster.Cluster
		ready  int
	}{
		{"manifests settle", config, manifests, 3}, {"a dump does not", config, dump, 0}, {"unless it is to", settled, dump, 3},
	} {
		b, err := dryrun.NewBaseline(test.c, test.config)
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.Plan()
		if err != nil {
			t.Fatal(err)
		}
		from, err := p.Sim()
		if err != nil {
			t.Fatal(err)
		}
		ready := 0
		for _, pod := range shownPods(from, "ops/agent") {
			if pod.Ready {
				ready++
			}
		}
		if ready != test.ready || !empty(p) {
			t.Errorf("%s: %d pods are ready, want %d, and a plan without edits does nothing:\n%v", test.reason, ready, test.ready, p)
		}
	}
	// A DaemonSet that no node wants has nothing to wait for.
	half := clustertest.World{clustertest.Pool("n", 1), clustertest.DaemonSet("ops/nowhere", "on:no=such")}.Cluster(t)
	b, err := dryrun.NewBaseline(half, config)
	if err != nil || b.Cluster() != half {
		t.Errorf("what wants no pod has something to settle: %v", err)
	}
}

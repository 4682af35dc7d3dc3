package rollout_test

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
)

// t stands for the *testing.T of a test.
var t rapid.TB = fatal{}

type fatal struct{ rapid.TB }

func (fatal) Helper()                           {}
func (fatal) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// What an update of one DaemonSet and a taint do to both, whatever began it.
func ExampleSim_Measure() {
	ready := clustertest.DaemonSet("ops/agent", "max-unavailable:2")
	c := clustertest.World{clustertest.Pool("n", 4, "cpu:4", "memory:4Gi", "pods:9"), ready, clustertest.DaemonSet("ops/other", "tolerate:*")}.Cluster(t)
	s, err := rollout.New(c, rollout.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s.Measure(100) // until all is up
	next := rollout.Apply{Object: clustertest.Object[*appsv1.DaemonSet](t, ready.With("max-unavailable:2", "image:agent:2"))}
	if err := s.Inject(next, rollout.EditNode{Node: "n-4", Edits: []cluster.NodeEdit{cluster.Taint("gone:NoExecute")}}); err != nil {
		fmt.Println(err)
	}
	estimates, trace := s.Measure(100)
	for _, c := range estimates {
		fmt.Printf("%s: %v after %d ticks in %d waves; of %d available before without %v\n", c.Key, c.State, c.Ticks, c.Waves, c.Available, c.Unavailable)
	}
	fmt.Println(len(trace) > 0)
	// Output:
	// daemonset/ops/agent: Done after 3 ticks in 2 waves; of 4 available before without [n-1 n-2]
	// daemonset/ops/other: Done after 0 ticks in 0 waves; of 4 available before without []
	// true
}

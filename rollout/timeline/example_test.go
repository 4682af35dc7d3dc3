package timeline_test

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/timeline"
)

// t stands for the *testing.T of a test.
var t rapid.TB = fatal{}

type fatal struct{ rapid.TB }

func (fatal) Helper()                           {}
func (fatal) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func ExampleWatch() {
	agent := clustertest.DaemonSet("default/agent", "max-unavailable:1")
	sim, err := rollout.New(clustertest.World{clustertest.Pool("n", 3, "cpu:4", "memory:4Gi", "pods:9"), agent}.Cluster(t), rollout.Config{})
	if err != nil {
		panic(err)
	}
	sim.Advance(100)
	sim.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent.With("image:agent:2")))
	picture, err := timeline.Watch(sim, "default/agent", 100)
	if err != nil {
		panic(err)
	}
	fmt.Print(picture)
	// Output:
	// default/agent
	// tick      5
	//           '
	// n-1   AWAAA
	// n-2   AaWAA
	// n-3   AaaWA
}

package timeline_test

import (
	"fmt"
	"os"

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

func ExampleTimeline_SVG() {
	agent := clustertest.DaemonSet("default/agent", "max-unavailable:1")
	sim, err := rollout.New(clustertest.World{clustertest.Pool("n", 1, "cpu:4", "memory:4Gi", "pods:9"), agent}.Cluster(t), rollout.Config{})
	if err != nil {
		panic(err)
	}
	picture, err := timeline.Watch(sim, "default/agent", 100)
	if err != nil {
		panic(err)
	}
	if err := picture.SVG(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 333 96" width="333" height="96" font-family="monospace" font-size="11">
	// <rect width="333" height="96" fill="#ffffff"/>
	// <text x="6" y="14" font-weight="bold">default/agent</text>
	// <text x="33" y="32">0s</text>
	// <text x="6" y="52">n-1</text>
	// <rect x="33" y="42" width="11" height="12" fill="#fee6a8"><title>new pod waits to run, ticks 0 to 0</title></rect>
	// <rect x="45" y="42" width="11" height="12" fill="#54a24b"><title>new pod available, ticks 1 to 1</title></rect>
	// <rect x="33" y="62" width="11" height="12" fill="#fee6a8"/>
	// <text x="57" y="72">new pod waits to run</text>
	// <rect x="33" y="76" width="11" height="12" fill="#54a24b"/>
	// <text x="57" y="86">new pod available</text>
	// </svg>
}

package rollouttest_test

import (
	"fmt"
	"time"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/rollouttest"
)

func ExampleScene() {
	fmt.Printf("%#v\n", rollouttest.Scene{
		World:  clustertest.World{clustertest.Node("web-1"), clustertest.DaemonSet("agent")},
		Config: rollout.Config{Order: rollout.Seeded, Seed: 7, Kubelet: rollout.Kubelet{Ready: 3 * time.Second}},
		Steps:  []rollouttest.Step{{At: 2, Do: rollout.NodeDown{Node: "web-1"}}},
	})
	// Output:
	// rollouttest.Scene{
	// 	World: clustertest.World{
	// 		clustertest.Node("web-1"),
	// 		clustertest.DaemonSet("agent"),
	// 	},
	// 	Config: rollout.Config{Seed: 0x7, Order: rollout.Seeded, Kubelet: rollout.Kubelet{Ready: 3 * time.Second}},
	// 	Steps: []rollouttest.Step{
	// 		{At: 2, Do: rollout.NodeDown{Node: "web-1"}},
	// 	},
	// }
}

// The simulation is where the start has settled; the steps are still to come.
func ExampleScene_Sim() {
	sim := update.Sim(t)
	fmt.Println(sim.Now(), sim.State("default/agent"), sim.Settled())
	// Output: 1 Done false
}

func ExampleStep() {
	fmt.Println(rollouttest.Step{At: 3, Do: rollout.FailPods{Node: "web-1"}})
	fmt.Println(rollouttest.Step{At: 4, Do: clustertest.Node("web-9", "zone=b")})
	// Output:
	// 3 fail-pods web-1
	// 4 web-9 zone=b
}

// In a test Explore draws from it; Example(n) shows what is drawn.
func ExampleScenes() {
	scene := rollouttest.Scenes(clustertest.DaemonSet("agent")).Example(1)
	fmt.Println(scene.World[len(scene.World)-1])
	// Output: daemonset agent
}

func ExampleOption() {
	small := []rollouttest.Option{
		rollouttest.In(clustertest.Clusters(clustertest.Between(1, 2))),
		rollouttest.Faults(1),
	}
	scene := rollouttest.Scenes(clustertest.DaemonSet("agent"), small...).Example(1)
	fmt.Println(scene.Sim(t).Cluster().Nodes().Len() <= 2)
	// Output: true
}

func ExampleIn() {
	windows := clustertest.Clusters(clustertest.Of(clustertest.Windows), clustertest.Healthy())
	scene := rollouttest.Scenes(clustertest.DaemonSet("agent"), rollouttest.In(windows)).Example(1)
	fmt.Println(scene.Sim(t).Cluster().LabelValues("kubernetes.io/os"))
	// Output: [windows]
}

// A dump as it is: cluster.ReadManifest of kubectl get -o yaml.
func ExampleFrom() {
	dump, err := clustertest.Parse("web-1\nweb-2\ndaemonset agent")
	scene := rollouttest.Scenes(clustertest.DaemonSet("agent"), rollouttest.From(dump), rollouttest.Updates()).Example(1)
	scene.Config = rollout.Config{}
	fmt.Printf("%#v %v\n", scene, err)
	// Output:
	// rollouttest.Scene{
	// 	Dump: dump,
	// } <nil>
}

func ExampleConfigured() {
	slow := rollout.Config{Kubelet: rollout.Kubelet{Ready: time.Minute}}
	scene := rollouttest.Scenes(clustertest.DaemonSet("agent"), rollouttest.Configured(slow)).Example(1)
	fmt.Println(scene.Config.Kubelet.Ready)
	// Output: 1m0s
}

// Every scene begins with a bad image.
func ExampleFirst() {
	agent := clustertest.DaemonSet("agent")
	bad := agent.With("image:registry.example.com/agent:bad")
	scene := rollouttest.Scenes(agent, rollouttest.Updates(), rollouttest.First(
		rollouttest.Step{At: 0, Do: rollout.NeverReady{Image: "registry.example.com/agent:bad"}},
		rollouttest.Step{At: 0, Do: bad},
	)).Example(1)
	fmt.Println(scene.Steps)
	// Output: [0 never-ready registry.example.com/agent:bad 0 daemonset agent image:registry.example.com/agent:bad]
}

func ExampleUpdates() {
	agent := clustertest.DaemonSet("agent")
	still := rollouttest.Scenes(agent, rollouttest.Updates()).Example(1)
	fmt.Println(still.Steps)
	// Output: []
}

func ExampleFaults() {
	scene := rollouttest.Scenes(clustertest.DaemonSet("agent"), rollouttest.Updates(), rollouttest.Faults(2, rollouttest.PodsFail)).Example(3)
	for _, step := range scene.Steps {
		fmt.Printf("%T\n", step.Do)
	}
	// Output: rollout.FailPods
}

func ExampleWithin() {
	scene := rollouttest.Scenes(clustertest.DaemonSet("agent"), rollouttest.Faults(4), rollouttest.Within(3)).Example(3)
	for _, step := range scene.Steps {
		if step.At > 6 {
			fmt.Println(step)
		}
	}
	// Output:
}

func ExampleFault() {
	fmt.Printf("%v %#v\n", rollouttest.NodeIsDown, rollouttest.PodsCrash)
	// Output: NodeIsDown rollouttest.PodsCrash
}

func ExampleAllFaults() {
	fmt.Println(rollouttest.AllFaults()[:3])
	// Output: [NodeIsDown NodeIsNotReady PodsAreNotReady]
}

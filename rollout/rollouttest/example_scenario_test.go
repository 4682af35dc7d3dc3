package rollouttest_test

import (
	"fmt"
	"time"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/rollouttest"
)

func ExampleScenario() {
	fmt.Printf("%#v\n", rollouttest.Scenario{
		World:  clustertest.World{clustertest.Node("web-1"), clustertest.DaemonSet("agent")},
		Config: rollout.Config{Order: rollout.OrderSeeded, Seed: 7, Kubelet: rollout.Kubelet{Ready: 3 * time.Second}},
		Steps:  []rollouttest.Step{{At: 2, Do: rollout.NodeDown{Node: "web-1"}}},
	})
	// Output:
	// rollouttest.Scenario{
	// 	World: clustertest.World{
	// 		clustertest.Node("web-1"),
	// 		clustertest.DaemonSet("agent"),
	// 	},
	// 	Config: rollout.Config{Seed: 0x7, Order: "Seeded", Kubelet: rollout.Kubelet{Ready: 3 * time.Second}},
	// 	Steps: []rollouttest.Step{
	// 		{At: 2, Do: rollout.NodeDown{Node: "web-1"}},
	// 	},
	// }
}

// The simulation has settled after the start; the steps are still to come.
func ExampleScenario_Sim() {
	sim := update.Sim(t)
	fmt.Println(sim.Now(), sim.State("default/agent"), sim.Settled())
	// Output: 1 Progressing false
}

func ExampleStep() {
	fmt.Println(rollouttest.Step{At: 3, Do: rollout.FailPods{Node: "web-1"}})
	fmt.Println(rollouttest.Step{At: 4, Do: clustertest.Node("web-9", "zone=b")})
	// Output:
	// 3 fail-pods web-1
	// 4 web-9 zone=b
}

// In a test Explore draws from the generator. Example(n) shows what it draws.
func ExampleScenarios() {
	scenario := rollouttest.Scenarios(clustertest.DaemonSet("agent")).Example(1)
	fmt.Println(scenario.World[len(scenario.World)-1])
	// Output: daemonset agent
}

func ExampleOption() {
	small := []rollouttest.Option{
		rollouttest.WithWorlds(clustertest.Clusters(clustertest.WithNodes(1, 2))),
		rollouttest.WithFaults(1),
	}
	scenario := rollouttest.Scenarios(clustertest.DaemonSet("agent"), small...).Example(1)
	fmt.Println(scenario.Sim(t).Cluster().Nodes().Len() <= 2)
	// Output: true
}

func ExampleWithWorlds() {
	windows := clustertest.Clusters(clustertest.WithPools("Windows"), clustertest.WithHealthyNodes())
	scenario := rollouttest.Scenarios(clustertest.DaemonSet("agent"), rollouttest.WithWorlds(windows)).Example(1)
	fmt.Println(scenario.Sim(t).Cluster().LabelValues("kubernetes.io/os"))
	// Output: [windows]
}

// WithCluster takes a dump as it is: cluster.ReadManifest of kubectl get -o yaml.
func ExampleWithCluster() {
	dump, err := clustertest.Parse("web-1\nweb-2\ndaemonset agent")
	scenario := rollouttest.Scenarios(clustertest.DaemonSet("agent"), rollouttest.WithCluster(dump), rollouttest.WithUpdates()).Example(1)
	scenario.Config = rollout.Config{}
	fmt.Printf("%#v %v\n", scenario, err)
	// Output:
	// rollouttest.Scenario{
	// 	Dump: dump,
	// } <nil>
}

func ExampleWithConfig() {
	slow := rollout.Config{Kubelet: rollout.Kubelet{Ready: time.Minute}}
	scenario := rollouttest.Scenarios(clustertest.DaemonSet("agent"), rollouttest.WithConfig(slow)).Example(1)
	fmt.Println(scenario.Config.Kubelet.Ready)
	// Output: 1m0s
}

// Every scenario begins with a bad image.
func ExampleWithSteps() {
	agent := clustertest.DaemonSet("agent")
	bad := agent.With("image:registry.example.com/agent:bad")
	scenario := rollouttest.Scenarios(agent, rollouttest.WithUpdates(), rollouttest.WithSteps(
		rollouttest.Step{At: 0, Do: rollout.NeverReady{Image: "registry.example.com/agent:bad"}},
		rollouttest.Step{At: 0, Do: bad},
	)).Example(1)
	fmt.Println(scenario.Steps)
	// Output: [0 never-ready registry.example.com/agent:bad 0 daemonset agent image:registry.example.com/agent:bad]
}

func ExampleWithUpdates() {
	agent := clustertest.DaemonSet("agent")
	still := rollouttest.Scenarios(agent, rollouttest.WithUpdates()).Example(1)
	fmt.Println(still.Steps)
	// Output: []
}

func ExampleWithFaults() {
	scenario := rollouttest.Scenarios(clustertest.DaemonSet("agent"), rollouttest.WithUpdates(), rollouttest.WithFaults(2, rollout.FailPods{})).Example(3)
	for _, step := range scenario.Steps {
		fmt.Printf("%T\n", step.Do)
	}
	// Output: rollout.FailPods
}

func ExampleWithinTicks() {
	scenario := rollouttest.Scenarios(clustertest.DaemonSet("agent"), rollouttest.WithFaults(4), rollouttest.WithinTicks(3)).Example(3)
	for _, step := range scenario.Steps {
		if step.At > 6 {
			fmt.Println(step)
		}
	}
	// Output:
}

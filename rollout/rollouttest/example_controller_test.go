package rollouttest_test

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/rollout/rollouttest"
)

// onePodPerNode is a common misunderstanding of a DaemonSet.
func onePodPerNode(seen rollouttest.Observation) rollouttest.Actions {
	var acts rollouttest.Actions
	for _, n := range seen.Nodes {
		there := func(p *corev1.Pod) bool { return nodeOf(p) == n.Name }
		if !slices.ContainsFunc(seen.Pods, there) {
			acts.Create = append(acts.Create, n.Name)
		}
	}
	return acts
}

// In a test t is its *testing.T, which fails with this message.
func ExampleFollows() {
	found := shrunk.Run(func(t *shrunk.Recorder) {
		rollouttest.Follows(t, func() rollouttest.Controller { return onePodPerNode })
	})
	first := strings.Split(found.String(), "\n")[:13]
	fmt.Println(strings.Join(first, "\n"))
	// Output:
	// every node that wants a pod gets one: rollouttest.Scenario{
	// 	World: clustertest.World{
	// 		clustertest.Node("a"),
	// 		clustertest.Node("b", "taint:x:NoSchedule"),
	// 		clustertest.Node("c", "disk=ssd"),
	// 	},
	// 	Steps: []rollouttest.Step{
	// 		{At: 0, Do: clustertest.DaemonSet("agent", "on:disk=ssd")},
	// 	},
	// }
	// tick 0: it creates on a, b, c, Kubernetes creates on c
	// 	0 InputApplied default/agent: apply default/agent
	// 	0 RevisionCreated default/agent r1: agent-5c78b6cd6c
}

// A controller with state is a closure. A new one is made for every scenario.
func ExampleController() {
	var c rollouttest.Controller = onePodPerNode
	acts := c(rollouttest.Observation{Nodes: []*corev1.Node{{}}})
	acts.Create[0] = "web-1"
	fmt.Println(acts)
	// Output:
	// creates on web-1
}

func ExampleActions() {
	fmt.Println(rollouttest.Actions{Create: []string{"web-2"}, Delete: []string{"agent-x"}})
	fmt.Println(rollouttest.Actions{})
	// Output:
	// creates on web-2 and deletes agent-x
	// does nothing
}

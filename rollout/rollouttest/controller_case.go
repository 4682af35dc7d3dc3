package rollouttest

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
)

// controllerCase is a claim about what the DaemonSet controller does in a scenario.
type controllerCase struct {
	claim    string
	scenario Scenario
}

// String returns the claim and Go source for the scenario.
func (c controllerCase) String() string { return fmt.Sprintf("%s: %#v", c.claim, c.scenario) }

// cases returns the claims, the simple ones first, in the same order each
// time. Each scenario has one DaemonSet, default/agent.
func cases() []controllerCase {
	cases := make([]controllerCase, len(controllerCases))
	for i, c := range controllerCases {
		three := clustertest.World{clustertest.Pool("n", 3), agent(c.words...)}
		cases[i] = controllerCase{c.claim, Scenario{World: three, Config: rollout.Config{Kubelet: c.kubelet}, Steps: c.steps}}
		if c.world != nil {
			cases[i].scenario.World = c.world
		}
	}
	return cases
}

func agent(words ...string) clustertest.Spec {
	return clustertest.DaemonSet("agent", words...)
}

// next returns the next version of the agent with these words.
func next(words ...string) clustertest.Spec {
	return agent(words...).With("image:registry.example.com/agent:2")
}

func edit(node string, e cluster.NodeEdit) rollout.Input {
	return rollout.EditNode{Node: node, Edits: []cluster.NodeEdit{e}}
}

func at(tick int, do any) Step { return Step{tick, do} }

var (
	slow       = rollout.Kubelet{Ready: 2 * time.Second}
	slowToStop = rollout.Kubelet{Stop: 3 * time.Second}
	maintained = edit("n-1", cluster.Taint("maintenance:NoSchedule"))
)

// controllerCases follow the controller (pkg/controller/daemon/daemon_controller.go:
// manage, podsShouldBeOnNode; pkg/controller/daemon/update.go: rollingUpdate). A case
// without its own world has three nodes that run the agent with the words.
var controllerCases = []struct {
	claim   string
	words   []string
	world   clustertest.World
	kubelet rollout.Kubelet
	steps   []Step
}{
	{claim: "every node that wants a pod gets one", world: clustertest.World{clustertest.Node("a"), clustertest.Node("b", "taint:x:NoSchedule"), clustertest.Node("c", "disk=ssd")},
		steps: []Step{at(0, agent("on:disk=ssd"))}},
	{claim: "cordoned nodes want one too", world: clustertest.World{clustertest.Node("a", "cordoned"), clustertest.Node("b")},
		steps: []Step{at(0, agent())}},
	{claim: "a node that comes gets a pod", steps: []Step{at(0, clustertest.Node("n-4"))}},
	{claim: "the pod on a node that goes is left to the collector", steps: []Step{at(0, rollout.RemoveNode{Node: "n-1"})}},
	{claim: "a deleted pod is created again", steps: []Step{at(0, rollout.DeletePods{Node: "n-1"})}},
	{claim: "and not before the old one is gone", kubelet: slowToStop, steps: []Step{at(0, rollout.DeletePods{Node: "n-1"})}},
	{claim: "a NoSchedule taint keeps the pod", steps: []Step{at(0, maintained)}},
	{claim: "a label that is gone deletes it", world: clustertest.World{clustertest.Node("n-1", "disk=ssd"), agent("on:disk=ssd")},
		steps: []Step{at(0, edit("n-1", cluster.Unlabel("disk")))}},
	{claim: "a failed pod is deleted at once", steps: []Step{at(0, rollout.FailPods{Node: "n-1"})}},
	{claim: "and the next one after a backoff that doubles", steps: []Step{
		at(0, rollout.FailPods{Node: "n-1"}), at(2, rollout.FailPods{Node: "n-1"}), at(4, rollout.FailPods{Node: "n-1"}), at(6, rollout.FailPods{Node: "n-1"})}},

	{claim: "an update deletes one after the other", kubelet: slow, steps: []Step{at(0, next())}},
	{claim: "or as many as maxUnavailable", kubelet: slow, words: []string{"max-unavailable:2"}, steps: []Step{at(0, next("max-unavailable:2"))}},
	{claim: "a percentage rounds up", kubelet: slow, words: []string{"max-unavailable:34%"}, steps: []Step{at(0, next("max-unavailable:34%"))}},
	{claim: "a successor comes when the pod before it is gone", kubelet: slowToStop, steps: []Step{at(0, next())}},
	{claim: "minReadySeconds hold the next one up", words: []string{"min-ready:3s"}, steps: []Step{at(9, next("min-ready:3s"))}},
	{claim: "pods that are not yet available all go at once", world: clustertest.World{clustertest.Pool("n", 3)},
		steps: []Step{at(0, agent("min-ready:30s")), at(2, next("min-ready:30s"))}},
	{claim: "and use up the budget of those that are", kubelet: slow, words: []string{"max-unavailable:2"},
		steps: []Step{at(0, rollout.PodsNotReady{Node: "n-1"}), at(1, rollout.PodsNotReady{Node: "n-2"}), at(2, next("max-unavailable:2"))}},
	{claim: "a dead node uses all of maxUnavailable", words: []string{"tolerate:*"}, steps: []Step{at(0, rollout.NodeDown{Node: "n-2"}), at(1, next("tolerate:*"))}},
	{claim: "a pod on a node only kept is updated and does not come back", steps: []Step{at(0, maintained), at(1, next())}},
	{claim: "with OnDelete nothing is deleted", words: []string{"on-delete"}, steps: []Step{at(0, next("on-delete")), at(2, rollout.DeletePods{Node: "n-3"})}},
	{claim: "a nodeSelector that nothing has deletes all pods at once", steps: []Step{at(0, agent("on:disk=ssd"))}},
	{claim: "a change of the strategy alone updates nothing", steps: []Step{at(0, agent("max-unavailable:2"))}},
	{claim: "an update in the middle of another takes unavailable new pods first", kubelet: rollout.Kubelet{Ready: 4 * time.Second},
		steps: []Step{at(0, next()), at(3, agent("image:registry.example.com/agent:3"))}},

	{claim: "with a surge the new pod comes beside the old one", kubelet: slow, words: []string{"max-surge:1"}, steps: []Step{at(0, next("max-surge:1"))}},
	{claim: "as many as maxSurge, rounded up", kubelet: slow, words: []string{"max-surge:34%"}, steps: []Step{at(0, next("max-surge:34%"))}},
	{claim: "an old pod that is not available gets its successor regardless of maxUnavailable", kubelet: slow, words: []string{"max-surge:1"},
		steps: []Step{at(0, rollout.PodsNotReady{Node: "n-1"}), at(1, rollout.PodsNotReady{Node: "n-2"}), at(2, next("max-surge:1"))}},
	{claim: "with a surge the old pod waits for minReadySeconds of the new one", words: []string{"max-surge:1", "min-ready:2s"},
		steps: []Step{at(9, next("max-surge:1", "min-ready:2s"))}},
	{claim: "with a surge a pod on its way out blocks nothing", kubelet: slowToStop, words: []string{"max-surge:1"}, steps: []Step{at(0, next("max-surge:1"))}},
	{claim: "a DaemonSet on its way out does nothing", kubelet: slowToStop,
		steps: []Step{at(0, rollout.Delete{Key: "default/agent", Propagation: metav1.DeletePropagationForeground})}},
}

// controllerScenarios draws scenarios for controllers.
func controllerScenarios() *rapid.Generator[Scenario] {
	return rapid.Custom(func(t *rapid.T) Scenario {
		words := []string{}
		for _, from := range [][]string{{"", "tolerate:*"}, {"", "max-unavailable:2", "max-unavailable:50%", "max-surge:1", "max-surge:50%", "on-delete"}, {"", "min-ready:2s"}} {
			if word := rapid.SampledFrom(from).Draw(t, "word"); word != "" {
				words = append(words, word)
			}
		}
		return Scenarios(agent(words...), WithWorlds(clustertest.Clusters(clustertest.WithNodes(1, 4))), WithinTicks(6),
			WithUpdates(next(words...), agent(words...).With("on:kubernetes.io/os=linux")), WithFaults(3)).Draw(t, "scenario")
	})
}

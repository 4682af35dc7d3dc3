package diagnosis_test

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

func agent(image string) *appsv1.DaemonSet {
	labels := map[string]string{"app": "agent"}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "agent"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "agent", Image: image}}},
			},
		},
	}
}

// rolledOut is a settled simulation of the agent on some nodes.
func rolledOut(names ...string) *rollout.Sim {
	c, err := clustertest.Parse(strings.Join(names, "\n"))
	if err != nil {
		panic(err)
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		panic(err)
	}
	sim.Apply(agent("agent:1"))
	sim.Advance(100)
	return sim
}

// One node is dead, and the budget is one: who is to blame, and what helps?
func ExampleDiagnose() {
	sim := rolledOut("a", "b", "c")
	sim.Inject(rollout.NodeDown{Node: "b"})
	sim.Apply(agent("agent:2"))
	sim.Advance(100)
	x := diagnosis.Diagnose(sim, "default/agent")
	fmt.Print(x)

	remedy := x.Remedies[0]
	sim.Inject(remedy.Inputs...)
	sim.Advance(100)
	message, _, _ := sim.RolloutStatus("default/agent")
	fmt.Printf("\nafter %v\n%s", remedy, message)
	// Output:
	// default/agent is stuck: b (no pod is wanted there) is down, where pods neither stop nor start; maxUnavailable is used up (1 of 1) and 2 other nodes wait
	// UnavailableIsSpent (pkg/controller/daemon/update.go: rollingUpdate): a node without an available pod uses a unit of maxUnavailable, whoever made it so and whether a pod is wanted there or not
	// blocking b agent-22225: NodeDown, no pod is wanted there
	// remedy ChangeUpdateLimit: set maxUnavailable to 2: ends in 3 ticks
	// remedy DeletePods: delete the pods of b with --force: ends in 3 ticks
	// remedy RepairNodes: bring b back: ends in 4 ticks
	// remedy Undo: roll back to revision 1: ends in 1 tick
	// remedy RemoveNodes: remove b: ends in 3 ticks
	//
	// after ChangeUpdateLimit: set maxUnavailable to 2: ends in 3 ticks
	// daemon set "agent" successfully rolled out
}

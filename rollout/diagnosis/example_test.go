package diagnosis_test

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
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

// One node is down, and maxUnavailable is 1: what blocks the rollout, and what helps?
func ExampleDiagnose() {
	sim := rolledOut("a", "b", "c")
	sim.Inject(rollout.NodeDown{Node: "b"})
	sim.Advance(100)
	sim.Apply(agent("agent:2"))
	sim.Advance(100)
	x, err := diagnosis.Diagnose(sim, "default/agent")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(x)

	remedy := x.Remedies[0]
	sim.Inject(remedy.Inputs...)
	sim.Advance(100)
	message, _, _ := sim.RolloutStatus("default/agent")
	fmt.Printf("\nafter %v\n%s", remedy, message)
	// Output:
	// daemonset/default/agent is stuck: node b is down and its pod cannot terminate; b is not eligible but still counts against maxUnavailable (1 of 1), which blocks 2 nodes
	// rule: a node without an available pod counts against maxUnavailable, whatever the cause and even if the node is no longer eligible (pkg/controller/daemon/update.go: rollingUpdate)
	// blocking b agent-22225: NodeDown, not eligible
	// remedy ChangeUpdateLimit: set maxUnavailable to 2: ends in 3 ticks
	//   kubectl patch daemonset agent -n default -p '{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":2}}}}'
	// remedy DeletePods: delete the pods of b with --force: ends in 3 ticks
	//   kubectl delete pod agent-22225 -n default --force
	// remedy RepairNodes: bring b back: ends in 4 ticks
	// remedy Undo: roll back to revision 1: ends in 1 tick
	//   kubectl rollout undo daemonset/agent -n default --to-revision=1
	// remedy RemoveNodes: remove b: ends in 51 ticks
	//   kubectl delete node b
	//
	// after ChangeUpdateLimit: set maxUnavailable to 2: ends in 3 ticks
	// daemon set "agent" successfully rolled out
}

// A PodDisruptionBudget that allows no eviction blocks a drain.
func ExampleDiagnoseDrain() {
	m, err := cluster.ReadManifest(strings.NewReader(`
apiVersion: v1
kind: Node
metadata: {name: a}
status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}}
---
apiVersion: v1
kind: Node
metadata: {name: b}
status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {namespace: shop, name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1", resources: {requests: {cpu: "1"}}}]}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := m.Cluster()
	if err != nil {
		fmt.Println(err)
		return
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	sim.Advance(100)
	sim.Inject(rollout.Drain{Node: "a"})
	sim.Advance(100)
	x, err := diagnosis.DiagnoseDrain(sim, "a")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(x)
	// Output:
	// the drain of node a is stuck: the eviction of pod shop/web-7fd9bb4f77-22224 is refused: Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 2 healthy pods and has 2 currently
	// rule: an eviction is refused while a PodDisruptionBudget allows no disruption (pkg/registry/core/pod/storage/eviction.go: checkAndDecrement)
	// blocking a shop/web-7fd9bb4f77-22224: EvictionRefused: Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 2 healthy pods and has 2 currently
	// remedy ScaleUp: scale deployment/shop/web up to 3: ends in 5 ticks
	//   kubectl scale deployment/web -n shop --replicas=3
	// remedy ChangePDB: set maxUnavailable of poddisruptionbudget/shop/web to 1, which lets more pods be unavailable at a time: ends in 5 ticks
	//   kubectl patch poddisruptionbudget web -n shop -p '{"spec":{"maxUnavailable":1,"minAvailable":null}}'
	// remedy BypassPDB: delete shop/web-7fd9bb4f77-22224, bypassing PodDisruptionBudgets: fewer pods than required stay available: ends in 1 tick
	//   kubectl delete pod web-7fd9bb4f77-22224 -n shop
}

// Waiting lists what each node waits for, also in a rollout that is only slow.
func ExampleWaiting() {
	sim := rolledOut("a", "b")
	sim.Inject(rollout.NeverReady{Image: "agent:2"})
	sim.Apply(agent("agent:2"))
	sim.Advance(100)
	waits, err := diagnosis.Waiting(sim, "default/agent")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range waits {
		fmt.Println(w)
	}
	// Output:
	// a: NotReady
	// b: UpdateLimit, blocked by a
}

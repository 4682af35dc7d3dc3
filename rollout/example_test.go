package rollout_test

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/timeline"
)

// t stands for the *testing.T of a test.
var t rapid.TB = fatal{}

type fatal struct{ rapid.TB }

func (fatal) Helper()                           {}
func (fatal) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

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

func nodes(names ...string) *cluster.Cluster {
	var objects []runtime.Object
	for _, name := range names {
		objects = append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	c, err := cluster.New(objects...)
	if err != nil {
		panic(err)
	}
	return c
}

func Example() {
	sim, err := rollout.New(nodes("a", "b"), rollout.Config{})
	if err != nil {
		panic(err)
	}
	sim.Apply(agent("agent:1"))
	for range sim.Run(100) {
	}
	sim.Apply(agent("agent:2"))
	for events := range sim.Run(100) {
		for _, e := range events {
			if e.Pod != "" {
				fmt.Println(e)
			}
		}
	}
	message, done, _ := sim.RolloutStatus("default/agent")
	fmt.Print(message, done)
	// Output:
	// 2 Deleted default/agent agent-22224 r1 on a: maxUnavailable 1 of 1 in use
	// 2 Created default/agent agent-22226 r2 on a in round 2: no pod there
	// 3 Ready default/agent agent-22226 r2 on a
	// 3 Deleted default/agent agent-22225 r1 on b: maxUnavailable 1 of 1 in use
	// 3 Created default/agent agent-22227 r2 on b in round 2: no pod there
	// 4 Ready default/agent agent-22227 r2 on b
	// daemon set "agent" successfully rolled out
	// true
}

// rolledOut is a settled simulation of the agent on some nodes.
func rolledOut(names ...string) *rollout.Sim {
	sim, err := rollout.New(nodes(names...), rollout.Config{})
	if err != nil {
		panic(err)
	}
	sim.Apply(agent("agent:1"))
	for range sim.Run(100) {
	}
	return sim
}

// web is a Deployment of three replicas.
func web(image string) *appsv1.Deployment {
	replicas, pod := int32(3), agent(image).Spec.Template
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}, Template: pod},
	}
}

// A Deployment surges by a quarter and starts its pods where the scheduler likes.
func ExampleSim_Apply_deployment() {
	sim, err := rollout.New(nodes("a", "b"), rollout.Config{Kubelet: rollout.Kubelet{Ready: 2 * time.Second}})
	if err != nil {
		panic(err)
	}
	sim.Apply(web("web:1"))
	sim.Advance(100)
	sim.Apply(web("web:2"))
	picture, err := timeline.Watch(sim, "default/web", 100)
	if err != nil {
		panic(err)
	}
	fmt.Print(picture)
	pods, _ := sim.Pods("default/web")
	for _, pod := range pods {
		fmt.Println(pod)
	}
	message, _, _ := sim.RolloutStatus("default/web")
	fmt.Print(message)
	// Output:
	// default/web
	// tick                    5    10
	//                         '    |
	// web-54f7656ff7-22224  Aaaa.......
	// web-54f7656ff7-22225  Aaaaaaa....
	// web-54f7656ff7-22226  Aaaaaaaaaa.
	// web-6966b649bd-22224  .WRRAAAAAAA
	// web-6966b649bd-22225  ....WRRAAAA
	// web-6966b649bd-22226  .......WRRA
	// web-6966b649bd-22224 on a: r2 Ready since 7
	// web-6966b649bd-22225 on b: r2 Ready since 10
	// web-6966b649bd-22226 on b: r2 Ready since 13
	// deployment "web" successfully rolled out
}

// What would a bad image do? The simulation itself does not notice.
func ExampleSim_Fork() {
	sim := rolledOut("a", "b", "c")
	trial := sim.Fork()
	trial.Inject(rollout.NeverReady{Image: "agent:2"})
	trial.Apply(agent("agent:2"))
	for range trial.Run(100) {
	}
	waits, err := diagnosis.Waiting(trial, "default/agent")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, wait := range waits {
		fmt.Println(wait)
	}
	fmt.Println(trial.State("default/agent"), sim.State("default/agent"))
	// Output:
	// a: NotReady
	// b: UpdateLimit, blocked by a
	// c: UpdateLimit, blocked by a
	// Stuck Done
}

func ExampleSim_Estimate() {
	sim := rolledOut("a", "b", "c", "d")
	estimates, err := sim.Estimate(agent("agent:2"), 100,
		rollout.UpdateLimit{MaxUnavailable: "1"}, rollout.UpdateLimit{MaxUnavailable: "50%"}, rollout.UpdateLimit{MaxSurge: "2"})
	if err != nil {
		panic(err)
	}
	for _, e := range estimates {
		fmt.Println(e)
	}
	// Output:
	// maxUnavailable 1: Done after 5 ticks in 4 waves, at worst 3 of 4 available, a node without for 1 ticks
	// maxUnavailable 50%: Done after 3 ticks in 2 waves, at worst 2 of 4 available, a node without for 1 ticks
	// maxSurge 2: Done after 3 ticks in 2 waves, at worst 4 of 4 available
}

// Inputs may be scheduled ahead. Inputs that are impossible when they are due
// become Refused events.
func ExampleSim_At() {
	sim := rolledOut("a", "b")
	sim.At(5, rollout.RemoveNode{Node: "b"})
	sim.At(6, rollout.NodeDown{Node: "b"})
	for events := range sim.Run(100) {
		for _, e := range events {
			fmt.Println(e)
		}
	}
	// Output:
	// 5 InputApplied on b: remove-node b
	// 6 InputRefused on b: node-down b: nodes "b" not found
	// 60 GarbageCollected default/agent agent-22225 r1 on b: the node is gone
}

func ExampleParseScript() {
	sim, err := rollout.New(nodes("n1", "n2"), rollout.Config{})
	if err != nil {
		panic(err)
	}
	script, err := rollout.ParseScript(`
		at 3 edit-node n1: taint maintenance=now:NoExecute
		at 5 never-ready registry.example.com/agent:2 on n1 n2
		node-down n2
	`)
	if err != nil {
		panic(err)
	}
	if err := sim.Play(script); err != nil {
		panic(err)
	}
	fmt.Print(script)
	// Output:
	// at 3 edit-node n1: taint maintenance=now:NoExecute
	// at 5 never-ready registry.example.com/agent:2 on n1 n2
	// at 5 node-down n2
}

// Run passes time while it is ranged over: as a statement it does nothing.
func ExampleSim_Run() {
	sim := rolledOut("a", "b")
	sim.Inject(rollout.NodeDown{Node: "b"})
	for events := range sim.Run(100) {
		for _, e := range events {
			fmt.Println(e)
		}
	}
	// Output:
	// 2 InputApplied on b: node-down b
	// 50 NodeTainted on b: node.kubernetes.io/unreachable:NoSchedule
	// 50 NotReady default/agent agent-22225 r1 on b
	// 50 NodeTainted on b: node.kubernetes.io/unreachable:NoExecute
}

// Advance passes time for callers that look at the state afterwards. It returns
// the inputs that were refused.
func ExampleSim_Advance() {
	sim := rolledOut("a", "b")
	sim.Inject(rollout.Apply{Object: agent("agent:2")}, rollout.NodeDown{Node: "c"})
	fmt.Println(sim.Advance(2))
	fmt.Println(sim.Now(), sim.State("default/agent"))
	// Output:
	// [2 InputRefused on c: node-down c: nodes "c" not found]
	// 3 Progressing
}

// Settle is Advance for rollouts that must come to an end.
func ExampleSim_Settle() {
	sim := rolledOut("a", "b", "c")
	sim.Apply(agent("agent:2"))
	_, err := sim.Settle(2)
	fmt.Println(err)
	_, err = sim.Settle(100)
	fmt.Println(err, sim.State("default/agent"))
	// Output:
	// not settled after 2 ticks; daemonset/default/agent is Progressing
	// <nil> Done
}

// A malformed input is an error that names every mistake, and none of the inputs
// is accepted.
func ExampleSim_Inject() {
	sim := rolledOut("a", "b")
	err := sim.Inject(rollout.NodeDown{Node: "a"}, rollout.Undo{Key: "agent"}, rollout.CrashLoop{Image: "agent:1", After: 30})
	fmt.Println(err)
	fmt.Println(sim.Settled())
	// Output:
	// undo agent: key "agent": must be namespace/name
	// crash-loop agent:1 after 30ns: after 30ns is below 1ms, the unit is missing: did you mean 30s?
	// true
}

// An image that cannot be pulled stops the rollout, and an undo ends it.
func ExampleUndo() {
	sim := rolledOut("a", "b", "c")
	sim.Inject(rollout.ImagePullFails{Image: "agent:2"}, rollout.Apply{Object: agent("agent:2")})
	sim.Settle(100)
	fmt.Println(sim.State("default/agent"))
	sim.Inject(rollout.Undo{Key: "daemonset/default/agent"})
	sim.Settle(100)
	fmt.Println(sim.State("default/agent"))
	pods, _ := sim.Pods("default/agent")
	for _, pod := range pods {
		fmt.Println(pod)
	}
	// Output:
	// Stuck
	// Done
	// agent-22228 on a: r3 Ready since 5
	// agent-22225 on b: r3 Ready since 1
	// agent-22226 on c: r3 Ready since 1
}

// A PodDisruptionBudget that allows nothing blocks the drain.
func ExampleDrain() {
	sim, err := rollout.New(nodes("a", "b"), rollout.Config{})
	if err != nil {
		panic(err)
	}
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: new(intstr.FromInt32(3)), Selector: web("web:1").Spec.Selector},
	}
	if err := sim.Inject(rollout.Apply{Object: web("web:1")}, rollout.Apply{Object: budget}); err != nil {
		panic(err)
	}
	sim.Settle(100)
	sim.Inject(rollout.Drain{Node: "b"})
	sim.Settle(100)
	for _, d := range sim.Drains() {
		fmt.Println("drain", d.Drain.Node, "since tick", d.Since)
		for _, p := range d.Pods {
			fmt.Println(p.Pod, "-", p.Refused)
		}
	}
	// Output:
	// drain b since tick 2
	// default/web-54f7656ff7-22224 - Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 3 healthy pods and has 3 currently
	// default/web-54f7656ff7-22225 - Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 3 healthy pods and has 3 currently
	// default/web-54f7656ff7-22226 - Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 3 healthy pods and has 3 currently
}

// The messages are those of kubectl rollout status.
func ExampleSim_RolloutStatus() {
	sim := rolledOut("a", "b")
	sim.Apply(agent("agent:2"))
	for {
		message, done, err := sim.RolloutStatus("default/agent")
		fmt.Print(message)
		if done || err != nil {
			break
		}
		sim.Tick()
	}
	// Output:
	// Waiting for daemon set spec update to be observed...
	// Waiting for daemon set "agent" rollout to finish: 1 out of 2 new pods have been updated...
	// Waiting for daemon set "agent" rollout to finish: 1 of 2 updated pods are available...
	// daemon set "agent" successfully rolled out
}

func ExampleSim_Object() {
	sim := rolledOut("a", "b")
	object, err := sim.Object("daemonset/default/agent")
	if err != nil {
		panic(err)
	}
	fmt.Println(object.(*appsv1.DaemonSet).Status.NumberAvailable)
	_, err = sim.Object("default/agnet")
	fmt.Println(err)
	// Output:
	// 2
	// daemonsets.apps and deployments.apps "agnet" not found: did you mean daemonset/default/agent?
}

func ExampleSim_History() {
	sim := rolledOut("a", "b")
	sim.Apply(agent("agent:2"))
	sim.Settle(100)
	history, err := sim.History("default/agent")
	if err != nil {
		panic(err)
	}
	for _, r := range history {
		fmt.Println(r.Number, r.Name, r.Template.Spec.Containers[0].Image)
	}
	// Output:
	// 1 agent-7bb8d7496b agent:1
	// 2 agent-6c49647f59 agent:2
}

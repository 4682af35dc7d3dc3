package dryrun_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// t stands for the *testing.T of a test.
var t rapid.TB = fatal{}

type fatal struct{ rapid.TB }

func (fatal) Helper()                           {}
func (fatal) Fatal(args ...any)                 { fmt.Println(args...) }
func (fatal) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

var agent = clustertest.DaemonSet("ops/agent", "tolerate:gpu")

// small returns four workers in two zones and two GPU nodes, with an agent on all
// nodes.
func small() *cluster.Cluster {
	return clustertest.World{
		clustertest.Pool("worker", 4, "pool=worker", "zone=a|b", "cpu:4", "memory:8Gi", "pods:20"),
		clustertest.Pool("gpu", 2, "pool=gpu", "zone=a|b", "cpu:8", "memory:8Gi", "pods:20"),
		agent,
	}.Cluster(t)
}

// A test in five lines: it fails a change that removes the agent from the GPU nodes.
func Example() {
	c := small()
	gpu := c.Labeled("pool", "gpu")
	plan, err := dryrun.New(c, dryrun.EditNodes(gpu, cluster.Taint("dedicated=gpu:NoExecute")))
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Check(dryrun.Covers(gpu).For("ops/agent")).Err(); err != nil {
		t.Fatal(err)
	}
	// Output:
	// the plan violates a policy
	// edit  taint dedicated=gpu:NoExecute on gpu-1 gpu-2
	// FAIL  ops/agent: covers {gpu-1 gpu-2}: 2 of 2 nodes get no running pod
	//       gpu-1 gpu-2: Excluded: TaintToleration: node(s) had untolerated taint(s) [dedicated=gpu:NoExecute]
	//       hint: tolerate dedicated=gpu:NoExecute: gains gpu-1 gpu-2
	//       hint: taint dedicated:NoExecute- on gpu-1 gpu-2: gains gpu-1 gpu-2
}

// A new image is a rolling update; a new nodeSelector deletes pods at once.
func ExampleNew() {
	c := small()
	for _, next := range []clustertest.Spec{agent.With("image:agent:2"), agent.With("on:pool=gpu")} {
		plan, err := dryrun.New(c, dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, next)))
		if err != nil {
			t.Fatal(err)
		}
		e, _ := plan.Effect("ops/agent")
		pods, r := e.Pods, e.Rollout
		fmt.Printf("updated in waves %v, deleted at once %v, %d waves, at worst %d of %d\n", pods.Updated, pods.Deleted, r.Waves, r.MinAvailable, r.Available)
	}
	// Output:
	// updated in waves [gpu-1 gpu-2 worker-1 worker-2 worker-3 worker-4], deleted at once [], 6 waves, at worst 5 of 6
	// updated in waves [gpu-1 gpu-2], deleted at once [worker-1 worker-2 worker-3 worker-4], 2 waves, at worst 1 of 2
}

// One Baseline answers many questions: how many nodes may be cordoned for good before
// an update leaves the agent on fewer than half?
func ExampleNewBaseline() {
	base, err := dryrun.NewBaseline(small(), dryrun.Config{})
	if err != nil {
		t.Fatal(err)
	}
	nodes := base.Cluster().Nodes()
	for n := 1; n <= nodes.Len(); n++ {
		some := base.Cluster().Named(nodes.Names()[:n]...)
		plan, err := base.Plan(dryrun.EditNodes(some, cluster.Taint("full:NoSchedule")))
		if err != nil {
			t.Fatal(err)
		}
		if plan.Check(dryrun.AtLeast("50%", "", nodes)).Err() != nil {
			fmt.Println(n)
			return
		}
	}
	// Output: 4
}

func ExamplePlan_String() {
	c := small()
	plan, err := dryrun.New(c, dryrun.EditNodes(c.Named("worker-4"), cluster.Taint("gone:NoExecute")))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := plan.Effect("ops/agent")
	fmt.Print(e)
	// Output:
	// ~ DaemonSet ops/agent
	//     --- 6 placed of 6 nodes
	//     +++ 5 placed of 6 nodes
	//     - lost: worker-4
	//           now Excluded: TaintToleration: node(s) had untolerated taint(s) [gone:NoExecute]
	//     pods deleted at once: 1 on worker-4
	//     takes 1s, at worst 5 of 5 pods available on nodes that still want one
}

// A plan is stored as JSON, and refused if the cluster has changed by the time that it
// is carried out.
func ExampleRecord_Stale() {
	c := small()
	edit := dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent.With("image:agent:2")))
	plan, err := dryrun.New(c, edit)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	var kept dryrun.Record
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	later, err := c.Edit("gpu-1", cluster.Cordon())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(kept.Stale(c, edit), errors.Is(kept.Stale(later), dryrun.ErrStale))
	fmt.Println(plan.Stale(later))
	// Output:
	// <nil> true
	// the plan is stale: it was made from another cluster: changed: Node gpu-1
}

// Durations depend on the kubelets.
func ExampleWithin() {
	config := dryrun.Config{Rollout: rollout.Config{Kubelet: rollout.Kubelet{Start: 5 * time.Second, Ready: 40 * time.Second, Stop: 10 * time.Second}}}
	base, err := dryrun.NewBaseline(small(), config)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := base.Plan(dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent.With("image:agent:2", "max-unavailable:2"))))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Print(plan.Check(dryrun.Within(5*time.Minute, "50%"), dryrun.Within(2*time.Minute, "4")))
	// Output:
	// ok    ops/agent: within 5m0s, 50% available
	// FAIL  ops/agent: within 2m0s, 4 available: it takes 2m46s
	//       worker-3 worker-4: not updated after 2m0s
}

// A policy about nothing is not met.
func ExamplePolicy_AllowEmpty() {
	c := small()
	plan, err := dryrun.New(c, dryrun.EditNodes(c.Named("gpu-1"), cluster.Cordon()))
	if err != nil {
		t.Fatal(err)
	}
	windows := dryrun.Covers(c.Labeled("kubernetes.io/os", "windows"))
	fmt.Print(plan.Check(windows, windows.AllowEmpty()))
	// Output:
	// FAIL  ops/agent: covers {}: NotApplicable: no node of the set is in the cluster
	// ok    ops/agent: covers {}: NotApplicable: no node of the set is in the cluster
}

// A custom policy.
func ExampleCustom() {
	c := small()
	plan, err := dryrun.New(c, dryrun.EditNodes(c.Named("worker-1"), cluster.Taint("gone:NoExecute")))
	if err != nil {
		t.Fatal(err)
	}
	quiet := dryrun.Custom("takes no pod away at once", func(e dryrun.Effect) (broken []dryrun.Violation) {
		for _, node := range e.Pods.Deleted {
			broken = append(broken, e.Violation(node, "its pod goes at once"))
		}
		return broken
	})
	fmt.Print(plan.Check(quiet))
	// Output:
	// FAIL  ops/agent: takes no pod away at once: 1 nodes violate it
	//       worker-1: its pod goes at once
}

// One agent is split over two DaemonSets: one node has no pod, another has both.
func ExampleExactlyOne() {
	c := clustertest.World{
		clustertest.Node("n1", "size=small", "cpu:2", "memory:2Gi", "pods:9"),
		clustertest.Node("n2", "size=large", "cpu:2", "memory:2Gi", "pods:9"),
		clustertest.Node("n3", "size=huge", "cpu:2", "memory:2Gi", "pods:9"),
		clustertest.DaemonSet("ops/agent-small", "affinity:size=small|medium"),
		clustertest.DaemonSet("ops/agent-large", "affinity:size!=huge"),
	}.Cluster(t)
	plan, err := dryrun.New(c)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Print(plan.Check(dryrun.ExactlyOne(c.Nodes()).For("ops/agent-*")))
	// Output:
	// FAIL  ops/agent-large + ops/agent-small: exactly one on {n1 n2 n3}: of 3 nodes 1 have none and 1 several
	//       n3: no DaemonSet has a running pod there
	//       n1: wanted by ops/agent-large and ops/agent-small
}

// A webhook that adds a nodeSelector does not change where the controller wants pods,
// only where the scheduler places them.
func ExampleAdmission() {
	config := dryrun.Config{Rollout: rollout.Config{Admit: func(pod *corev1.Pod) { pod.Spec.NodeSelector = map[string]string{"pool": "worker"} }}}
	base, err := dryrun.NewBaseline(small(), config)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := base.Plan()
	if err != nil {
		t.Fatal(err)
	}
	e, _ := plan.Effect("ops/agent")
	fmt.Println(e.Admission.Changes, e.Admission.Refused)
	fmt.Println("wanted", e.Wanted.After, "placed", e.Placed.After)
	fmt.Println(e.Violation("gpu-1", "").Verdict)
	// Output:
	// [{spec.nodeSelector  {"pool":"worker"}}] [gpu-1 gpu-2]
	// wanted 6 placed 4
	// gpu-1: Pending: NodeAffinity: node(s) didn't match Pod's node affinity/selector [pool=worker: the node has "gpu"]
}

// Reschedules checks the pods that no DaemonSet owns when a node is removed.
func ExampleReschedules() {
	web := clustertest.Object[*corev1.Pod](t, clustertest.Pod("shop/web-1", "node:gpu-1", "on:pool=gpu", "cpu:3", "running"))
	controller := true
	web.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: "web", Controller: &controller}}
	full := web.DeepCopy()
	full.Name, full.Spec.NodeName = "web-2", "gpu-2"
	full.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("6")
	c, err := small().With(web, full)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := dryrun.New(c, dryrun.RemoveNodes(c.Named("gpu-1")))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Print(plan.Check(dryrun.Reschedules()))
	// Output:
	// FAIL  displaced pods find another node: 1 pods find none
	//       gpu-1: shop/web-1: removed after 58s: the node is removed; no node takes it again: 0/5 nodes are available: 1 Insufficient cpu, 4 node(s) didn't match Pod's node affinity/selector.
}

// A policy about some DaemonSets and some nodes, kept by a plan.
func ExampleCovers() {
	c := small()
	workers := c.Labeled("pool", "worker")
	plan, err := dryrun.New(c, dryrun.EditNodes(workers, cluster.Taint("maintenance:NoSchedule")))
	if err != nil {
		t.Fatal(err)
	}
	gpu := c.Labeled("pool", "gpu")
	fmt.Print(plan.Check(dryrun.Covers(gpu).For("ops/agent"), dryrun.Covers(workers).For("ops/agent")))
	// Output:
	// ok    ops/agent: covers {gpu-1 gpu-2}
	// FAIL  ops/agent: covers {worker-1 worker-2 worker-3 worker-4}: 4 of 4 nodes get no running pod
	//       worker-1 worker-2 worker-3 worker-4: Kept: TaintToleration: node(s) had untolerated taint(s) [maintenance:NoSchedule]
	//       hint: tolerate maintenance:NoSchedule: gains worker-1 worker-2 worker-3 worker-4
	//       hint: taint maintenance:NoSchedule- on worker-1 worker-2 worker-3 worker-4: gains worker-1 worker-2 worker-3 worker-4
}

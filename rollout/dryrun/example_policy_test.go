package dryrun_test

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// planned returns the plan of edits to the small cluster.
func planned(edits ...dryrun.Edit) *dryrun.Plan {
	plan, err := dryrun.New(small(), edits...)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// The agent must not run on the GPU nodes.
func ExampleAvoids() {
	plan := planned(dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent.With("on:pool=worker"))))
	fmt.Print(plan.Check(dryrun.Avoids(plan.After().Labeled("pool", "gpu"))))
	// Output:
	// ok    ops/agent: avoids {gpu-1 gpu-2}
}

// Each zone keeps the agent on two thirds of its nodes.
func ExampleAtLeast() {
	c := small()
	plan := planned(dryrun.EditNodes(c.Named("worker-1", "worker-3"), cluster.Taint("gone:NoExecute")))
	fmt.Print(plan.Check(dryrun.AtLeast("66%", "zone", c.Nodes())))
	// Output:
	// FAIL  ops/agent: at least 66% of 6 nodes (gpu-1 gpu-2 worker-1, ...) in each zone: zone=a: 1 of 3 nodes get a running pod, 2 are required
	//       worker-1 worker-3: Excluded: TaintToleration: node(s) had untolerated taint(s) [gone:NoExecute]
	//       hint: tolerate gone:NoExecute: gains worker-1 worker-3
	//       hint: taint gone:NoExecute- on worker-1 worker-3: gains worker-1 worker-3
}

// A plan of several edits, checked against several policies. Err returns what a test or
// a CI job fails with.
func ExamplePlan_Check() {
	c := small()
	plan := planned(
		dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent.With("image:agent:2"))),
		dryrun.EditNodes(c.Named("gpu-1"), cluster.Cordon()))
	report := plan.Check(dryrun.Covers(c.Nodes()), dryrun.Within(time.Minute, "80%"))
	fmt.Print(report)
	fmt.Println(report.Err())
	// Output:
	// ok    ops/agent: covers 6 nodes (gpu-1 gpu-2 worker-1, ...)
	// ok    ops/agent: within 1m0s, 80% available
	// <nil>
}

// Apply is kubectl apply: fields that the manifest does not state stay as they are.
func ExampleApply() {
	fmt.Print(planned(dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent.With("image:agent:2")))).Operations()[0])
	_, err := dryrun.New(small(), dryrun.Apply())
	fmt.Println(err)
	// Output:
	// apply DaemonSet ops/agent: completed after 7s
	// Apply: no object
}

// Nodes are tainted for maintenance.
func ExampleEditNodes() {
	edit := dryrun.EditNodes(small().Labeled("pool", "gpu"), cluster.Taint("maintenance:NoExecute"))
	e, _ := planned(edit).Effect("ops/agent")
	fmt.Println(edit, e.Pods.Deleted)
	// Output:
	// taint maintenance:NoExecute on gpu-1 gpu-2 [gpu-1 gpu-2]
}

// Inspect finds likely surprises about a cluster as it is.
func ExampleInspect() {
	c, err := small().EditAll(small().Labeled("pool", "gpu"), cluster.Taint("maintenance:NoSchedule"))
	if err != nil {
		t.Fatal(err)
	}
	findings, err := dryrun.Inspect(c, dryrun.Config{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Print(findings)
	// Output:
	// Note NoRequests DaemonSet ops/agent spec.template.spec.containers: no container requests anything: the scheduler counts nothing, and a node short of memory evicts the pod first; request cpu and memory
}

// Drains of the pool complete within half an hour, no PodDisruptionBudget is closed for
// longer than five minutes meanwhile, and no pod is left without a node.
func ExampleBudgetsOpen() {
	plan := planned(
		dryrun.Inputs(rollout.Drain{Node: "gpu-1", IgnoreDaemonSets: true}),
		dryrun.Inputs(rollout.Drain{Node: "gpu-2", IgnoreDaemonSets: true}))
	fmt.Print(plan.Check(
		dryrun.Completes(30*time.Minute, "drain *"),
		dryrun.BudgetsOpen(5*time.Minute).AllowEmpty(),
		dryrun.Reschedules()))
	// Output:
	// ok    drain *: edits complete within 30m0s
	// ok    budgets allow a disruption again within 5m0s: NotApplicable: the cluster has no such PodDisruptionBudget
	// ok    displaced pods find another node
}

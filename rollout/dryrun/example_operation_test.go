package dryrun_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// Every edit of a plan has a result: a drain that kubectl refuses is not taken for a
// drain that does nothing.
func ExamplePlan_Operations() {
	c, err := clustertest.Parse("pool n 2\ndaemonset ops/agent")
	if err != nil {
		panic(err)
	}
	plan, err := dryrun.New(c, dryrun.Restart("ops/agent"), dryrun.Inputs(rollout.Drain{Node: "n-1"}))
	if err != nil {
		panic(err)
	}
	for _, o := range plan.Operations() {
		fmt.Print(o)
	}
	fmt.Println(plan.Err() != nil)
	// Output:
	// restart ops/agent: completed after 3s
	// drain n-1: refused
	//       error: unable to drain node "n-1" due to error: cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ops/agent-22224
	// true
}

// Two nodes at a time are too many if only one zone may be short.
func ExampleKeepsAvailable() {
	c, err := clustertest.Parse("pool n 4 zone=a|b cpu:2\ndaemonset ops/agent max-unavailable:2")
	if err != nil {
		panic(err)
	}
	plan, err := dryrun.New(c, dryrun.Restart("ops/agent"))
	if err != nil {
		panic(err)
	}
	fmt.Print(plan.Check(dryrun.KeepsAvailable("100%", "zone", 1), dryrun.KeepsAvailable("50%", "zone", 0)))
	for _, a := range plan.Availability("zone") {
		fmt.Println(a)
	}
	// Output:
	// FAIL  ops/agent: 100% stay available in each zone except 1 at a time: 2 below at a time
	//       a b: 1 of 2 available 1s after the edits, 2 are required
	// ok    ops/agent: 50% stay available in each zone
	// DaemonSet ops/agent in a: 2 available before, at worst 1 (after 1s), 2 in the end
	// DaemonSet ops/agent in b: 2 available before, at worst 1 (after 1s), 2 in the end
}

// Drains must complete within half an hour.
func ExampleCompletes() {
	c, err := clustertest.Parse("pool n 2\ndaemonset ops/agent")
	if err != nil {
		panic(err)
	}
	plan, err := dryrun.New(c, dryrun.Inputs(rollout.Drain{Node: "n-1", IgnoreDaemonSets: true}))
	if err != nil {
		panic(err)
	}
	fmt.Print(plan.Check(dryrun.Completes(30*time.Minute, "drain *")))
	// Output:
	// ok    drain *: edits complete within 30m0s
}

// Another program can judge the JSON of a plan, for example by a CEL rule:
// plan.effects.all(e, e.placed.after >= e.placed.before).
func ExamplePlan_MarshalJSON() {
	c := small()
	plan, err := dryrun.New(c, dryrun.EditNodes(c.Labeled("pool", "gpu"), cluster.Taint("dedicated=gpu:NoExecute")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Effects []struct {
			Key    string
			Placed struct{ Before, After int }
		}
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, e := range read.Effects {
		fmt.Println(e.Key, e.Placed.Before, e.Placed.After, e.Placed.After >= e.Placed.Before)
	}
	// Output: daemonset/ops/agent 6 4 false
}

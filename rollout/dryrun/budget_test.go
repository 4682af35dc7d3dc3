package dryrun_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// A drain takes one of three pods. If two must be healthy, the budget is closed until
// the next pod is ready, 10 s later. If three must be, it is always closed.
func TestBudgetsOverTime(t *testing.T) {
	for least, want := range map[int32]string{
		2: "PodDisruptionBudget shop/web: 1 disruptions allowed before, at worst 0 (after 1s, with 2 healthy and 2 required), 1 in the end; none for 11s at a stretch",
		3: "PodDisruptionBudget shop/web: 0 disruptions allowed before, at worst 0 (after 0s, with 3 healthy and 3 required), 0 in the end; none for 1h0m0s at a stretch",
	} {
		web, n := webOf(3, "web:1"), intstr.FromInt32(least)
		c := with(t, clustertest.World{clustertest.Pool("n", 3, "cpu:2")}, web, &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &n, Selector: web.Spec.Selector}})
		config := dryrun.Config{Limit: time.Hour, Rollout: rollout.Config{Kubelet: rollout.Kubelet{Ready: 10 * time.Second}}}
		base, err := dryrun.NewBaseline(c, config)
		if err != nil {
			t.Fatal(err)
		}
		p, err := base.Plan(dryrun.Inputs(rollout.Drain{Node: nodeOf(t, base.Cluster(), "shop")}))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Record().Budgets; len(got) != 1 || got[0].String() != want {
			t.Errorf("%v, want\n%s\n%v", got, want, p)
		}
		second := func(n int) time.Duration { return time.Duration(n) * time.Second }
		moments := map[int32][]dryrun.BudgetMoment{2: {{0, 3, 2, 1}, {second(1), 2, 2, 0}, {second(12), 3, 2, 1}}, 3: {{0, 3, 3, 0}}}[least]
		if got := p.Record().Budgets[0].Moments; !slices.Equal(got, moments) {
			t.Errorf("%v, want %v", got, moments)
		}
		for within, holds := range map[time.Duration]bool{5 * time.Second: false, time.Minute: least == 2} {
			r := p.Check(dryrun.BudgetsOpen(within, "shop/*"))
			if (r.Err() == nil) != holds || strings.Contains(r.String(), "already so before") != (least == 3) {
				t.Errorf("least %d, within %v: %v", least, within, r)
			}
		}
		if r := p.Check(dryrun.BudgetsOpen(time.Minute, "no/*")); r.Err() == nil || !strings.Contains(fmt.Sprint(r), "has no such PodDisruptionBudget") {
			t.Error(r)
		}
	}
}

// One zone has one node and the other three. With one pod at a time, 50 % of all pods are
// always available, and of those in the small zone none is for a while.
func TestWithinPerZone(t *testing.T) {
	c := clustertest.World{clustertest.Node("a1", "zone=a"), clustertest.Node("b1", "zone=b"), clustertest.Node("b2", "zone=b"), clustertest.Node("b3", "zone=b"),
		clustertest.Node("none"), clustertest.DaemonSet("ops/agent")}.Cluster(t)
	base, err := dryrun.NewBaseline(c, dryrun.Config{Rollout: rollout.Config{Kubelet: rollout.Kubelet{Ready: 10 * time.Second}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := base.Plan(dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "image:agent:2"))))
	if err != nil {
		t.Fatal(err)
	}
	within := dryrun.Within(5*time.Minute, "50%")
	for _, test := range []struct {
		policy dryrun.Policy
		want   string
	}{
		{within, "ok    ops/agent: within 5m0s, 50% available\n"},
		{within.Per("zone"), "FAIL  ops/agent: within 5m0s, 50% available in each zone: zone=a: at worst 0 of 1 pods are available on nodes that still want one, 1 are required\n" +
			"      a1: without an available pod 1s after the edits\n"},
	} {
		if got := p.Check(test.policy).String(); got != test.want {
			t.Errorf("%s\nwant\n%s\n%v", got, test.want, p)
		}
	}
	for _, wrong := range []dryrun.Policy{within.Per(""), dryrun.Covers(c.Nodes()).Per("zone")} {
		if r := p.Check(wrong); r.Results[0].Outcome != dryrun.OutcomeInvalid {
			t.Errorf("%v: %v", wrong, r)
		}
	}
}

// nodeOf returns the node of the first pod of a namespace.
func nodeOf(t *testing.T, c *cluster.Cluster, namespace string) string {
	for _, pod := range c.Manifest().Pods {
		if pod.Namespace == namespace {
			return pod.Spec.NodeName
		}
	}
	t.Fatal("no pod")
	return ""
}

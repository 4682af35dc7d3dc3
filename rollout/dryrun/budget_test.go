package dryrun_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
		2: "PodDisruptionBudget shop/web: 1 disruptions allowed before, at worst 0, 1 in the end; none for 11s at a stretch",
		3: "PodDisruptionBudget shop/web: 0 disruptions allowed before, at worst 0, 0 in the end; none for 1h0m0s at a stretch",
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

package rollout_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/rollout"
)

// At the end of each tick a quota's status is what the quota controller would count, and
// no more is used than the quota allows. Mutants seen to fail: charge without keeping
// what was charged; a pod that vanishes without uncharge.
func TestQuotasAreWhatTheControllerWouldCount(t *testing.T) {
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		hard := rapid.IntRange(1, 6).Draw(t, "pods")
		m, err := cluster.ReadManifest(strings.NewReader(fmt.Sprintf(
			`{kind: ResourceQuota, apiVersion: v1, metadata: {name: few, namespace: apps}, spec: {hard: {pods: %d, requests.cpu: %d}}}`, hard, rapid.IntRange(1, 6).Draw(t, "cpu"))))
		if err != nil {
			t.Fatal(err)
		}
		c, err := clustertest.World{clustertest.Pool("n", 4, "cpu:8")}.Cluster(t).With(m.Objects()...)
		if err != nil {
			t.Fatal(err)
		}
		sim, err := rollout.New(c, rollout.Config{Kubelet: rollout.Kubelet{Stop: 3e9}, Order: rollout.OrderSeeded, Seed: 7})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rapid.IntRange(1, 4).Draw(t, "updates") {
			ds := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("apps/agent", "cpu:1", fmt.Sprintf("image:agent:%d", i), fmt.Sprintf("max-unavailable:%d", rapid.IntRange(1, 3).Draw(t, "max"))))
			if err := sim.Apply(ds); err != nil {
				t.Fatal(err)
			}
			if node := rapid.IntRange(1, 8).Draw(t, "node"); node <= 4 {
				if err := sim.At(sim.Now()+2, rollout.FailPods{Node: fmt.Sprintf("n-%d", node)}); err != nil {
					t.Fatal(err)
				}
			}
			for events := range sim.Run(rapid.IntRange(1, 60).Draw(t, "ticks")) {
				for _, e := range events {
					if e.Kind == rollout.EventFailedCreate {
						refused++
					}
				}
				now := sim.Cluster().Manifest()
				q := now.ResourceQuotas[0]
				counted := admission.Recount(q, now.Pods, sim.Time(sim.Now()))
				if !equality.Semantic.DeepEqual(q.Status, counted) {
					t.Fatalf("tick %d: used %v, counted %v", sim.Now(), q.Status.Used, counted.Used)
				}
				for name, used := range q.Status.Used {
					if limit := q.Status.Hard[name]; used.Cmp(limit) > 0 {
						t.Fatalf("tick %d: %s: %s of %s", sim.Now(), name, used.String(), limit.String())
					}
				}
			}
		}
	})
	if refused < 10 {
		t.Errorf("%d refusals only", refused)
	}
}

package dryrun_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout/dryrun"
)

// A node without status has room for no pod, as in the scheduler: a prediction, a plan,
// the plan's simulation and the capacity report say so, whether the node was there or is
// applied.
func TestANodeWithoutStatusHasRoomForNoPod(t *testing.T) {
	bare := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "bare", Labels: map[string]string{"kubernetes.io/os": "linux"}}}
	agent := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent"))
	sized := clustertest.World{clustertest.Node("sized", "cpu:4")}.Cluster(t)
	there := with(t, clustertest.World{clustertest.Node("sized", "cpu:4")}, bare)
	for what, p := range map[string]*dryrun.Plan{
		"there":   plan(t, there, dryrun.Apply(agent)),
		"applied": plan(t, sized, dryrun.Apply(bare, agent)),
	} {
		e, _ := p.Effect("ops/agent")
		_, after := e.Prediction()
		if v, _ := after.Verdict("bare"); v.Decision != placement.Pending || e.Placed.After != 1 || p.Err() == nil {
			t.Errorf("%s: %v\n%v", what, v, p)
		}
		sim, err := p.Sim()
		if err != nil {
			t.Fatal(err)
		}
		sim.Advance(10)
		for _, pod := range shownPods(sim, "ops/agent") {
			if pod.Bound != (pod.Node == "sized") {
				t.Errorf("%s: %v", what, pod)
			}
		}
		if report := placement.NewCapacityReport(p.After()); !report.Overloaded().Has("bare") || report.Overloaded().Len() != 1 {
			t.Errorf("%s: overloaded are %v", what, report.Overloaded())
		}
	}
}

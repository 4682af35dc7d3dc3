package placementtest

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

func TestClaimsHoldAndAreValid(t *testing.T) {
	seen := map[placement.Decision]int{}
	for _, c := range testCases() {
		ds, node := clustertest.Object[*appsv1.DaemonSet](t, c.daemonSet), clustertest.Object[*corev1.Node](t, c.node)
		if errs := append(cluster.Validate(ds), cluster.Validate(node)...); len(errs) > 0 {
			t.Errorf("%v: %v", c, errs)
		}
		w, err := placement.ForDaemonSet(ds)
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		if got := w.Check(node).Decision; got != c.want {
			t.Errorf("%v: %v, want %v", c, got, c.want)
		}
		seen[c.want]++
	}
	if len(seen) != 3 || len(claims) < 50 {
		t.Errorf("%d claims: %v", len(claims), seen)
	}
}

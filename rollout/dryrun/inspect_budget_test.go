package dryrun_test

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout/dryrun"
)

// An API server accepts no negative limit, but a snapshot may hold one: then no waves
// are counted. Mutant seen to fail: inspectTime that divides by a limit of zero.
func TestNegativeLimitsCountNoWaves(t *testing.T) {
	for _, limits := range [][2]int{{-1, 0}, {0, -1}, {-1, -1}, {-2, -1}} {
		w := clustertest.World{clustertest.Pool("n", 3)}
		ds := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "max-surge:1", "min-ready:10s"))
		surge, unavailable := intstr.FromInt(limits[0]), intstr.FromInt(limits[1])
		ds.Spec.UpdateStrategy.RollingUpdate.MaxSurge, ds.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = &surge, &unavailable
		found, err := dryrun.Inspect(with(t, w, ds), dryrun.Config{Limit: time.Second})
		if err != nil {
			t.Errorf("%v: %v", limits, err)
		}
		for _, f := range found {
			if f.Rule == "TakesTooLong" {
				t.Errorf("%v: %v", limits, f)
			}
		}
	}
}

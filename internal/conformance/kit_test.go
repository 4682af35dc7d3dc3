package conformance

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/conformance/controllers"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement/placementtest"
	"github.com/berthsim/berth/rollout/rollouttest"
)

// What placementtest asks of other people's code, the real controller passes.
func TestTheControllerPassesTheKit(t *testing.T) {
	placementtest.Wants(t, func(ds *appsv1.DaemonSet, node *corev1.Node) bool {
		run, _ := upstream.ShouldRun(ds, node)
		return run
	})
	placementtest.Keeps(t, func(ds *appsv1.DaemonSet, node *corev1.Node) bool {
		_, stay := upstream.ShouldRun(ds, node)
		return stay
	})
}

// So it does what rollouttest asks of controllers: every claim, and scenes drawn
// at random, holds of the real one.
func TestTheControllerFollows(t *testing.T) {
	rollouttest.Follows(t, func() rollouttest.Controller {
		real, err := controllers.NewBeside()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(real.Stop)
		return real.Sync
	})
}

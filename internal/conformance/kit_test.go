package conformance

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement/placementtest"
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

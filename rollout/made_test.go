package rollout_test

import (
	"testing"

	"github.com/berthsim/berth/rollout"
)

// ReplicaSets and revisions that controllers create have a kind and an apiVersion, as
// objects read from a manifest do, so that each can be written without a list.
func TestMadeObjectsStateTheirKind(t *testing.T) {
	sim := simulate(t)
	settle(t, sim, rollout.Apply{Object: agent("v1")}, rollout.Apply{Object: web("v1")})
	m := sim.Cluster().Manifest()
	if len(m.ControllerRevisions) != 1 || len(m.ReplicaSets) != 1 {
		t.Fatalf("%d revisions, %d ReplicaSets", len(m.ControllerRevisions), len(m.ReplicaSets))
	}
	if got := m.ControllerRevisions[0].GroupVersionKind().String(); got != "apps/v1, Kind=ControllerRevision" {
		t.Errorf("a revision is %q", got)
	}
	if got := m.ReplicaSets[0].GroupVersionKind().String(); got != "apps/v1, Kind=ReplicaSet" {
		t.Errorf("a ReplicaSet is %q", got)
	}
}

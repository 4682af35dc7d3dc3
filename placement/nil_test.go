package placement_test

import (
	"testing"

	"github.com/berthsim/berth/placement"
	corev1 "k8s.io/api/core/v1"
)

// Nothing given is a cluster without nodes and a pod that asks for nothing.
func TestNilIsNothing(t *testing.T) {
	if l := placement.NewLedger(nil); l.Overloaded().Len() != 0 || l.String() != "0 DaemonSets on 0 nodes: 0 overloaded, 0 clashing" {
		t.Error(l)
	}
	if r := placement.NewRoom(nil); r.Len() != 0 {
		t.Error(r.Len())
	}
	if placement.LoadOf(nil) == nil {
		t.Error("no load")
	}
	w, err := placement.ForPod(&corev1.Pod{}, placement.Unvalidated())
	if err != nil {
		t.Fatal(err)
	}
	if p := w.Predict(nil); p.Placed().Len() != 0 || p.String() != "no nodes available to schedule pods" {
		t.Error(p)
	}
}

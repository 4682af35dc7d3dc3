package placement_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/placement"
)

// Zero values and nil arguments lead to empty results or errors.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		placement.DecisionChange{}, placement.Changes{}, placement.Conflict{}, placement.Cost{}, placement.Decision(0),
		placement.NodeUsage{}, placement.Hint{}, placement.CapacityReport{},
		placement.Mismatch{}, placement.ReplicaPlacement{}, placement.PluginScore{}, placement.PortConflict{},
		(*placement.Prediction)(nil), placement.Preemption{}, placement.NodeScore{}, placement.FilterReason{}, placement.Replica{},
		placement.MinimumNode{}, placement.DaemonSetUsage{}, placement.Shortfall{}, placement.HintStep{},
		placement.Typo{}, placement.Untolerated{}, placement.Verdict{}, placement.PendingReplicas{}, (*placement.Workload)(nil),
		placement.AtVersion, placement.Diff, placement.ForDaemonSet, placement.ForPod, placement.NewCapacityReport,
		placement.Replicas, placement.Unvalidated, placement.WithoutAdmission,
	)
}

// A zero room accepts nodes. Positions without a node have no effect.
func TestZeroRoomGrows(t *testing.T) {
	r, load := room.New(nil), room.LoadOfPod(&corev1.Pod{})
	node := &corev1.Node{Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("2")}}}
	for _, position := range []int{-1, 0, 1, 64} {
		r.Add(load, position)
		r.Remove(load, position)
		if room.Fits(r, nil, position) || len(room.Why(r, nil, position)) == 0 {
			t.Errorf("a pod fits on node %d of none", position)
		}
	}
	r.SetNode(1, node)
	r.SetNode(0, node)
	full := r.Clone()
	full.Add(load, 0)
	full.Add(nil, 0)
	if r.Len() != 1 || !room.Fits(r, nil, 0) || room.Fits(full, nil, 0) {
		t.Error(r.Len(), room.Fits(r, nil, 0), room.Fits(full, nil, 0))
	}
	c, err := cluster.New(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	var nothing *placement.Workload
	p := nothing.Predict(c)
	for _, small := range []room.Room{nil, room.New(nil), r} { // which have too few nodes
		if v, ok := room.Predict(p, small).Verdict("b"); ok {
			t.Error(v)
		}
		if small == nil {
			continue
		}
		small = small.Clone()
		if small.Over(c); room.Fits(small, nothing, 1) {
			t.Error("a room is over nodes that it does not have")
		}
	}
}

// A nil cluster has no nodes, and the load of a nil pod is not nil.
func TestNilIsNothing(t *testing.T) {
	if l := placement.NewCapacityReport(nil); l.Overloaded().Len() != 0 || l.String() != "0 DaemonSets on 0 nodes: 0 overloaded, 0 conflicting" {
		t.Error(l)
	}
	if r := room.New(nil); r.Len() != 0 {
		t.Error(r.Len())
	}
	if room.LoadOfPod(nil) == nil {
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

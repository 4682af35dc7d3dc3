package dryrun_test

import (
	"fmt"
	"k8s.io/apimachinery/pkg/runtime"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// What a simulation knows as an input happens in it, after its start: the trace shows
// it. Other objects are there from the start.
func TestAppliedObjectsAreInputs(t *testing.T) {
	c := with(t, clustertest.World{clustertest.Node("n1"), clustertest.DaemonSet("ops/agent")}, webOf(1, "web:1"))
	node, _ := c.Node("n1")
	node.Labels = map[string]string{"a": "b"}
	for _, test := range []struct {
		edit dryrun.Edit
		want bool
	}{
		{dryrun.Apply(webOf(1, "web:2")), true},
		{dryrun.Apply(clustertest.Object[runtime.Object](t, clustertest.DaemonSet("ops/agent", "image:agent:2"))), true},
		{dryrun.Apply(node), true},
		{dryrun.EditNodes(c.Named("n1"), cluster.Label("a", "b")), true},
		{dryrun.Delete(webOf(1, "web:1")), true},
		{dryrun.Apply(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"a": "b"}}}), false},
	} {
		p := plan(t, c, test.edit)
		if got := slices.ContainsFunc(p.Trace(), func(e rollout.Event) bool { return e.Kind == rollout.EventInputApplied }); got != test.want {
			t.Errorf("%v: applied in the simulation %v, want %v:\n%v", test.edit, got, test.want, fmt.Sprint(p.Trace()))
		}
	}
}

// A node whose taints of one toleration are several is named once.
func TestANodeOfAnEvictionLoopIsNamedOnce(t *testing.T) {
	c := edited(t, noTolerations, "tolerations: [{operator: Exists, effect: NoExecute, tolerationSeconds: 60}]",
		noTaints, "taints: [{key: x, effect: NoExecute}, {key: z, effect: NoExecute}]")
	found, err := dryrun.Inspect(c, dryrun.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Rule == "EvictionLoop" && !slices.Equal(f.Nodes, []string{"n1"}) {
			t.Errorf("%v: nodes %v", f, f.Nodes)
		}
	}
	if !slices.ContainsFunc(found, func(f dryrun.Finding) bool { return f.Rule == "EvictionLoop" }) {
		t.Errorf("no loop: %v", found)
	}
}

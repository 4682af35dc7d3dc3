package dryrun_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// Calls on zero values return nothing or an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		dryrun.Availability{}, (*dryrun.Baseline)(nil), dryrun.BudgetCourse{}, dryrun.Config{}, dryrun.Edit{}, dryrun.Effect{}, dryrun.Eviction{},
		dryrun.Finding{}, dryrun.Findings(nil), dryrun.Violation{}, dryrun.Operation{},
		(*dryrun.Plan)(nil), dryrun.Policy{}, dryrun.Record{}, dryrun.Report{}, dryrun.Result{},
		dryrun.Apply, dryrun.AtLeast, dryrun.Avoids, dryrun.BudgetsOpen, dryrun.Completes, dryrun.Covers, dryrun.Delete, dryrun.EditNodes, dryrun.ExactlyOne,
		dryrun.Custom, dryrun.Inputs, dryrun.Inspect, dryrun.KeepsAvailable, dryrun.New, dryrun.Reschedules, dryrun.RemoveNodes, dryrun.Restart, dryrun.NewBaseline,
		dryrun.Upgrade, dryrun.Within,
	)
}

// The text of a zero value says that it is empty, and has no gaps.
func TestNothingHasWords(t *testing.T) {
	c, err := cluster.New(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}})
	if err != nil {
		t.Fatal(err)
	}
	for want, edit := range map[string]dryrun.Edit{
		"no edit: the zero Edit edits nothing: use a function such as Apply":     {},
		"no edit on no node: EditNodes: no edit: there is no node in the set":    dryrun.EditNodes(cluster.NodeSet{}),
		"no edit on n1: EditNodes: no edit of n1":                                dryrun.EditNodes(c.Nodes()),
		"cordon on no node: EditNodes: cordon: there is no node in the set":      dryrun.EditNodes(cluster.NodeSet{}, cluster.Cordon()),
		"remove no node: RemoveNodes: there is no node in the set":               dryrun.RemoveNodes(cluster.NodeSet{}),
		"delete Node without a name: object 0: Node: metadata.name: is required": dryrun.Delete(&corev1.Node{}),
		`undo "": undo: no key: must be namespace/name`:                          dryrun.Inputs(rollout.Undo{}),
		"no input: Inputs: no input":                                             dryrun.Inputs(),
		"apply nothing: Apply: no object":                                        dryrun.Apply(),
		"delete nothing: Delete: no object":                                      dryrun.Delete(),
		"restart nothing: Restart: no key":                                       dryrun.Restart(),
	} {
		_, err := dryrun.New(c, edit)
		if got := fmt.Sprintf("%v: %v", edit, err); got != want {
			t.Errorf("%s\n%s", got, want)
		}
	}
	for _, p := range []dryrun.Policy{dryrun.AtLeast("", "", c.Nodes()), dryrun.Within(0, ""), dryrun.Custom("", nil), dryrun.Reschedules("")} {
		if text := p.String(); strings.Contains(" "+text+" ", "  ") || strings.HasPrefix(text, ":") {
			t.Errorf("%q", text)
		}
	}
}

// A rollout that does not complete is reported with what each node waits for, even if
// that is one word.
func TestWhatDoesNotEndSaysWhatItWaitsFor(t *testing.T) {
	c, err := clustertest.Parse("n1\nn2\ndaemonset ops/agent\n")
	if err != nil {
		t.Fatal(err)
	}
	p, err := dryrun.New(c, dryrun.Inputs(rollout.NodeNotReady{Node: "n1"}, rollout.PodsNotReady{Node: "n2"}))
	if err != nil {
		t.Fatal(err)
	}
	want := "FAIL  ops/agent: within 1m0s, 0% available: the rollout does not complete (Stuck)\n      n2: NotReady\n"
	if got := p.Check(dryrun.Within(time.Minute, "0%")).String(); got != want {
		t.Errorf("%s\n%s", got, want)
	}
	if got, err := dryrun.New(c); err != nil || !strings.HasPrefix(got.String(), "no edit\n\n") {
		t.Error(got, err)
	}
}

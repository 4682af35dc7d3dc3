package placement_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/placement"
)

// turns returns the nodes whose decision differs between before and after.
func turns(d placement.Changes) cluster.NodeSet {
	var all cluster.NodeSet
	each := []placement.Decision{placement.Excluded, placement.Kept, placement.Pending, placement.Placed}
	for _, was := range each {
		for _, now := range each {
			all = all.Or(d.Nodes(was, now))
		}
	}
	return all
}

// twoPredictions returns a random prediction and a second one after some change
// of the nodes, the workload, or both. Now and then one is nil.
func twoPredictions(t *rapid.T) (before, after *placement.Prediction) {
	c := draw(t)
	w := daemon(t, gen.DaemonSet(t))
	before = w.Predict(c)
	switch rapid.IntRange(0, 9).Draw(t, "after") {
	case 0:
		return nil, before
	case 1:
		return before, nil
	case 2, 3:
		w = daemon(t, gen.DaemonSet(t))
	}
	after = w.Predict(changed(t, c))
	return before, after
}

// changed returns a random other snapshot: nodes are tainted, replaced, added
// and removed.
func changed(t *rapid.T, c *cluster.Cluster) *cluster.Cluster {
	for range rapid.IntRange(0, 5).Draw(t, "changes") {
		if names := c.Nodes().Names(); len(names) > 0 && rapid.Bool().Draw(t, "taint") {
			taint := gen.Taint(t)
			c, _ = c.Edit(rapid.SampledFrom(names).Draw(t, "tainted"), cluster.Taint(taint.ToString()))
			continue
		}
		n := gen.Node(t, fmt.Sprintf("n%02d", rapid.IntRange(0, 9).Draw(t, "node")))
		n.Status.Allocatable = gen.Allocatable(t)
		var err error
		if c.Nodes().Has(n.Name) && rapid.Bool().Draw(t, "remove") {
			c, err = c.Without(n)
		} else {
			c, err = c.With(n)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Every node has the decisions of its two verdicts, and the diff has no other
// nodes. Mutants seen: newly pending nodes only if they were placed; kept nodes
// not if they were pending; kept nodes among the nodes that lose their pod;
// a verdict on a node that the snapshot does not have.
func TestDiffSaysOfEveryNodeWhatItsVerdictsSay(t *testing.T) {
	type turn struct{ was, now placement.Decision }
	rapid.Check(t, func(t *rapid.T) {
		before, after := twoPredictions(t)
		d := placement.Diff(before, after)
		was, is := decisions(before), decisions(after)
		want := map[string]turn{}
		for _, names := range []map[string]placement.Decision{was, is} {
			for name := range names {
				if was[name] != is[name] {
					want[name] = turn{was[name], is[name]}
				}
			}
		}
		got := map[string]turn{}
		last := ""
		for change := range d.All() {
			if change.Node <= last {
				t.Fatalf("%s comes after %s", change.Node, last)
			}
			last = change.Node
			got[change.Node] = turn{change.Was, change.Now}
			if _, ok := was[change.Node]; ok != (change.Before != nil) || ok && change.Before.Decision != was[change.Node] {
				t.Fatalf("%v was %v", change, was[change.Node])
			}
			if !d.Nodes(change.Was, change.Now).Has(change.Node) {
				t.Fatalf("%v is not among the nodes of its transition", change)
			}
			if wanted := change.Was >= placement.Pending; wanted != d.Nodes(placement.Eligible, change.Now).Has(change.Node) {
				t.Fatalf("%v: was eligible: %v", change, !wanted)
			}
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(turn{})); diff != "" {
			t.Fatalf("turns (-want +got):\n%s", diff)
		}
		if n := turns(d).Len(); n != len(want) {
			t.Fatalf("%d nodes in the sets, %d turn", n, len(want))
		}
	})
}

func decisions(p *placement.Prediction) map[string]placement.Decision {
	all := map[string]placement.Decision{}
	if p != nil {
		for v := range p.Verdicts() {
			all[v.Node] = v.Decision
		}
	}
	return all
}

// A diff applied to the state before yields the state after, and the reverse. A
// prediction does not differ from itself. Mutants seen: added nodes not looked at by
// Empty; newly pending nodes that were pending.
func TestDiffLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := twoPredictions(t)
		for _, p := range []*placement.Prediction{before, after} {
			if d := placement.Diff(p, p); !d.Empty() || d.String() != "" {
				t.Fatalf("a prediction differs from itself: %v", d)
			}
		}
		d, back := placement.Diff(before, after), placement.Diff(after, before)
		if d.Empty() != back.Empty() {
			t.Fatalf("there %v, back %v", d, back)
		}
		if before == nil || after == nil {
			return
		}
		same := func(name string, got, want cluster.NodeSet) {
			if !got.Equal(want) {
				t.Fatalf("%s: applied %v, is %v\n%v", name, got, want, d)
			}
		}
		to := func(now placement.Decision) cluster.NodeSet {
			return d.Nodes(placement.Excluded, now).Or(d.Nodes(placement.Kept, now)).Or(d.Nodes(placement.Eligible, now))
		}
		turned := turns(d)
		same("placed", before.Placed().Minus(turned).Or(to(placement.Placed)), after.Placed())
		same("pending", before.Pending().Minus(turned).Or(to(placement.Pending)), after.Pending())
		same("kept", before.Kept().Minus(turned).Or(to(placement.Kept)), after.Kept())
		same("back", back.Nodes(placement.Eligible, placement.Excluded), d.Nodes(placement.Excluded, placement.Eligible))
	})
}

// The texts depend only on the two predictions, and JSON holds every change. A
// mutant seen: changes listed turn by turn.
func TestDiffIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := twoPredictions(t)
		d := placement.Diff(before, after)
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var read struct {
			Version string
			Changes []placement.DecisionChange
		}
		if err := json.Unmarshal(text, &read); err != nil || read.Version != "berth.changes/v1" {
			t.Fatalf("%v: %s", err, text)
		}
		i := 0
		for change := range d.All() {
			if i >= len(read.Changes) || inJSON(t, read.Changes[i]) != inJSON(t, change) {
				t.Fatalf("change %d is %v in %s", i, change, text)
			}
			if !strings.Contains(d.String(), change.Node) {
				t.Fatalf("%v is not in\n%v", change, d)
			}
			i++
		}
		if i != len(read.Changes) {
			t.Fatalf("%d changes, %s", i, text)
		}
		if again, _ := json.Marshal(placement.Diff(before, after)); string(again) != string(text) {
			t.Fatalf("%s\n%s", text, again)
		}
	})
}

func inJSON(t *rapid.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDiffOfNothing(t *testing.T) {
	if d := placement.Diff(nil, nil); !d.Empty() || d.String() != "" || d.Nodes(99, placement.Placed).Len() > 0 {
		t.Error(d)
	}
	var none placement.Changes
	if text, err := json.Marshal(none); err != nil || !none.Empty() {
		t.Error(string(text), err)
	}
}

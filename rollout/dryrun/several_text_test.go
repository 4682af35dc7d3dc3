package dryrun_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout/dryrun"
)

// names returns n names n01, n02, ..., separated by spaces.
func names(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("n%02d", i+1))
	}
	return strings.Join(all, " ")
}

// agents returns a cluster of n nodes n01, n02, ... with an agent on each.
func agents(t *testing.T, n int) *cluster.Cluster {
	t.Helper()
	var w clustertest.World
	for _, name := range strings.Fields(names(n)) {
		w = append(w, clustertest.Node(name, "pool=a"))
	}
	return append(w, clustertest.DaemonSet("ops/agent", "on:pool=a")).Cluster(t)
}

// Texts name a few nodes and count the rest. They have no count if all nodes are named.
func TestTextsNameAFewAndCountTheRest(t *testing.T) {
	for _, test := range []struct {
		n                            int
		policy, broken, stale, found string
	}{
		{1, "{n01}", "n01", "DaemonSet ops/agent, Node n01", "n01"},
		{2, "{n01 n02}", "n01 n02", "DaemonSet ops/agent, Node n01, Node n02", "n01 n02"},
		{4, "{n01 n02 n03 n04}", names(4), "DaemonSet ops/agent, Node n01, Node n02, Node n03, Node n04", "n01 n02 n03 n04"},
		{5, "5 nodes (n01 n02 n03, ...)", names(5), "DaemonSet ops/agent, Node n01, Node n02, Node n03, Node n04 and 1 more", "n01 n02 n03 and 2 more"},
		{12, "12 nodes (n01 n02 n03, ...)", names(12), "DaemonSet ops/agent, Node n01, Node n02, Node n03, Node n04 and 8 more", "n01 n02 n03 and 9 more"},
		{13, "13 nodes (n01 n02 n03, ...)", names(12) + " and 1 more", "DaemonSet ops/agent, Node n01, Node n02, Node n03, Node n04 and 9 more", "n01 n02 n03 and 10 more"},
		{20, "20 nodes (n01 n02 n03, ...)", names(12) + " and 8 more", "DaemonSet ops/agent, Node n01, Node n02, Node n03, Node n04 and 16 more", "n01 n02 n03 and 17 more"},
	} {
		c := agents(t, test.n)
		away := dryrun.EditNodes(c.Nodes(), cluster.Label("pool", "b"))
		p := plan(t, c, away)

		covers := dryrun.Covers(c.Nodes())
		if want := "covers " + test.policy; covers.String() != want {
			t.Errorf("%q, want %q", covers, want)
		}
		want := fmt.Sprintf(`the plan violates a policy
edit  label pool=b on %s
FAIL  ops/agent: covers %s: %d of %d nodes get no running pod
      %s: Excluded: NodeAffinity: node(s) didn't match Pod's node affinity/selector [pool=a: the node has "b"]
`, names(test.n), test.policy, test.n, test.n, test.broken)
		if got := p.Check(covers, dryrun.AtLeast("0", "", c.Nodes())).Err(); got == nil || !strings.HasPrefix(got.Error(), want) {
			t.Errorf("%v\nwant\n%s", got, want)
		}

		moved, err := c.EditAll(c.Nodes(), cluster.Cordon())
		if err != nil {
			t.Fatal(err)
		}
		if moved, err = moved.With(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "image:other"))); err != nil {
			t.Fatal(err)
		}
		if err := p.Stale(moved); !errors.Is(err, dryrun.ErrStale) || !strings.HasSuffix(err.Error(), ": changed: "+test.stale) {
			t.Errorf("%v, want %q", err, test.stale)
		}
		if err := p.Stale(c); err != nil {
			t.Errorf("the same cluster: %v", err)
		}

		tainted := plan(t, c, dryrun.EditNodes(c.Nodes(), cluster.Taint("x:NoSchedule"))).Record().Findings
		if len(tainted) != 1 || !strings.Contains(tainted[0].Message, "deletes the pods on "+test.found+" and none come back") {
			t.Errorf("%v, want one that names %s", tainted, test.found)
		}
	}
}

package main

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/outside"
)

// A user's program in which each marked call changes nothing. The others pass time, or
// their result is used.
const program = `package user

import (
	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

func user(c *cluster.Cluster, sim *rollout.Sim, ds *appsv1.DaemonSet) *cluster.Cluster {
	c.Edit("a", cluster.Cordon()) // dropped
	c.EditAll(c.Nodes(), cluster.Cordon()) // dropped
	c.Nodes().Minus(c.Named("a")) // dropped
	cluster.Default(ds) // dropped
	sim.Run(100) // dropped
	defer sim.Fork() // dropped
	dryrun.Covers(c.Nodes()).For("default/agent") // dropped
	sim.Tick()
	sim.Advance(100)
	sim.Settle(100)
	for range sim.Run(100) {
	}
	sim.RolloutStatus("default/agent")
	c, _ = c.Edit("a", cluster.Cordon())
	return c
}
`

// TestMain runs berthvet itself where the test below starts this binary.
func TestMain(m *testing.M) {
	if os.Getenv("BERTHVET") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Berthvet reports the marked lines and no other, and fails. Mutants seen to fail:
// changesNothing without receivers, without parameters, without iterators; DeferStmt
// left out.
func TestDroppedResultsAreReported(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles what a user would")
	}
	dir := outside.Module(t, "../..", map[string]string{"user.go": program})
	t.Setenv("BERTHVET", "1")
	_, stderr, err := outside.Run(dir, "", os.Args[0], "./...")
	if err == nil {
		t.Error("no error")
	}
	var got, want []string
	for line := range strings.Lines(stderr) {
		if _, rest, ok := strings.Cut(line, "user.go:"); ok {
			at, _, _ := strings.Cut(rest, ":")
			got = append(got, at)
		}
	}
	for n, line := range strings.Split(program, "\n") {
		if strings.HasSuffix(line, "// dropped") {
			want = append(want, strconv.Itoa(n+1))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("lines %v, want %v:\n%s", got, want, stderr)
	}
	if !strings.Contains(stderr, "user.go:12:2: result of (*github.com/berthsim/berth/cluster.Cluster).Edit call not used") {
		t.Error(stderr)
	}
}

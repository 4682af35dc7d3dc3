package rollouttest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/rollouttest"
)

func anyScenario() *rapid.Generator[rollouttest.Scenario] {
	agent := clustertest.DaemonSet("agent", "max-unavailable:2")
	return rollouttest.Scenarios(agent, rollouttest.WithFaults(3),
		rollouttest.WithWorlds(clustertest.Clusters(clustertest.WithPods())),
		rollouttest.WithUpdates(agent.With("image:i:2"), agent.With("max-surge:1", "image:i:3"), agent.With("on-delete")))
}

// The source that a scenario prints compiles and prints the same again.
func TestScenariosPrintAsTheirSource(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a program")
	}
	var literals, want strings.Builder
	for i := range 30 {
		s := anyScenario().Example(i).GoString()
		fmt.Fprintf(&literals, "%s,\n", s)
		fmt.Fprintln(&want, s)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	source := "package main\nimport (\n\"fmt\"\n\"time\"\n\"github.com/berthsim/berth/cluster\"\n\"github.com/berthsim/berth/cluster/clustertest\"\n" +
		"\"github.com/berthsim/berth/rollout\"\n\"github.com/berthsim/berth/rollout/rollouttest\"\n)\nvar _ = cluster.Cordon\nvar _ time.Duration\nvar _ rollout.Input\n" +
		"func main() {\nfor _, s := range []rollouttest.Scenario{\n" + literals.String() + "} {\nfmt.Printf(\"%#v\\n\", s)\n}\n}\nvar _ clustertest.World\n"
	if err := os.WriteFile(file, []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := exec.Command("go", "run", file).CombinedOutput()
	if diff := cmp.Diff(want.String(), string(got)); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// The configuration of a violation reproduces it. Mutant seen to fail: probe.Choices
// without what a script took.
func TestFailuresHappenAgain(t *testing.T) {
	var again int
	rapid.Check(t, func(t *rapid.T) {
		scenario := anyScenario().Draw(t, "scenario")
		scenario.Config.Order = rollout.OrderFromScript
		scenario.Config.Choices = rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "script")
		claims := []rollouttest.Invariant{rollouttest.NeverBelow(agent, "90%"), rollouttest.Ends(agent), rollouttest.NothingLost(agent)}
		for _, v := range rollouttest.Judge(scenario.Sim(t), claims...).Failures {
			scenario.Config = v.Config
			if !slices.ContainsFunc(rollouttest.Judge(scenario.Sim(t), claims...).Failures, func(w rollouttest.Failure) bool { return w.String() == v.String() }) {
				t.Fatalf("not again: %v", v)
			}
			again++
		}
	})
	if again == 0 {
		t.Error("there was no violation")
	}
}

// Every order is run once: for three nodes one at a time 3 × 2, for four nodes two at a
// time 6.
func TestExploreCountsOrders(t *testing.T) {
	shrunk.Checks(t, 5)
	for _, tt := range []struct {
		nodes  int
		budget string
		orders int
		every  bool
	}{{1, "1", 1, true}, {3, "1", 6, true}, {4, "2", 6, true}, {4, "1", 24, true}, {6, "1", 1 + 16, false}} {
		scenario := rollouttest.Scenario{World: clustertest.World{clustertest.Pool("n", tt.nodes), clustertest.DaemonSet("agent", "max-unavailable:"+tt.budget)}}
		scenario.Steps = []rollouttest.Step{{Do: clustertest.DaemonSet("agent", "max-unavailable:"+tt.budget, "image:i:2")}}
		scenarios, every, orders, held := rollouttest.Counted(t, rapid.Just(scenario), rollouttest.Ends(agent))
		if orders != tt.orders*scenarios || (every == scenarios) != tt.every || held[rollouttest.Ends(agent).String()] != orders {
			t.Errorf("%d nodes: %d orders of %d scenarios, every one of %d", tt.nodes, orders, scenarios, every)
		}
	}
}

// An order that breaks a claim is found even if the order by name does not break it.
func TestAnOrderIsFound(t *testing.T) {
	last := rollouttest.Always("n-3 goes last", func(m *rollouttest.Observed) error {
		for _, e := range m.Events() {
			pods, err := m.Sim().Pods(agent)
			if err != nil {
				return err
			}
			if e.Kind == rollout.EventDeleted && e.Node == "n-3" && pods[1].Revision == 1 {
				return errors.New(e.String())
			}
		}
		return nil
	})
	scenario := rollouttest.Scenario{World: clustertest.World{clustertest.Pool("n", 3), clustertest.DaemonSet("agent")}}
	scenario.Steps = []rollouttest.Step{{Do: clustertest.DaemonSet("agent", "image:i:2")}}
	found := shrunk.Run(func(r *shrunk.Recorder) { rollouttest.Explore(r, rapid.Just(scenario), last) })
	if want := "Choices: []int{0, 1}"; !found.Failed() || !strings.Contains(found.String(), want) {
		t.Errorf("no %s in\n%s", want, found)
	}
}

// A claim fails if its premise holds in no run. It passes if the premise holds in some.
func TestVacuityIsReported(t *testing.T) {
	shrunk.Checks(t, 30)
	windows := rollouttest.Covered(agent, "kubernetes.io/os=windows")
	scenarios := rollouttest.Scenarios(clustertest.DaemonSet("agent", "tolerate:*"))
	linux := rollouttest.Scenarios(clustertest.DaemonSet("agent"), rollouttest.WithWorlds(clustertest.Clusters(clustertest.WithPools("Linux"))))
	for _, tt := range []struct {
		what   string
		run    func(r *shrunk.Recorder)
		failed bool
	}{
		{"some scenarios have Windows", func(r *shrunk.Recorder) { rollouttest.Explore(r, scenarios, windows) }, false},
		{"none has", func(r *shrunk.Recorder) { rollouttest.Explore(r, linux, windows) }, true},
		{"none has, and need not", func(r *shrunk.Recorder) { rollouttest.Explore(r, linux, windows.AllowEmpty()) }, false},
		{"one run without", func(r *shrunk.Recorder) { rollouttest.Check(r, update.Sim(r), windows) }, true},
		{"one run without, and it may", func(r *shrunk.Recorder) { rollouttest.Check(r, update.Sim(r), windows.AllowEmpty()) }, false},
		{"no such DaemonSet", func(r *shrunk.Recorder) { rollouttest.Check(r, update.Sim(r), rollouttest.Ends("default/other")) }, true},
		{"nothing happens", func(r *shrunk.Recorder) {
			rollouttest.Check(r, rollouttest.Scenario{World: update.World}.Sim(r), rollouttest.RollsBack(agent))
		}, true},
	} {
		if r := shrunk.Run(tt.run); r.Failed() != tt.failed {
			t.Errorf("%s: %v\n%s", tt.what, r.Failed(), r)
		}
	}
}

// A claim may fail for up to its grace period. A failure up to the end of the run
// always counts.
func TestLongerThan(t *testing.T) {
	scenario := rollouttest.Scenario{
		World:  clustertest.World{clustertest.Pool("n", 2), clustertest.DaemonSet("agent", "tolerate:*")},
		Config: rollout.Config{Tick: 10 * time.Second, Instant: true},
	}
	broken := func(steps ...rollouttest.Step) string {
		scenario.Steps = steps
		var held []string
		for _, d := range []time.Duration{0, 49 * time.Second, 50 * time.Second} {
			if len(rollouttest.Judge(scenario.Sim(t), rollouttest.NeverBelow(agent, "2").LongerThan(d)).Failures) > 0 {
				held = append(held, d.String())
			}
		}
		return strings.Join(held, " ")
	}
	down, up := rollout.NodeDown{Node: "n-1"}, rollout.NodeReady{Node: "n-1"}
	for _, tt := range []struct {
		want  string
		steps []rollouttest.Step
	}{
		{"0s 49s", []rollouttest.Step{{At: 0, Do: down}, {At: 5, Do: up}}},
		{"0s", []rollouttest.Step{{At: 0, Do: down}, {At: 4, Do: up}, {At: 20, Do: down}, {At: 24, Do: up}}},
		{"0s 49s 50s", []rollouttest.Step{{At: 0, Do: down}}},
	} {
		if got := broken(tt.steps...); got != tt.want {
			t.Errorf("%v: broken with %q, want %q", tt.steps, got, tt.want)
		}
	}
}

// Mistakes in a scenario fail the test, and the message names the step.
func TestMistakesInScenarios(t *testing.T) {
	for _, tt := range []struct {
		scenario rollouttest.Scenario
		want     string
	}{
		{rollouttest.Scenario{World: clustertest.World{clustertest.Node("a", "cordonned")}}, `"cordonned": no such word`},
		{rollouttest.Scenario{Config: rollout.Config{Tick: -1}}, "Config.Tick"},
		{rollouttest.Scenario{Steps: []rollouttest.Step{{At: 1}}}, "step 1 <nil>: it does a <nil>"},
		{rollouttest.Scenario{Steps: []rollouttest.Step{{Do: time.Second}}}, "time.Duration"},
		{rollouttest.Scenario{Steps: []rollouttest.Step{{Do: clustertest.Pod("p")}}}, "no *v1.Pod"},
		{rollouttest.Scenario{Steps: []rollouttest.Step{{Do: clustertest.DaemonSet("d", "max-unavailable:lots")}}}, "maxUnavailable"},
		{rollouttest.Scenario{Steps: []rollouttest.Step{{At: -5, Do: rollout.NodeDown{Node: "a"}}}}, "step -5"},
	} {
		if r := shrunk.Run(func(r *shrunk.Recorder) { tt.scenario.Sim(r) }); !r.Failed() || !strings.Contains(r.String(), tt.want) {
			t.Errorf("no %q in: %s", tt.want, r)
		}
	}
}

// The zero Invariant holds nothing and does not panic.
func TestZeroInvariant(t *testing.T) {
	r := rollouttest.Judge(update.Sim(t), rollouttest.Invariant{}, rollouttest.Always("", nil), rollouttest.NeverBelow(agent, "many"))
	if len(r.NotApplicable) != 2 || len(r.Failures) != 1 {
		t.Errorf("%+v", r)
	}
}

// A message names the first few of many nodes, the cause, and a remedy.
func TestMessagesStayReadable(t *testing.T) {
	bad := clustertest.DaemonSet("agent", "max-unavailable:100%", "image:bad")
	scenario := rollouttest.Scenario{
		World: clustertest.World{clustertest.Pool("n", 8), clustertest.DaemonSet("agent")},
		Steps: []rollouttest.Step{{Do: rollout.NeverReady{Image: "bad"}}, {Do: bad}},
	}
	r := rollouttest.Judge(scenario.Sim(t), rollouttest.Covered(agent, ""), rollouttest.Ends(agent))
	if len(r.Failures) != 2 {
		t.Fatalf("%+v", r)
	}
	covered, ends := r.Failures[0].String(), r.Failures[1].String()
	for _, test := range []struct{ text, want string }{
		{covered, "default/agent covers all nodes: in tick 3 8 of 8 nodes have no available pod:\n\tn-1: NotReady\n"},
		{covered, "\tn-5: NotReady\n\tand 3 more\n"},
		{ends, "in tick 3 it is Stuck: daemonset/default/agent is stuck: "},
		{ends, "\n\tremedy: Undo: roll back to revision 1"},
		{ends, "\tand 3 more\n"},
	} {
		if !strings.Contains(test.text, test.want) {
			t.Errorf("no %q in\n%s", test.want, test.text)
		}
	}
}

package rollouttest_test

import (
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/rollouttest"
)

// t stands for the *testing.T of a test.
var t rapid.TB = fatal{}

type fatal struct{ rapid.TB }

func (fatal) Helper()                           {}
func (fatal) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// update is a scenario of three nodes where the image is changed.
var update = rollouttest.Scenario{
	World: clustertest.World{
		clustertest.Pool("web", 3),
		clustertest.DaemonSet("agent", "max-unavailable:2"),
	},
	Steps: []rollouttest.Step{
		{At: 0, Do: clustertest.DaemonSet("agent", "max-unavailable:2", "image:registry.example.com/agent:2")},
	},
}

// Here a recorder replaces t.
func ExampleCheck() {
	fmt.Println(shrunk.Run(func(t *shrunk.Recorder) {
		rollouttest.Check(t, update.Sim(t), rollouttest.NeverBelow("default/agent", "60%"), rollouttest.Ends("default/agent"))
	}))
	// Output:
	// default/agent is never below 60%: in tick 2 1 of 3 wanted pods are available, and 2 should be
	// 	2 InputApplied default/agent: apply default/agent
	// 	2 RevisionCreated default/agent r2: agent-584b44b5b
	// 	2 Deleted default/agent agent-22224 r1 on web-1: maxUnavailable 1 of 2 in use
	// 	2 Deleted default/agent agent-22225 r1 on web-2: maxUnavailable 2 of 2 in use
	// 	2 Created default/agent agent-22227 r2 on web-1 in round 2: no pod there
	// 	2 Created default/agent agent-22228 r2 on web-2 in round 2: no pod there
	// again with seed 0: rollout.Config{Start: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)}
}

func ExampleJudge() {
	r := rollouttest.Judge(update.Sim(t), rollouttest.OnePerNode("default/agent"), rollouttest.RollsBack("default/agent"))
	fmt.Println(r.Failures, r.NotApplicable)
	// Output: [] []
}

// Two of three nodes first, then the last one, are possible in three ways.
// -rapid.checks sets how often a scenario is drawn; here it is the same one each time.
func ExampleExplore() {
	fmt.Println(shrunk.Run(func(t *shrunk.Recorder) {
		rollouttest.Explore(t, rapid.Just(update), rollouttest.NeverBelow("default/agent", "30%"))
	}).Failed())
	// Output:
	// false
}

func ExampleRunReport() {
	r := rollouttest.Judge(update.Sim(t), rollouttest.Covered("default/agent", "kubernetes.io/os=windows"))
	fmt.Println(r.NotApplicable)
	// Output: [default/agent covers the nodes kubernetes.io/os=windows]
}

func ExampleFailure() {
	r := rollouttest.Judge(update.Sim(t), rollouttest.NeverBelow("default/agent", "3"))
	v := r.Failures[0]
	fmt.Println(v.Claim, v.Tick, len(v.Trace), v.Message)
	// Output: default/agent is never below 3 2 6 1 of 3 wanted pods are available, and 3 should be
}

func ExampleNeverBelow() {
	for _, share := range []string{"33%", "34%"} {
		fmt.Println(share, len(rollouttest.Judge(update.Sim(t), rollouttest.NeverBelow("default/agent", share)).Failures))
	}
	// Output:
	// 33% 0
	// 34% 1
}

// A taint that the DaemonSet's author did not expect.
func ExampleCovered() {
	s := update
	s.World = append(clustertest.World{clustertest.Node("gpu-1", "taint:dedicated=gpu:NoSchedule")}, s.World...)
	fmt.Println(rollouttest.Judge(s.Sim(t), rollouttest.Covered("default/agent", "")).Failures[0].Message)
	// Output:
	// 1 of 4 nodes have no available pod:
	// 	gpu-1: Kept: TaintToleration: node(s) had untolerated taint(s) [dedicated=gpu:NoSchedule]
}

func ExampleOnePerNode() {
	fmt.Println(rollouttest.Judge(update.Sim(t), rollouttest.OnePerNode("default/agent")).Failures)
	// Output: []
}

// A NoSchedule taint keeps running pods until the next update.
func ExampleNothingLost() {
	s := update
	s.Steps = []rollouttest.Step{
		{At: 0, Do: clustertest.Node("web-1", "taint:dedicated=db:NoSchedule")},
		{At: 5, Do: clustertest.DaemonSet("agent", "image:registry.example.com/agent:2")},
	}
	fmt.Println(rollouttest.Judge(s.Sim(t), rollouttest.NothingLost("default/agent")).Failures[0].Message)
	// Output: 1 nodes have no pod any more: {web-1}; web-1: Kept: TaintToleration: node(s) had untolerated taint(s) [dedicated=db:NoSchedule]
}

// An image that never becomes ready.
func ExampleEnds() {
	s := update
	s.Steps = append([]rollouttest.Step{{At: 0, Do: rollout.NeverReady{Image: "registry.example.com/agent:2"}}}, s.Steps...)
	r := rollouttest.Judge(s.Sim(t), rollouttest.Ends("default/agent"), rollouttest.RollsBack("default/agent"))
	fmt.Println(len(r.Failures), r.Failures[0].Message)
	// Output:
	// 1 it is Stuck: daemonset/default/agent is stuck: the pods on nodes web-1 and web-2 do not become ready; maxUnavailable (2 of 2) is used up, which blocks 1 node, and it would get stuck too when updated
	// 	remedy: Undo: roll back to revision 1: ends in 2 ticks
	// 	web-1: NotReady
	// 	web-2: NotReady
	// 	web-3: UpdateLimit, blocked by web-1 web-2
}

func ExampleRollsBack() {
	fmt.Println(rollouttest.Judge(update.Sim(t), rollouttest.RollsBack("default/agent")).Failures)
	// Output: []
}

// A custom claim: never two zones without an available pod.
func ExampleAlways() {
	oneZone := rollouttest.Always("at most one zone is dark", func(m *rollouttest.Observed) error {
		dark, c := 0, m.Sim().Cluster()
		for _, zone := range c.LabelValues("zone") {
			if m.Available("default/agent").And(c.Labeled("zone", zone)).Len() == 0 {
				dark++
			}
		}
		if dark > 1 {
			return fmt.Errorf("%d zones are dark", dark)
		}
		return nil
	})
	s := update
	s.World = clustertest.World{clustertest.Pool("web", 3, "zone=a|b|c"), s.World[1]}
	fmt.Println(rollouttest.Judge(s.Sim(t), oneZone).Failures[0].Message)
	// Output: 2 zones are dark
}

func ExampleAtEnd() {
	same := rollouttest.AtEnd("one revision is left", func(m *rollouttest.Observed) error {
		history, err := m.Sim().History("default/agent")
		if len(history) != 1 {
			return fmt.Errorf("there are %d", len(history))
		}
		return err
	})
	fmt.Println(rollouttest.Judge(update.Sim(t), same).Failures[0].Message)
	// Output: there are 2
}

// An invariant with a premise returns ErrNoPremise where it does not apply.
func ExampleErrNoPremise() {
	calm := rollouttest.Always("updates leave db alone", func(m *rollouttest.Observed) error {
		if !m.Wanted("default/agent").Has("db") {
			return rollouttest.ErrNoPremise
		}
		return errors.New("...")
	})
	fmt.Println(rollouttest.Judge(update.Sim(t), calm).NotApplicable)
	// Output: [updates leave db alone]
}

func ExampleInvariant() {
	fmt.Println(rollouttest.NeverBelow("default/agent", "90%").LongerThan(5 * time.Minute))
	// Output: default/agent is never below 90% for longer than 5m0s
}

func ExampleInvariant_LongerThan() {
	briefly := rollouttest.NeverBelow("default/agent", "3")
	for _, claim := range []rollouttest.Invariant{briefly, briefly.LongerThan(2 * time.Second)} {
		fmt.Println(claim, len(rollouttest.Judge(update.Sim(t), claim).Failures))
	}
	// Output:
	// default/agent is never below 3 1
	// default/agent is never below 3 for longer than 2s 0
}

func ExampleInvariant_AllowEmpty() {
	claim := rollouttest.Covered("default/agent", "kubernetes.io/os=windows").AllowEmpty()
	fmt.Println(rollouttest.Judge(update.Sim(t), claim).NotApplicable)
	// Output: []
}

func ExampleObserved() {
	rollouttest.Judge(update.Sim(t), rollouttest.Always("show", func(m *rollouttest.Observed) error {
		fmt.Println(m.Sim().Now(), len(m.Events()), m.Wanted("default/agent"), m.Available("default/agent"), m.Running("default/agent"))
		return nil
	}))
	// Output:
	// 1 0 {web-1 web-2 web-3} {web-1 web-2 web-3} {web-1 web-2 web-3}
	// 2 6 {web-1 web-2 web-3} {web-3} {web-1 web-2 web-3}
	// 3 4 {web-1 web-2 web-3} {web-1 web-2} {web-1 web-2 web-3}
	// 4 1 {web-1 web-2 web-3} {web-1 web-2 web-3} {web-1 web-2 web-3}
}

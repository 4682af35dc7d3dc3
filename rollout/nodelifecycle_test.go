package rollout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
)

// zonedNode returns a ready node of a zone with a pod that tolerates no taint for
// longer than 20 s.
func zonedNode(name, zone string) (*corev1.Node, *corev1.Pod) {
	n := nodeNamed(name)
	n.Labels = map[string]string{corev1.LabelTopologyZone: zone}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "on-" + name}}
	p.Spec.NodeName = name
	p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr[int64](20)}}
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
	return n, p
}

// drawHealth draws a simulation of nodes in zones whose health changes. Its ticks
// divide the period of the monitor: a pass that falls between two ticks runs in the
// second, and would see inputs that came after it.
func drawHealth(t *rapid.T) *Sim {
	var objects []runtime.Object
	var names []string
	for i := range rapid.IntRange(1, 6).Draw(t, "nodes") {
		n, p := zonedNode(fmt.Sprintf("n%d", i), pick(t, "zone", "a", "a", "b"))
		names, objects = append(names, n.Name), append(objects, n, p)
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	s, err := New(c, Config{
		Tick: pick(t, "step", 0, 0, 5*time.Second), Order: pick(t, "order", OrderByName, OrderSeeded), Seed: rapid.Uint64().Draw(t, "seed"),
		ControllerManager: ControllerManager{NodeEvictionRate: pick(t, "rate", 0, 0, 0.3)},
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	tick := 0
	for range rapid.IntRange(1, 12).Draw(t, "inputs") {
		if err := s.At(tick, drawHealthInput(t, pick(t, "node", names...))); err != nil {
			t.Fatalf("%v", err)
		}
		tick += pick(t, "gap", 0, 0, 1, 2, 3, 7, 20, 70)
	}
	return s
}

func drawHealthInput(t *rapid.T, node string) Input {
	taint := pick(t, "taint", notReadyTaint, unreachableTaint, corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule})
	n, _ := zonedNode(node, pick(t, "zone", "a", "b"))
	return pick[Input](t, "input",
		NodeNotReady{Node: node}, NodeNotReady{Node: node}, NodeDown{node}, NodeDown{node}, NodeReady{node}, NodeReady{node}, RemoveNode{node}, ApplyNode{n},
		EditNode{node, []cluster.NodeEdit{cluster.Taint(taint.ToString())}}, EditNode{node, []cluster.NodeEdit{cluster.Untaint(taint.Key)}},
		EditNode{node, []cluster.NodeEdit{cluster.Label(excludeDisruption, "")}}, EditNode{node, []cluster.NodeEdit{cluster.Cordon()}})
}

// Passes of the monitor that are left out would have changed nothing. Mutants seen to
// fail: write that requests no pass for a node that is not ready; monitor that
// requests none where a grace period ends, or after it has emptied the queues; edit
// that requests none for a label; drawQueued that draws by the last pass that ran.
func TestPassesThatAreLeftOutChangeNothing(t *testing.T) {
	tainted := 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawHealth(t)
		every := s.Fork()
		for range 300 {
			every.requestPass(every.clock + every.step)
			want, got := lines(every.Tick()), lines(s.Tick())
			if want != got {
				t.Fatalf("tick %d: with a pass every 5 s:\n%s\nand with those that are requested:\n%s", s.now, want, got)
			}
			for n := range s.nodes {
				if s.nodes[n].is(hasNoExecute) {
					tainted++
				}
			}
		}
	})
	if tainted == 0 {
		t.Error("no node is tainted")
	}
}

// A simulation that skips is one that steps, with all of the controller's times.
func TestHealthIsSkipped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawHealth(t)
		skip := s.Fork()
		var skipped Trace
		for events := range skip.Run(400) {
			skipped = append(skipped, events...)
		}
		unequal(t, "skipped", stepped(s, 401), skipped)
	})
}

// A limiter has one token and gets one in a time that the float of 32 bits makes
// 100.000002 s for a rate of 0.01; the controller asks every 100 ms.
func TestLimiters(t *testing.T) {
	for rate, want := range map[float32][]simTime{0.1: {0, 10, 20, 30}, 0.01: {0, 101, 201, 301}, 1: {0, 1, 2, 3}, 0.3: {0, 4, 7, 11}, 0: nil, -1: nil} {
		l := limiter{rate: rate}
		var got []simTime
		for now := range simTime(400) {
			if len(got) < 4 && l.accept(now) {
				got = append(got, now)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", rate, got, want)
		}
	}
	for _, test := range []struct {
		from, to float32
		used     bool
		first    simTime
	}{{0.1, 0.2, false, 100}, {0.1, 0.2, true, 105}, {0, 0.1, false, 110}, {0.1, 0.1, true, 108}} {
		l := limiter{rate: test.from}
		if test.used {
			l.idle(98)
			l.accept(98)
		}
		l.swap(test.to, 100)
		now := simTime(100)
		for !l.accept(now) {
			now++
		}
		if now != test.first {
			t.Errorf("%+v: %d", test, now)
		}
	}
}

// A zone is partly disrupted from three nodes and a share of 0.55 on.
func TestZoneStates(t *testing.T) {
	for count, want := range map[zoneCount]zoneState{
		{1, 0}: zoneNormal, {0, 1}: zoneFull, {1, 2}: zoneNormal, {2, 2}: zoneNormal, {3, 3}: zoneNormal,
		{2, 3}: zonePartial, {9, 11}: zonePartial, {46, 54}: zoneNormal, {45, 55}: zonePartial, {0, 3}: zoneFull, {0, 0}: zoneNormal,
	} {
		if got := count.state(0.55); got != want {
			t.Errorf("%+v: %d, want %d", count, got, want)
		}
	}
}

// A node whose kubelet is silent becomes Unknown 40 to 55 s later, as the last renewal of
// its lease and the passes fall, and up to 60 s where it reported shortly before.
func TestUnknownComesAfterTheGrace(t *testing.T) {
	seen := map[int]bool{}
	for seed := range uint64(20) {
		for down := 30; down < 40; down++ {
			n, p := zonedNode("n", "a")
			c, err := cluster.New(n, p)
			if err != nil {
				t.Fatal(err)
			}
			s, err := New(c, Config{Order: OrderSeeded, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.At(down, NodeDown{"n"}); err != nil {
				t.Fatal(err)
			}
			for events := range s.Run(200) {
				for _, e := range events {
					if e.Kind == EventNotReady {
						seen[e.Tick-down] = true
					}
				}
			}
		}
	}
	for after := range seen { // any order: each by itself
		if after < 40 || after > 55 {
			t.Errorf("after %d s", after)
		}
	}
	if len(seen) < 12 {
		t.Errorf("only %v", seen)
	}
}

package rollout

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/room"
)

func lines(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}

func stepped(s *Sim, ticks int) []Event {
	var all []Event
	for range ticks {
		all = append(all, s.Tick()...)
	}
	return all
}

// unequal fails with the difference of two traces.
func unequal(t failer, what string, a, b []Event) {
	t.Helper()
	if !slices.Equal(a, b) {
		t.Fatalf("%s:\n%s", what, cmp.Diff(strings.Split(lines(a), "\n"), strings.Split(lines(b), "\n")))
	}
}

// Run yields the same events as as many Ticks, and ends in the same tick. Mutant
// seen to fail: skip passes one tick more.
func TestSkippingIsStepping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(endlessly).Draw(t, "story")
		step, skip := y.sim(t), y.sim(t)
		var skipped []Event
		for events := range skip.Run(y.ticks) {
			skipped = append(skipped, events...)
		}
		unequal(t, "stepping and skipping", stepped(step, skip.Now()+1), skipped)
		if skip.Now() < y.ticks-1 && !step.Settled() {
			t.Fatalf("Run stopped after tick %d, and stepping is not settled", skip.Now())
		}
	})
}

// A time without events leaves behind what one with events does, and what comes
// after it is the same; what was refused is told all the same. Mutants seen to fail:
// Advance that stays quiet; Refused ones not emitted.
func TestAdvancingIsRunning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		running, advancing := y.sim(t), y.sim(t)
		ticks := rapid.IntRange(0, y.ticks).Draw(t, "quiet")
		var refused []Event
		for events := range running.Run(ticks) {
			refused = append(refused, slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Kind != EventInputRefused })...)
		}
		told := advancing.Advance(ticks)
		unequal(t, "running and advancing", refused, told)
		if running.Now() != advancing.Now() {
			t.Fatalf("Run ends in tick %d, Advance in %d", running.Now(), advancing.Now())
		}
		if diff := cmp.Diff(running.Cluster().Manifest(), advancing.Cluster().Manifest(), cmpopts.IgnoreUnexported(cluster.Manifest{})); diff != "" {
			t.Fatalf("(-running +advancing):\n%s", diff)
		}
		unequal(t, "running and advancing", stepped(running, 10), stepped(advancing, 10))
	})
}

// A settled simulation has nothing more to tell.
// Mutants seen to fail: Settled counts only pods that DaemonSets own.
func TestSettledStaysSettled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		s := y.sim(t)
		for range s.Run(5000) {
		}
		if endless(s) {
			t.Skip("an endless loop")
		}
		if !s.Settled() {
			t.Fatalf("not settled after %d ticks: %v", s.Now(), states(s))
		}
		if events := stepped(s, 20); len(events) > 0 {
			t.Fatalf("settled, but:\n%s", lines(events))
		}
	})
}

// endless reports whether something is in an endless loop: a node evicts what its
// DaemonSet creates there, or a kubelet rejects it, or containers exit that were
// ready.
func endless(s *Sim) bool {
	for _, slot := range s.daemonSets.order {
		for n := range s.nodes {
			if d := s.daemonSets.at[slot]; s.nodes[n].is(hasNoExecute) && s.evictions.evictsAgain(d, int32(n)) && d.head[n] != none {
				return true
			}
		}
	}
	return slices.ContainsFunc(s.pods, func(p pod) bool {
		return p.phase != vacant && p.node != none && (s.kubelets.faultOf(&p).kind == rejection || p.is(loops) && s.kubelets.durations(&p).ready < s.kubelets.faultOf(&p).after)
	})
}

func states(s *Sim) string {
	var all []string
	for _, key := range daemonSetKeys(s) {
		all = append(all, fmt.Sprintf("%s %v", key, s.State(key)))
	}
	return strings.Join(all, ", ")
}

// The same inputs and seed produce the same events, also when nodes are listed in
// another order. Mutant seen to fail: draws from a shared source.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(endlessly).Draw(t, "story")
		y.config.Order = pick(t, "order", OrderByName, OrderSeeded)
		first := stepped(y.sim(t), y.ticks)
		slices.Reverse(y.nodes)
		unequal(t, "the same again", first, stepped(y.sim(t), y.ticks))
	})
}

// A fork goes on as its parent would have, and neither touches the other.
// Mutants seen to fail: Fork without a clone of pods, of nodes, of the pod queue,
// of live, of a daemon's head, of its backoffs, of its nodeCounts' sets.
func TestForkIsIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(endlessly).Draw(t, "story")
		parent, twin := y.sim(t), y.sim(t)
		at := rapid.IntRange(0, y.ticks).Draw(t, "fork at")
		stepped(parent, at)
		stepped(twin, at)
		fork, straying := parent.Fork(), parent.Fork()
		if err := straying.Inject(NodeDown{"n0"}, DeletePods{Node: "n1"}, FailPods{"n2"}, EditNode{"n0", []cluster.NodeEdit{cluster.Taint("x:NoExecute")}}, RemoveNode{"n2"}); err != nil {
			t.Fatalf("%v", err)
		}
		stepped(straying, 5)
		want := stepped(twin, y.ticks)
		unequal(t, "fork", want, stepped(fork, y.ticks))
		unequal(t, "parent", want, stepped(parent, y.ticks))
	})
}

// Without surge no node has two live pods of a DaemonSet, unless the DaemonSet
// adopted them or had surge before. Mutant seen to fail: manageNode creates where
// only terminating pods are.
func TestOneLivePodPerNode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		for _, in := range y.inputs {
			if a, ok := in.input.(Apply); ok && a.Object.(*appsv1.DaemonSet).Spec.UpdateStrategy.RollingUpdate != nil {
				if a.Object.(*appsv1.DaemonSet).Spec.UpdateStrategy.RollingUpdate.MaxSurge != nil {
					t.Skip("surge")
				}
			}
		}
		s := y.sim(t)
		for range y.ticks {
			s.Tick()
			for _, key := range daemonSetKeys(s) {
				checkOneLive(t, s, key)
			}
		}
	})
}

func checkOneLive(t failer, s *Sim, key string) {
	live := map[string]int{}
	for _, p := range shownPods(s, key) {
		if p.Phase != corev1.PodFailed && !p.Terminating {
			if live[p.Node]++; live[p.Node] > 1 {
				t.Fatalf("tick %d: two live pods of %s on %s: %v", s.Now(), key, p.Node, shownPods(s, key))
			}
		}
	}
}

// When nothing goes wrong, a rollout takes out no more pods than the budget
// allows, or than were out when it began, and it ends.
// Mutant seen to fail: unavailable new pods are not in out.
func TestCalmRolloutsKeepTheBudgetAndEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(calm).Draw(t, "story")
		s := y.sim(t)
		out := map[string]int32{}
		for range y.ticks + 2000 {
			if s.Tick(); s.Settled() {
				break
			}
			for _, d := range s.daemonSets.at {
				checkBudget(t, s, d, out)
			}
		}
		for _, key := range daemonSetKeys(s) {
			if s.State(key) != StateDone {
				t.Fatalf("tick %d: %s is %v: %+v", s.Now(), key, s.State(key), s.daemonSets.find(key).status)
			}
		}
	})
}

// checkBudget counts nodes without an available pod, whatever the status thinks.
func checkBudget(t failer, s *Sim, d *daemonSet, before map[string]int32) {
	up := map[int32]bool{}
	for id := range s.pods {
		if p := &s.pods[id]; p.phase != vacant && p.owner == d.slot && !p.is(terminating) && s.available(d, p) {
			up[p.node] = true
		}
	}
	out := int32(len(s.nodes) - len(up))
	r := d.object.Spec.UpdateStrategy.RollingUpdate
	budget, _ := intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, len(s.nodes), true)
	if was, known := before[d.key]; known && out > max(was, int32(budget)) {
		t.Fatalf("tick %d: %s has %d of %d nodes out, budget %d, before %d", s.now, d.key, out, len(s.nodes), budget, was)
	}
	before[d.key] = out
}

// A settled cluster, read again, has nothing to do in its first tick.
// Mutants seen to fail: adoption that forgets readied, or a revision's data.
func TestSettledDumpStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		s := y.sim(t)
		for range s.Run(3000) {
		}
		if endless(s) {
			t.Skip("an endless loop")
		}
		stepped(s, 400) // what is left of minReadySeconds
		cfg := y.config
		cfg.Start = s.Time(s.Now() + 1)
		dump := s.Cluster()
		waits := func(p *corev1.Pod) bool {
			return p.DeletionTimestamp != nil || condition(p, corev1.PodReady).Status != corev1.ConditionTrue
		}
		if latest(dump).Before(s.Time(s.Now())) && slices.ContainsFunc(borrow.From(dump).Pods(), waits) {
			t.Skip("nothing in the dump tells how long the pods have waited")
		}
		again, err := New(dump, cfg)
		if err != nil {
			t.Fatalf("%v", err)
		}
		again.kubelets.faults = s.kubelets.faults
		if events := again.Tick(); len(events) > 0 {
			t.Fatalf("the first tick changes something:\n%s", lines(events))
		}
		for _, key := range daemonSetKeys(s) {
			was, _ := daemonSetStatus(s, key)
			is, _ := daemonSetStatus(again, key)
			if diff := cmp.Diff(was, is); diff != "" {
				t.Fatalf("status of %s:\n%s", key, diff)
			}
			if diff := cmp.Diff(shownPods(s, key), shownPods(again, key), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Since" || p.Last().String() == ".Restarts" }, cmp.Ignore())); diff != "" {
				t.Fatalf("pods of %s:\n%s", key, diff)
			}
		}
	})
}

// The free room that the simulation keeps for each node equals a count over its pods,
// and at the end of a tick no pod waits that would fit.
// Mutants seen to fail: vanish, FailPods or bind without bindPod; vanish that does not
// free the room of a nominated pod.
func TestRoomIsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(endlessly).Draw(t, "story")
		s := y.sim(t)
		for range y.ticks {
			s.Tick()
			checkRoom(t, s)
		}
	})
}

// TestRoomIsCountedAfterAllInputs has nodes come and go in one tick with what
// happens to pods on others. Mutants seen to fail: bindPod that counts before a survey;
// inputs without a survey after them.
func TestRoomIsCountedAfterAllInputs(t *testing.T) {
	c, err := cluster.New(smallNode("n-1"), smallNode("n-2"), smallNode("n-3"), fleetSet("v1", "1"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(c, Config{Instant: true})
	if err != nil {
		t.Fatal(err)
	}
	stepped(s, 3)
	if err := s.Inject(ApplyNode{smallNode("n-0")}, FailPods{"n-3"}, RemoveNode{"n-1"}, DeletePods{Node: "n-2"}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		s.Tick()
		checkRoom(t, s)
	}
	if state := s.State("default/agent"); state != StateDone {
		t.Fatal(state)
	}
}

// Notes are of the objects that the events are of, and scratch is empty between
// ticks. Mutants seen to fail: emit or emitPod without the Deployment; a ranking that
// does not forget what it counted.
func TestNotesSayWhatEventsSay(t *testing.T) {
	of := func(t failer, s *Sim) {
		for range s.passes(60) {
			events := s.untold()
			if len(events) != len(s.notes) {
				t.Fatalf("%d notes of\n%s", len(s.notes), lines(events))
			}
			for i, e := range events {
				if strings.Count(e.Key, "/") < 2 {
					continue // of no object, or of a key that names none
				}
				daemon, deployment := s.slots(e.Key)
				if n := s.notes[i]; daemon != none && n.owner != daemon || deployment != none && n.deployment != deployment {
					t.Fatalf("%+v of %v", n, e)
				}
			}
			if i := slices.IndexFunc(s.rsc.together, func(n int32) bool { return n != 0 }); i >= 0 {
				t.Fatalf("tick %d: %d pods are still counted on %s", s.now, s.rsc.together[i], s.nodeNames[i].name)
			}
			s.report()
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		of(t, stories(endlessly).Draw(t, "story").sim(t))
		of(t, deployStories(false).Draw(t, "deployments").sim(t))
	})
}

// takers are the pods that have a port: here their DaemonSet stands for them.
var takers = regexp.MustCompile(`(default/(agent|proxy))[-a-z0-9]*`)

func checkRoom(t failer, s *Sim) {
	c := s.Cluster()
	fresh := room.New(c)
	for _, slot := range s.daemonSets.order {
		w := s.daemonSets.at[slot].workload
		for n := range s.nodes {
			if s.room == nil || !s.nodes[n].there() || s.nodes[n].is(isOpen) {
				continue
			}
			at, _ := borrow.From(c).Position(s.nodeNames[n].name)
			want := takers.ReplaceAllString(fmt.Sprint(room.Why(fresh, w, at)), "$1")
			got := takers.ReplaceAllString(fmt.Sprint(room.Why(s.room, w, int(s.position[n]))), "$1")
			if want != got {
				t.Fatalf("tick %d %s on %s: counted %s, is %s", s.now, s.daemonSets.at[slot].key, s.nodeNames[n].name, got, want)
			}
		}
	}
	for id := range s.pods {
		if p := &s.pods[id]; p.phase == pending && !p.is(bound) && s.scheduler.fits(p) {
			t.Fatalf("tick %d: %s waits and fits", s.now, s.podName(int32(id)))
		}
	}
}

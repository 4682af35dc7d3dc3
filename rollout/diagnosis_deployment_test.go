package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	. "github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// restingDeployments runs a story to its end, or to some tick of it after which
// nothing more comes from outside.
func restingDeployments(t *rapid.T) *Sim {
	s := DeployStories().Draw(t, "story").Sim(t)
	if rapid.Bool().Draw(t, "midway") {
		Stepped(s, rapid.IntRange(0, 60).Draw(t, "until"))
		probe.Of(s).DropInputs()
	}
	seen := 0
	for range s.Run(5000) {
		if seen++; seen > 300 {
			break // it goes round
		}
	}
	return s
}

// Every remedy does what it says when its inputs go into the simulation: the
// rollout of the Deployment ends, in as many ticks as it says. Mutants seen to fail:
// recovered that takes what is settled; Rest that counts what happens to DaemonSets.
func TestRemediesLetDeploymentsEnd(t *testing.T) {
	tried := map[diagnosis.RemedyKind]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 5 { // one in six has something that is stuck
			s := restingDeployments(t)
			for _, key := range DeploymentKeys(s) {
				x := diagnose(t, s, "deployment/"+key)
				if x == nil {
					continue
				}
				for _, r := range x.Remedies {
					tried[r.Kind]++
					checkDeploymentRemedy(t, s.Fork(), key, x, r)
					if r, _, ok := asTyped(t, s, r); ok {
						checkDeploymentRemedy(t, s.Fork(), key, x, r)
					}
				}
			}
		}
	})
	if len(tried) < 4 && !testing.Short() {
		t.Errorf("only remedies by %v", tried)
	}
}

func checkDeploymentRemedy(t Failer, s *Sim, key string, x *diagnosis.Diagnosis, r diagnosis.Remedy) {
	probe.Of(s).DropInputs()
	if err := s.Inject(r.Inputs...); err != nil {
		t.Fatalf("%v: %v", r, err)
	}
	if last := Stepped(s, r.Ticks); r.Ticks > 0 && !slices.ContainsFunc(last, func(e Event) bool { return e.Tick == s.Now() && e.Key == "deployment/"+key }) {
		t.Fatalf("%v\ntakes less:\n%s", r, Lines(last))
	}
	for _, e := range Stepped(s, 50) {
		if e.Key == "deployment/"+key {
			t.Fatalf("%v\nis not over: %v\n%v", r, e, x)
		}
	}
	if state := s.State("deployment/" + key); state != StateDone && !(state == StateUnknown && strings.Contains(x.Cause, "deletion")) {
		t.Fatalf("%v\ndoes not help: %v %v\n%v", r, state, WaitingFor(s, "deployment/"+key), x)
	}
}

// Remedies that add nodes, remove replicas or raise maxUnavailable use the
// smallest number: with one less the rollout does not end. Mutants seen to fail:
// least that yields one more, or stops at low + 1.
func TestNumbersOfRemediesAreTheSmallest(t *testing.T) {
	tried := map[diagnosis.RemedyKind]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 8 { // in one of sixty more nodes help
			s := restingDeployments(t)
			for _, key := range DeploymentKeys(s) {
				x := diagnose(t, s, "deployment/"+key)
				if x == nil {
					continue
				}
				for _, r := range x.Remedies {
					if less := withLess(s, key, r); less != nil {
						tried[r.Kind]++
						checkNotEnough(t, s.Fork(), key, r, less)
					}
				}
			}
		}
	})
	if len(tried) < 2 && !testing.Short() {
		t.Errorf("only %v", tried)
	}
}

// A node that is added takes no other's name. Mutant seen to fail: added that does not
// look whether there is one.
func TestAddedNodesAreNew(t *testing.T) {
	s := simOf(t, Config{}, SmallNode("n"), SmallNode("n-1"))
	if err := s.Inject(Apply{Object: WebDeployment("web", "v1", 21)}); err != nil {
		t.Fatal(err)
	}
	Stepped(s, 3)
	added := ""
	for _, r := range diagnose(t, s, "default/web").Remedies {
		if r.Kind == diagnosis.RemedyAddNodes {
			added = r.Inputs[0].(ApplyNode).Node.Name
		}
	}
	if added != "n-2" {
		t.Errorf("added %q, want n-2", added)
	}
}

func simOf(tb testing.TB, config Config, nodes ...runtime.Object) *Sim {
	tb.Helper()
	c, err := cluster.New(nodes...)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := New(c, config)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// withLess are the inputs of a remedy with one less of what it counts; nil if it
// counts nothing, or would do nothing then.
func withLess(s *Sim, key string, r diagnosis.Remedy) []Input {
	last := len(r.Inputs) - 1
	switch in := r.Inputs[last].(type) {
	case ApplyNode:
		if _, only := r.Inputs[0].(ApplyNode); only && r.Kind == diagnosis.RemedyAddNodes && last > 0 {
			return r.Inputs[:last]
		}
	case Scale:
		if in.Replicas+1 < int32(probe.Of(s).Deployment(key).Replicas) {
			return []Input{Scale{in.Key, in.Replicas + 1}}
		}
	case Apply:
		d := in.Object.(*appsv1.Deployment).DeepCopy()
		if was := probe.Of(s).Deployment(key).MaxUnavailable; r.Kind == diagnosis.RemedyChangeUpdateLimit && d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntVal > int32(was)+1 {
			d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntVal--
			return []Input{Apply{Object: d}}
		}
	}
	return nil
}

func checkNotEnough(t Failer, s *Sim, key string, r diagnosis.Remedy, less []Input) {
	probe.Of(s).DropInputs()
	if err := s.Inject(less...); err != nil {
		t.Fatalf("%v: %v", less, err)
	}
	if probe.Of(s).Rest("deployment/" + key); s.State("deployment/"+key) == StateDone {
		t.Fatalf("%v\nis more than is needed: %v", r, less)
	}
}

// BenchmarkDiagnoseDeployment has a bad image in a Deployment, and one whose surge
// fits nowhere.
func BenchmarkDiagnoseDeployment(b *testing.B) {
	for _, replicas := range []int32{100, 2000} {
		for name, nodes := range map[string]int32{"image": replicas / 5, "room": replicas / 10} {
			b.Run(fmt.Sprint(name, replicas), func(b *testing.B) {
				s := stuckWeb(b, replicas, nodes)
				b.ResetTimer()
				for range b.N {
					if x := diagnose(t, s, "default/web"); x == nil || len(x.Remedies) < 2 {
						b.Fatal(x)
					}
				}
			})
		}
	}
}

// stuckWeb is a Deployment on nodes that take ten replicas each, updated to an image
// that cannot be pulled if there is room for it.
func stuckWeb(b *testing.B, replicas, size int32) *Sim {
	var nodes []runtime.Object
	for i := range size {
		nodes = append(nodes, SmallNode(fmt.Sprintf("node-%07d", i)))
	}
	s := simOf(b, Config{}, nodes...)
	none, image := intstr.FromInt32(0), "v2"
	if size > replicas/10 {
		image = "v3"
	}
	for _, image := range []string{"v1", image} {
		web := WebDeployment("web", image, replicas)
		web.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxUnavailable: &none}
		if err := s.Inject(ImagePullFails{Image: "v3"}, Apply{Object: web}); err != nil {
			b.Fatal(err)
		}
		s.Advance(2000)
	}
	return s
}

// A Deployment with a diagnosis does not end by itself. Mutant seen to fail:
// deploymentStuck that does not ask what is still to happen.
func TestSlowDeploymentsAreNotStuck(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		s := DeployStories().Draw(t, "story").Sim(t)
		for range 50 {
			s.Tick()
			for _, key := range DeploymentKeys(s) {
				x := diagnose(t, s, "deployment/"+key)
				if x == nil {
					continue
				}
				found++
				f := s.Fork()
				probe.Of(f).DropInputs()
				if Stepped(f, 400); f.State("deployment/"+key) == StateDone || f.State("deployment/"+key) == StateUnknown {
					t.Fatalf("tick %d: %v\nbut then it is %v", s.Now(), x, f.State("deployment/"+key))
				}
			}
		}
	})
	if found == 0 {
		t.Error("nothing was stuck")
	}
}

// A stuck Deployment always has a named cause, a complete one has none, and no
// available pod is blocking. Mutants seen to fail: whole without IsPaused; look
// without the old pods of a Recreate (by the scenario), or with those of a paused
// one (in one run of three).
func TestStuckDeploymentsAreNeverSilent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			s := restingDeployments(t)
			for _, key := range DeploymentKeys(s) {
				checkDeploymentDiagnosis(t, s, "deployment/"+key)
			}
		}
	})
}

func checkDeploymentDiagnosis(t Failer, s *Sim, key string) {
	state, x := s.State(key), diagnose(t, s, key)
	switch {
	case state == StateStuck && x == nil, state == StateDone && x != nil:
		t.Fatalf("%v: %v", state, x)
	case x == nil:
		return
	case x.Reference == (Reference{}) || strings.Contains(x.Cause, "%!") || strings.Contains(x.Cause, "not as wanted"):
		t.Fatalf("%v\n%v", x, ShownPods(s, key))
	}
	available := map[string]bool{}
	for _, p := range ShownPods(s, key) {
		available[p.Name] = p.Available && !p.Terminating
	}
	for _, c := range x.Blocking {
		if c.Blocker == diagnosis.BlockerUnknown || c.Pod == "" || available[c.Pod] {
			t.Fatalf("%v\n%v", c, ShownPods(s, key))
		}
	}
}

// Where one kubelet rejects pods the next may go to another node: whether it does
// is tried, and what will end is not stuck. Mutants seen to fail: deploymentStuck that
// does not try; spins that is sure of them.
func TestRejectedPodsMayGoElsewhere(t *testing.T) {
	var nodes []string
	var objects []runtime.Object
	for i := range 8 {
		nodes = append(nodes, fmt.Sprintf("n%d", i))
		objects = append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodes[i]}})
	}
	stuck, ended := 0, 0
	for seed := range uint64(20) {
		s := simOf(t, Config{Seed: seed, Order: OrderSeeded}, objects...)
		if err := s.At(0, RejectPods{"OutOfcpu", "v1", nodes[1:]}, Apply{Object: WebDeployment("web", "v1", 1)}); err != nil {
			t.Fatal(err)
		}
		diagnosed := false
		for range 100 {
			s.Tick()
			diagnosed = diagnosed || diagnose(t, s, "default/web") != nil
		}
		switch done := s.State("default/web") == StateDone; {
		case done && diagnosed:
			t.Errorf("seed %d: it was stuck and is done", seed)
		case done:
			ended++
		case diagnosed:
			stuck++
		default:
			t.Errorf("seed %d: %v without a diagnosis", seed, s.State("default/web"))
		}
	}
	if ended == 0 {
		t.Errorf("%d stuck, %d ended", stuck, ended)
	}
}

// A diagnosis of a Deployment is the same each time, leaves the simulation alone,
// and reads back from JSON. Mutant seen to fail: examine without Fork.
func TestDiagnosisOfADeploymentOnlyLooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := DeployStories().Draw(t, "story")
		looked, left := y.Sim(t), y.Sim(t)
		for range 50 {
			for _, key := range DeploymentKeys(looked) {
				checkOnlyLooks(t, looked, key)
			}
			Unequal(t, "looked at or not", left.Tick(), looked.Tick())
		}
	})
}

package rollout

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// restingDeployments runs a story to its end, or to some tick of it after which
// nothing more comes from outside.
func restingDeployments(t *rapid.T) *Sim {
	s := deployStories(false).Draw(t, "story").sim(t)
	if rapid.Bool().Draw(t, "midway") {
		stepped(s, rapid.IntRange(0, 60).Draw(t, "until"))
		s.inputs = nil
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
// recovered that takes what is settled; rest that counts what happens to DaemonSets.
func TestRemediesLetDeploymentsEnd(t *testing.T) {
	tried := map[Means]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 5 { // one in six has something that is stuck
			s := restingDeployments(t)
			for _, key := range s.Deployments() {
				x := s.Diagnose("deployment/" + key)
				if x == nil {
					continue
				}
				for _, r := range x.Remedies {
					tried[r.Means]++
					checkDeploymentRemedy(t, s.Fork(), key, x, r)
				}
			}
		}
	})
	if len(tried) < 4 && !testing.Short() {
		t.Errorf("only remedies by %v", tried)
	}
}

func checkDeploymentRemedy(t failer, s *Sim, key string, x *Diagnosis, r Remedy) {
	s.inputs = nil
	if err := s.Inject(r.Inputs...); err != nil {
		t.Fatalf("%v: %v", r, err)
	}
	if last := stepped(s, r.Ticks); r.Ticks > 0 && !slices.ContainsFunc(last, func(e Event) bool { return e.Tick == s.Now() && e.Deployment == key }) {
		t.Fatalf("%v\ntakes less:\n%s", r, lines(last))
	}
	for _, e := range stepped(s, 50) {
		if e.Deployment == key {
			t.Fatalf("%v\nis not over: %v\n%v", r, e, x)
		}
	}
	if state := s.State("deployment/" + key); state != Done && !(state == Unknown && strings.Contains(x.Cause, "deletion")) {
		t.Fatalf("%v\ndoes not help: %v %v\n%v", r, state, s.Waiting("deployment/"+key), x)
	}
}

// A Deployment that is diagnosed does not come to an end by itself. Mutant seen to
// fail: stuckDeployment that does not ask what is still to happen.
func TestSlowDeploymentsAreNotStuck(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		s := deployStories(false).Draw(t, "story").sim(t)
		for range 50 {
			s.Tick()
			for _, key := range s.Deployments() {
				x := s.Diagnose("deployment/" + key)
				if x == nil {
					continue
				}
				found++
				f := s.Fork()
				f.inputs = nil
				if stepped(f, 400); f.State("deployment/"+key) == Done || f.State("deployment/"+key) == Unknown {
					t.Fatalf("tick %d: %v\nbut then it is %v", s.Now(), x, f.State("deployment/"+key))
				}
			}
		}
	})
	if found == 0 {
		t.Error("nothing was stuck")
	}
}

// A Deployment in a deadlock always has a cause with a name, and one that is done
// has none. Mutants seen to fail: examineDeployment without IsPaused; look without the
// old pods of a Recreate (by the scenario).
func TestDeadlockedDeploymentsAreNeverSilent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			s := restingDeployments(t)
			for _, key := range s.Deployments() {
				checkDeploymentDiagnosis(t, s, "deployment/"+key)
			}
		}
	})
}

func checkDeploymentDiagnosis(t failer, s *Sim, key string) {
	state, x := s.State(key), s.Diagnose(key)
	switch {
	case state == Deadlocked && x == nil, state == Done && x != nil:
		t.Fatalf("%v: %v", state, x)
	case x == nil:
		return
	case x.Law == 0 || strings.Contains(x.Cause, "%!") || strings.Contains(x.Cause, "not as wanted"):
		t.Fatalf("%v\n%v", x, s.Pods(key))
	}
	for _, c := range x.Culprits {
		if c.Why == UnknownObstacle || c.Pod == "" {
			t.Fatalf("%v\n%v", c, s.Pods(key))
		}
	}
}

// Where one kubelet rejects pods the next may go to another node: whether it does
// is tried, and what will end is not stuck. Mutants seen to fail: stuckDeployment that
// does not try; spins that is sure of them.
func TestRejectedPodsMayGoElsewhere(t *testing.T) {
	nodes, stuck, ended := []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"}, 0, 0
	for seed := range uint64(20) {
		y := &deployStory{config: Config{Seed: seed, Order: Seeded}}
		for _, name := range nodes {
			y.nodes = append(y.nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
		y.inputs = []scheduled{{0, RejectPods{"OutOfcpu", "v1", nodes[1:]}}, {0, Apply{Deployment: webDeployment("web", "v1", 1)}}}
		s := y.sim(t)
		diagnosed := false
		for range 100 {
			s.Tick()
			diagnosed = diagnosed || s.Diagnose("default/web") != nil
		}
		switch done := s.State("default/web") == Done; {
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
// and reads back from JSON. Mutant seen to fail: examineDeployment without Fork.
func TestDiagnosisOfADeploymentOnlyLooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := deployStories(false).Draw(t, "story")
		looked, left := y.sim(t), y.sim(t)
		for range 50 {
			for _, key := range looked.Deployments() {
				a, b := looked.Diagnose(key), looked.Diagnose(key)
				var read *Diagnosis
				text, err := json.Marshal(a)
				if err == nil {
					err = json.Unmarshal(text, &read)
				}
				if err != nil || a.String() != b.String() || read.String() != a.String() || read != nil && !sameInputs.DeepEqual(read.Remedies, a.Remedies) {
					t.Fatalf("%v\n%v\n%v\n%s", err, a, b, text)
				}
			}
			unequal(t, "looked at or not", left.Tick(), looked.Tick())
		}
	})
}

package rollout

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
)

func webDeployment(name, image string, replicas int32) *appsv1.Deployment {
	app := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "main", Image: image,
					Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}},
				}}},
			},
		},
	}
}

func smallNode(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Allocatable: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourcePods: resource.MustParse("110")},
	}}
}

// deploymentInput draws an input that only a Deployment takes.
func deploymentInput(t *rapid.T) Input {
	key := pick(t, "key", "default/web", "deployment/default/web", "x/y")
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		d := webDeployment("web", pick(t, "image", "v1", "v 2"), rapid.Int32Range(0, 9).Draw(t, "replicas"))
		d.Status.Replicas = rapid.Int32Range(0, 1).Draw(t, "status")
		return Apply{Object: d, Unvalidated: rapid.Bool().Draw(t, "unvalidated")}
	case 1:
		return Pause{key}
	case 2:
		return Resume{key}
	}
	return Scale{key, rapid.Int32Min(0).Draw(t, "replicas")}
}

// deployStory is a cluster with Deployments and what happens to it.
type deployStory struct {
	nodes  []runtime.Object
	config Config
	inputs []scheduled
	calm   bool // nothing but the controllers takes pods away
}

func deployStories(calm bool) *rapid.Generator[*deployStory] {
	return rapid.Custom(func(t *rapid.T) *deployStory {
		y := &deployStory{calm: calm, config: Config{
			Seed: rapid.Uint64().Draw(t, "seed"), Order: pick(t, "order", OrderByName, OrderSeeded),
			Kubelet: Kubelet{
				Start: time.Duration(rapid.IntRange(0, 3).Draw(t, "start")) * time.Second,
				Ready: time.Duration(rapid.IntRange(0, 4).Draw(t, "ready")) * time.Second,
				Stop:  time.Duration(rapid.IntRange(0, 5).Draw(t, "stop")) * time.Second,
			},
		}}
		for i := range rapid.IntRange(1, 5).Draw(t, "nodes") {
			n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("n%d", i), Labels: map[string]string{"zone": fmt.Sprint(i % 2)}}}
			if !calm && rapid.Bool().Draw(t, "small") {
				n.Status.Allocatable = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourcePods: resource.MustParse("5")}
			}
			y.nodes = append(y.nodes, n)
		}
		specs := map[string]*appsv1.Deployment{}
		for range rapid.IntRange(1, 12).Draw(t, "inputs") {
			y.inputs = append(y.inputs, scheduled{rapid.Int32Range(0, 40).Draw(t, "tick"), y.draw(t, specs)})
		}
		slices.SortStableFunc(y.inputs, func(a, b scheduled) int { return int(a.tick - b.tick) })
		return y
	})
}

func (y *deployStory) draw(t *rapid.T, specs map[string]*appsv1.Deployment) Input {
	name := pick(t, "name", "api", "web")
	key := "default/" + name
	if specs[name] == nil {
		specs[name] = webDeployment(name, "v1", rapid.Int32Range(0, 8).Draw(t, "replicas"))
		seconds := rapid.Int32Range(0, 3).Draw(t, "min ready")
		deadline := rapid.Int32Range(4, 30).Draw(t, "deadline")
		specs[name].Spec.MinReadySeconds, specs[name].Spec.ProgressDeadlineSeconds = seconds, &deadline
		history := rapid.Int32Range(0, 2).Draw(t, "history")
		specs[name].Spec.RevisionHistoryLimit = &history
		y.strategy(t, specs[name])
		return Apply{Object: specs[name].DeepCopy()}
	}
	d := specs[name]
	node := fmt.Sprintf("n%d", rapid.IntRange(0, len(y.nodes)-1).Draw(t, "node"))
	most := 9
	if y.calm {
		most = 4
	}
	switch rapid.IntRange(0, most).Draw(t, "what") {
	case 0, 1:
		d.Spec.Template.Spec.Containers[0].Image = pick(t, "image", "v1", "v2", "v3")
		if !y.calm && rapid.Bool().Draw(t, "other budget") {
			y.strategy(t, d)
		}
		return Apply{Object: d.DeepCopy()}
	case 2:
		return Undo{Key: key}
	case 3:
		return Pause{key}
	case 4:
		return Resume{key}
	case 5:
		return Scale{key, rapid.Int32Range(0, 8).Draw(t, "replicas")}
	case 6:
		return pick[Input](t, "to pods", FailPods{node}, DeletePods{Node: node}, PodsNotReady{node}, PodsReady{node})
	case 7:
		return pick[Input](t, "to nodes", NodeDown{node}, NodeReady{node}, RemoveNode{node}, EditNode{node, []cluster.NodeEdit{cluster.Cordon()}})
	}
	where := pick(t, "where", nil, []string{node})
	return pick[Input](t, "else", NeverReady{"v2", where}, Delete{Key: key}, Delete{key, metav1.DeletePropagationForeground}, Delete{key, metav1.DeletePropagationOrphan},
		CrashLoop{"v3", time.Duration(rapid.IntRange(0, 5).Draw(t, "after")) * time.Second, where}, ImagePullFails{"v3", where},
		RejectPods{"OutOfcpu", "v2", where}, StuckTerminating{node}, Recover{})
}

func (y *deployStory) strategy(t *rapid.T, d *appsv1.Deployment) {
	if rapid.IntRange(0, 3).Draw(t, "recreate") == 0 {
		d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
		return
	}
	amount := func(label string) *intstr.IntOrString {
		v := intstr.Parse(pick(t, label, "1", "2", "25%", "50%"))
		return &v
	}
	d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: amount("surge"), MaxUnavailable: amount("unavailable")}}
}

func (y *deployStory) sim(t failer) *Sim {
	c, err := cluster.New(y.nodes...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	s, err := New(c, y.config)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, in := range y.inputs {
		if err := s.At(int(in.tick), in.input); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return s
}

// By the controller's own doing a rolling update has never more pods than
// replicas and surge, nor fewer available than replicas less maxUnavailable once
// so many were. Mutants seen to fail: sizeOfNew with one more than is free;
// shrinkHealthy with least one lower.
func TestDeploymentsKeepTheirBudget(t *testing.T) {
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		y := deployStories(true).Draw(t, "story")
		s := y.sim(t)
		full := map[string]bool{}
		for range 200 {
			s.Tick()
			for _, key := range deploymentKeys(s) {
				d := s.deployments.find(key)
				if d.recreates() {
					continue
				}
				all, up := 0, s.serving(d)
				for _, p := range shownPods(s, key) {
					if !p.Terminating {
						all++
					}
				}
				if all > int(d.most()) {
					t.Fatalf("tick %d: %s has %d pods, more than %d", s.Now(), key, all, d.most())
				}
				if full[key] = full[key] || up >= int(d.least()); full[key] && up < int(d.least()) {
					t.Fatalf("tick %d: %s has %d available, fewer than %d", s.Now(), key, up, d.least())
				}
				held++
			}
		}
	})
	if held == 0 {
		t.Error("no Deployment was drawn")
	}
}

// Where all fits and becomes ready every rollout ends, paused ones once they are
// resumed. Mutants seen to fail: setChanged without the Deployment; availableTick
// that forgets ReplicaSets.
func TestRolloutsOfDeploymentsEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := deployStories(true).Draw(t, "story").sim(t)
		for range s.Run(2000) {
		}
		for _, key := range deploymentKeys(s) {
			if s.deployments.find(key).object.Spec.Paused {
				if err := s.Inject(Resume{key}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range s.Run(2000) {
		}
		for _, key := range deploymentKeys(s) {
			if message, done, err := s.RolloutStatus(key); s.State(key) != StateDone || !done || err != nil || WaitingFor(s, key) != "" {
				t.Fatalf("%s is %v: %q %v %v", key, s.State(key), message, err, WaitingFor(s, key))
			}
		}
	})
}

// Skipping the ticks in which nothing is due and stepping through them produce
// the same trace. A fork continues as its parent does, and does not change it.
// Mutant seen to fail: fork that shares the ReplicaSets' lists of pods.
func TestDeploymentsSkipAndFork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := deployStories(false).Draw(t, "story")
		stepped, skipped := y.sim(t), y.sim(t)
		var one, two Trace
		for range 30 {
			one = append(one, stepped.Tick()...)
		}
		fork := stepped.Fork()
		for stepped.Now() < 199 {
			one = append(one, stepped.Tick()...)
		}
		for events := range skipped.Run(200) {
			two = append(two, events...)
		}
		if one.String() != two.String() {
			t.Fatalf("stepped:\n%s\nskipped:\n%s", one, two)
		}
		var rest Trace
		for fork.Now() < 199 {
			rest = append(rest, fork.Tick()...)
		}
		if tail := one[max(0, len(one)-len(rest)):]; tail.String() != rest.String() {
			t.Fatalf("after the fork:\n%s\nwithout it:\n%s", rest, tail)
		}
	})
}

// The result of Cluster is adopted as it is: on a settled cluster nothing
// happens, and the statuses are the same. Mutants seen to fail: adoptDeployments
// and adoptReplicaSets without the status.
func TestSettledDeploymentsAreTakenOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := deployStories(true).Draw(t, "story")
		s := y.sim(t)
		for range s.Run(2000) {
		}
		cfg := y.config
		cfg.Start = s.Time(s.Now() + 1)
		again, err := New(s.Cluster(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if events := again.Tick(); events != nil {
			t.Fatalf("the first tick after %d: %v", s.Now(), Trace(events))
		}
		for _, key := range deploymentKeys(s) {
			a, _ := deploymentStatus(s, key)
			b, _ := deploymentStatus(again, key)
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("%+v\nbecomes\n%+v", a, b)
			}
		}
	})
}

// A rollout that is paused and resumed in any tick ends like one without a pause,
// except for the time. Mutant seen to fail: Resume that leaves it paused.
func TestPauseChangesNothingButTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		replicas := rapid.Int32Range(1, 8).Draw(t, "replicas")
		at, pause := rapid.IntRange(11, 16).Draw(t, "at"), rapid.IntRange(1, 60).Draw(t, "for")
		run := func(inputs func(*Sim)) *Sim {
			c, _ := cluster.New(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}})
			s, err := New(c, Config{Kubelet: Kubelet{Ready: 2 * time.Second}})
			if err != nil {
				t.Fatal(err)
			}
			_ = s.At(0, Apply{Object: webDeployment("web", "v1", replicas)})
			_ = s.At(10, Apply{Object: webDeployment("web", "v2", replicas)})
			inputs(s)
			for range s.Run(2000) {
			}
			return s
		}
		plain := run(func(*Sim) {})
		paused := run(func(s *Sim) { _, _ = s.At(at, Pause{"default/web"}), s.At(at+pause, Resume{"default/web"}) })
		if a, b := hashes(plain), hashes(paused); !slices.Equal(a, b) || paused.State("default/web") != StateDone {
			t.Fatalf("%v is not %v, %v", a, b, paused.State("default/web"))
		}
	})
}

func hashes(s *Sim) (all []string) {
	for _, p := range shownPods(s, "default/web") {
		all = append(all, fmt.Sprint(p.Hash, p.Revision, p.Available))
	}
	return all
}

// manyDeployments is 1,000 nodes and 1,000 settled Deployments of 10 replicas.
func manyDeployments(tb testing.TB, n int) *Sim {
	tb.Helper()
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("32Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	var nodes []runtime.Object
	for i := range n {
		nodes = append(nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("node-%04d", i), Labels: map[string]string{corev1.LabelTopologyZone: fmt.Sprint(i % 3)},
		}, Status: corev1.NodeStatus{Allocatable: room}})
	}
	c, err := cluster.Adopt(nodes...)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := New(c, Config{})
	if err != nil {
		tb.Fatal(err)
	}
	applyMany(tb, s, n, "v1")
	return s
}

func applyMany(tb testing.TB, s *Sim, n int, image string) {
	for i := range n {
		if err := s.Inject(Apply{Object: webDeployment(fmt.Sprintf("web-%04d", i), image, 10)}); err != nil {
			tb.Fatal(err)
		}
	}
	for range s.Run(2000) {
	}
	for _, key := range deploymentKeys(s) {
		if s.State(key) != StateDone {
			tb.Fatal(key, s.State(key))
		}
	}
}

// BenchmarkDeployments rolls 1,000 Deployments of 10 replicas on 1,000 nodes at
// once: 10,000 pods are placed by all filters and scores.
func BenchmarkDeployments(b *testing.B) {
	n := 1000
	if testing.Short() {
		n = 50
	}
	settled := manyDeployments(b, n)
	for b.Loop() {
		s := settled.Fork()
		applyMany(b, s, n, "v2")
		if pods := len(shownPods(s, "default/web-0007")); pods != 10 {
			b.Fatal(pods)
		}
	}
}

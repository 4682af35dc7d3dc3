package rollout_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/rollout"
)

// simCalls makes the arguments for each method of Sim. A method that is missing here
// fails the test.
var simCalls = map[string]func(s *rollout.Sim) []any{
	"Advance": args(1),
	"Apply":   func(*rollout.Sim) []any { return []any{agent("agent:3")} },
	"At": func(s *rollout.Sim) []any {
		return []any{s.Now() + 2, []rollout.Input{
			rollout.EditNode{Node: "a", Edits: []cluster.NodeEdit{cluster.Taint("a=b:NoExecute")}},
			&rollout.ApplyNode{Node: machine("late")},
		}}
	},
	"Cluster":  args(),
	"Config":   args(),
	"Drains":   args(),
	"Estimate": func(*rollout.Sim) []any { return []any{agent("agent:4"), 50, []rollout.UpdateLimit{{MaxSurge: "2"}}} },
	"Fork":     args(),
	"History":  args("daemonset/default/agent"),
	"Inject": func(*rollout.Sim) []any {
		return []any{[]rollout.Input{
			rollout.CrashLoop{Image: "agent:3", After: 3 * time.Second, Nodes: []string{"b", "a"}},
			rollout.Drain{Node: "c", IgnoreDaemonSets: true, GracePeriodSeconds: new(int64(3))},
			rollout.Apply{Object: web("web:3")},
		}}
	},
	"Keys":        args(),
	"MarshalJSON": args(),
	"Now":         args(),
	"Object":      args("deployment/default/web"),
	"Play": func(s *rollout.Sim) []any {
		return []any{rollout.Script{{Tick: s.Now() + 1, Input: rollout.NeverReady{Image: "web:3", Nodes: []string{"a"}}}}}
	},
	"Pods":          args("deployment/default/web"),
	"RolloutStatus": args("daemonset/default/agent"),
	"Run":           args(2),
	"Settle":        args(1),
	"Settled":       args(),
	"State":         args("daemonset/default/agent"),
	"Tick":          args(),
	"Time":          args(7),
}

func args(a ...any) func(*rollout.Sim) []any { return func(*rollout.Sim) []any { return a } }

// machine is a node with room.
func machine(name string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": "z"}}}
	n.Status.Allocatable = corev1.ResourceList{"cpu": resource.MustParse("4"), "pods": resource.MustParse("110")}
	return n
}

// busy returns a simulation with rollouts, a drain that a budget blocks, and faults,
// and what it was made of.
func busy(t *testing.T) (sim *rollout.Sim, made []any) {
	t.Helper()
	c, err := cluster.New(machine("a"), machine("b"), machine("c"), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: new(intstr.FromInt32(0)), Selector: web("web:1").Spec.Selector},
	})
	if err != nil {
		t.Fatal(err)
	}
	config := rollout.Config{
		Order: rollout.OrderFromScript, Choices: []int{1, 1, 1}, DisableAdmissionPlugins: []string{"PodSecurity"},
		Kubelet: rollout.Kubelet{Ready: 2 * time.Second, Timings: []rollout.Timing{{Nodes: []string{"a", "b"}, Image: "agent:2", Ready: 5 * time.Second}}},
	}
	if sim, err = rollout.New(c, config); err != nil {
		t.Fatal(err)
	}
	first := []rollout.Input{rollout.Apply{Object: agent("agent:1")}, rollout.Apply{Object: web("web:1")}}
	then := []rollout.Input{
		rollout.Drain{Node: "b", IgnoreDaemonSets: true, GracePeriodSeconds: new(int64(1))},
		rollout.ImagePullFails{Image: "web:2", Nodes: []string{"c", "a"}}, rollout.Apply{Object: agent("agent:2")}, rollout.Apply{Object: web("web:2")},
	}
	if err := sim.Inject(first...); err != nil {
		t.Fatal(err)
	}
	if refused, err := sim.Settle(100); len(refused) > 0 || err != nil {
		t.Fatal(refused, err)
	}
	if err := sim.Inject(then...); err != nil {
		t.Fatal(err)
	}
	if refused := sim.Advance(2); len(refused) > 0 || len(sim.Drains()) == 0 {
		t.Fatal(refused, "no drain waits")
	}
	return sim, []any{&config, &first, &then}
}

// Whatever a caller does to the arguments and results of a method, the simulation
// goes on as its twin does, whose results nobody touches, and each method returns
// again what it returns there.
func TestOverwrittenResultsChangeNothing(t *testing.T) {
	twin, _ := busy(t)
	sim, made := busy(t)
	zero.Overwrite(&made)
	typ := reflect.TypeFor[*rollout.Sim]()
	for range 3 {
		for i := range typ.NumMethod() {
			name := typ.Method(i).Name
			want, _ := callOf(t, twin, name)
			got, reached := callOf(t, sim, name)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s in tick %d: (-untouched +overwritten):\n%s", name, sim.Now(), diff)
			}
			overwriteAll(reached)
		}
	}
	if diff := cmp.Diff(shownAs(t, twin), shownAs(t, sim)); diff != "" {
		t.Fatalf("at the end (-untouched +overwritten):\n%s", diff)
	}
}

// callOf calls a method. It returns what can be compared, and all results and
// arguments.
func callOf(t *testing.T, s *rollout.Sim, name string) (shown, reached []any) {
	t.Helper()
	given, ok := simCalls[name]
	if !ok {
		t.Fatalf("no arguments for %s", name)
	}
	var in []reflect.Value
	for _, a := range given(s) {
		in = append(in, reflect.ValueOf(a))
		reached = append(reached, a)
	}
	method := reflect.ValueOf(s).MethodByName(name)
	call := method.Call
	if method.Type().IsVariadic() {
		call = method.CallSlice
	}
	for _, result := range call(in) {
		var r any = result.Interface()
		if result.Kind() == reflect.Func {
			r = drained(result)
		}
		shown, reached = append(shown, shownAs(t, r)), append(reached, r)
	}
	return shown, reached
}

// drained returns what an iterator yields.
func drained(iterator reflect.Value) []any {
	var all []any
	for v := range iterator.Seq() {
		all = append(all, v.Interface())
	}
	return all
}

// shownAs returns a result as text, which stays when the result is overwritten.
func shownAs(t *testing.T, result any) string {
	t.Helper()
	switch x := result.(type) {
	case *cluster.Cluster:
		var b strings.Builder
		if err := x.Manifest().WriteYAML(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	case *rollout.Sim:
		f, b := x.Fork(), strings.Builder{}
		for events := range f.Run(50) {
			b.WriteString(rollout.Trace(events).String())
		}
		return b.String() + shownAs(t, f.Cluster())
	case error:
		return x.Error()
	}
	text, err := json.MarshalIndent(result, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// overwriteAll overwrites arguments and results. A fork takes other inputs and goes
// on.
func overwriteAll(reached []any) {
	for _, r := range reached {
		switch x := r.(type) {
		case *cluster.Cluster:
			zero.Overwrite(x.Manifest())
			zero.Overwrite(x.Nodes())
		case *rollout.Sim:
			x.Inject(rollout.RemoveNode{Node: "a"}, rollout.Delete{Key: "deployment/default/web"}, rollout.Apply{Object: agent("other:1")})
			x.Advance(50)
		default:
			zero.Overwrite(&r)
		}
	}
}

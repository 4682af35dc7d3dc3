package rollouttest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
)

// Scenario is the start of a simulation and what happens in it. With %#v it prints as
// Go source for the same scenario.
type Scenario struct {
	Dump   *cluster.Cluster  // prints as the variable dump; may be nil
	World  clustertest.World // added to the dump, or replacing the same objects in it
	Config rollout.Config
	Steps  []Step
}

// Step is something that happens At a tick, counted from the tick in which the initial
// cluster has settled: At 0 is the next tick.
type Step struct {
	At int
	Do any // a rollout.Input, or a clustertest.Spec to kubectl apply: a DaemonSet or nodes
}

// String returns the step in one line.
func (s Step) String() string {
	if in, ok := s.Do.(rollout.Input); ok {
		return fmt.Sprintf("%d %s", s.At, rollout.FormatInput(in))
	}
	return fmt.Sprintf("%d %v", s.At, s.Do)
}

// Sim starts the simulation, lets it settle (for at most 10,000 ticks) and schedules
// the steps. It fails the test if the scenario is invalid.
func (s Scenario) Sim(t rapid.TB) *rollout.Sim {
	t.Helper()
	sim, err := s.from(s.start(t))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return sim
}

func (s Scenario) from(start *cluster.Cluster) (*rollout.Sim, error) {
	sim, err := rollout.New(start, s.Config)
	if err != nil {
		return nil, err
	}
	for range sim.Run(limit) {
	}
	from := sim.Now() + 1
	for _, step := range s.Steps {
		inputs, err := step.inputs()
		if err == nil {
			err = sim.At(from+step.At, inputs...)
		}
		if err != nil {
			return nil, fmt.Errorf("step %v: %w", step, err)
		}
	}
	return sim, nil
}

// start returns the dump with the world added to it.
func (s Scenario) start(t rapid.TB) *cluster.Cluster {
	t.Helper()
	world := s.World.Cluster(t)
	if s.Dump == nil {
		return world
	}
	c, err := s.Dump.With(world.Manifest().Objects()...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

// inputs returns the inputs of the step.
func (s Step) inputs() ([]rollout.Input, error) {
	switch do := s.Do.(type) {
	case rollout.Input:
		return []rollout.Input{do}, nil
	case clustertest.Spec:
		objects, err := do.Objects()
		var inputs []rollout.Input
		for _, o := range objects {
			in, err := applied(o)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, in)
		}
		return inputs, err
	}
	return nil, fmt.Errorf("it does a %T, which is neither a rollout.Input nor a clustertest.Spec", s.Do)
}

func applied(object runtime.Object) (rollout.Input, error) {
	switch o := object.(type) {
	case *appsv1.DaemonSet:
		return rollout.Apply{Object: o}, nil
	case *corev1.Node:
		return rollout.ApplyNode{Node: o}, nil
	}
	return nil, fmt.Errorf("a simulation takes DaemonSets and nodes, and no %T", object)
}

// MarshalJSON returns an error: a scenario has no JSON form. Print it with %#v.
func (s Scenario) MarshalJSON() ([]byte, error) {
	return nil, errors.New("rollouttest.Scenario has no JSON form: print it with %#v")
}

// MarshalJSON returns an error: a step has no JSON form. Print it with %v.
func (s Step) MarshalJSON() ([]byte, error) {
	return nil, errors.New("rollouttest.Step has no JSON form: print it with %v")
}

// GoString returns a Go literal of the scenario.
func (s Scenario) GoString() string {
	var b strings.Builder
	b.WriteString("rollouttest.Scenario{")
	if s.Dump != nil {
		b.WriteString("\n\tDump: dump,")
	}
	if len(s.World) > 0 {
		fmt.Fprintf(&b, "\n\tWorld: %s,", indented(s.World))
	}
	if config := source(s.Config); config != "rollout.Config{}" {
		fmt.Fprintf(&b, "\n\tConfig: %s,", config)
	}
	if len(s.Steps) > 0 {
		b.WriteString("\n\tSteps: []rollouttest.Step{")
		for _, step := range s.Steps {
			fmt.Fprintf(&b, "\n\t\t{At: %d, Do: %s},", step.At, literal(reflect.ValueOf(step.Do)))
		}
		b.WriteString("\n\t},")
	}
	b.WriteString("\n}")
	return b.String()
}

func indented(v fmt.GoStringer) string { return strings.ReplaceAll(v.GoString(), "\n", "\n\t") }

// source returns a configuration as a literal of the fields that are set.
func source(c rollout.Config) string {
	if c.Tick == time.Second { // the default
		c.Tick = 0
	}
	return literal(reflect.ValueOf(c))
}

// literal returns a value as Go source. For a struct of package rollout it leaves out
// the fields that are not set.
func literal(v reflect.Value) string {
	if !v.IsValid() {
		return "nil"
	}
	if d, ok := v.Interface().(time.Duration); ok && d%time.Second == 0 {
		return fmt.Sprintf("%d * time.Second", d/time.Second)
	}
	if v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.Int64 && !v.IsNil() {
		return fmt.Sprintf("new(int64(%d))", v.Elem().Int())
	}
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != reflect.TypeFor[rollout.Config]().PkgPath() {
		return fmt.Sprintf("%#v", v.Interface())
	}
	var fields []string
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			fields = append(fields, v.Type().Field(i).Name+": "+literal(v.Field(i)))
		}
	}
	return v.Type().String() + "{" + strings.Join(fields, ", ") + "}"
}

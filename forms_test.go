package berth_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/dryrun"
	"github.com/berthsim/berth/rollout/rollouttest"
	"github.com/berthsim/berth/rollout/timeline"
)

// data are the types that read back from their JSON as they were.
var data = []any{
	&dryrun.Admission{}, &dryrun.Availability{}, &dryrun.BudgetCourse{}, &dryrun.BudgetMoment{}, &dryrun.Count{}, &dryrun.Effect{}, &dryrun.Eviction{},
	&dryrun.FieldChange{}, &dryrun.Finding{}, &dryrun.Findings{}, &dryrun.Operation{}, &dryrun.PodChanges{}, &dryrun.Record{}, &dryrun.Report{},
	&dryrun.Result{}, &dryrun.Rollout{}, &dryrun.Violation{},
	&diagnosis.Change{}, &diagnosis.Diagnosis{}, &diagnosis.Remedy{}, &diagnosis.Wait{},
	&rollout.ControllerManager{}, &rollout.Drain{}, &rollout.DrainStatus{}, &rollout.Estimate{}, &rollout.Event{}, &rollout.Jitter{},
	&rollout.Kubelet{}, &rollout.Outage{}, &rollout.Pod{}, &rollout.Reference{}, &rollout.RemainingPod{}, &rollout.Revision{}, &rollout.Timing{},
	&rollout.Trace{}, &rollout.UpdateLimit{},
	&rollout.ApplyNode{}, &rollout.CrashLoop{}, &rollout.Delete{}, &rollout.DeletePods{}, &rollout.EditNode{}, &rollout.EvictPods{},
	&rollout.FailPods{}, &rollout.ImagePullFails{}, &rollout.NeverReady{}, &rollout.NodeDown{}, &rollout.NodeNotReady{}, &rollout.NodeReady{},
	&rollout.Pause{}, &rollout.PodsNotReady{}, &rollout.PodsReady{}, &rollout.Recover{}, &rollout.RejectPods{}, &rollout.RemoveNode{},
	&rollout.Resume{}, &rollout.Scale{}, &rollout.StuckTerminating{}, &rollout.Undo{},
	&rollouttest.Actions{}, &rollouttest.Failure{}, &rollouttest.Observation{}, &rollouttest.RunReport{}, &timeline.Timeline{},
	&placement.Conflict{}, &placement.Cost{}, &placement.DaemonSetUsage{}, &placement.DecisionChange{}, &placement.FilterReason{}, &placement.Hint{},
	&placement.HintStep{}, &placement.MinimumNode{}, &placement.Mismatch{}, &placement.NodeScore{}, &placement.NodeUsage{},
	&placement.PendingReplicas{}, &placement.PluginScore{}, &placement.PortConflict{}, &placement.Preemption{}, &placement.Replica{},
	&placement.ReplicaPlacement{}, &placement.Shortfall{}, &placement.TopologyConflict{}, &placement.Typo{}, &placement.Untolerated{}, &placement.Verdict{},
	&cluster.ManifestError{}, &clustertest.NodeChange{},
}

// formless are the types whose MarshalJSON returns an error, because their JSON would say
// nothing. A *dryrun.Plan marshals as its Record.
var formless = []any{
	&cluster.Cluster{}, &placement.Prediction{}, &placement.Workload{}, &rollout.Sim{},
	dryrun.Edit{}, dryrun.Policy{},
	rollouttest.Invariant{}, &rollouttest.Observed{}, rollouttest.Scenario{}, rollouttest.Step{},
}

// configs are the types that only configure calls. A function in them cannot be
// marshalled, and encoding/json says so.
var configs = []any{dryrun.Config{}, rollout.Config{}}

// unreadable are the types whose JSON reads back with an error: what is computed, and
// inputs whose kind JSON does not tell. rollout.FormatInput and Script.String write those.
var unreadable = []any{
	&placement.CapacityReport{}, &placement.Changes{}, &rollout.Apply{Object: &corev1.Node{}}, &rollout.ScheduledInput{Input: rollout.NodeDown{}},
}

// documented are the types whose form is another type or a text, or that are only passed
// on: the plan's is its Record, a baseline is only where plans start.
var documented = []string{
	"dryrun.Plan", "dryrun.Baseline", "cluster.Manifest", "cluster.NodeEdit", "cluster.ReadOption", "placement.Option", "clustertest.Option", "clustertest.Spec",
}

// Every type that is data reads back equal, and stays the same when written again.
func TestDataReadsBack(t *testing.T) {
	for _, pointer := range data {
		typ := reflect.TypeOf(pointer).Elem()
		for seed := range uint64(200) {
			was := reflect.New(typ)
			zero.Fill(rand.New(rand.NewPCG(seed, 1)), was.Interface())
			settle(was.Elem())
			text, err := json.Marshal(was.Interface())
			if err != nil {
				t.Fatalf("%v: %v", typ, err)
			}
			is := reflect.New(typ)
			if err := json.Unmarshal(text, is.Interface()); err != nil {
				t.Fatalf("%v: %v\n%s", typ, err, text)
			}
			if path := differs(typ.String(), was.Elem(), is.Elem()); path != "" {
				t.Fatalf("%s is not as before\n%s", path, text)
			}
		}
	}
}

// settle makes filled values possible ones: inputs that exist, whole seconds, no
// fractions of API times.
func settle(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *[]rollout.Input:
		*x = []rollout.Input{rollout.NodeReady{Node: "n1"}}[:min(1, len(*x))]
		return
	case *rollout.State:
		*x = rollout.StateDone
	case *cluster.NodeEdit:
		*x = cluster.Cordon()
	case **corev1.Node: // Kubernetes' own
		*x = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}
		return
	case *rollout.Revision:
		x.Template = corev1.PodTemplateSpec{}
	case *time.Time:
		*x = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		return
	case *rollouttest.Observation: // the rest is Kubernetes' own
		*x = rollouttest.Observation{Hash: x.Hash, Nodes: []*corev1.Node{{ObjectMeta: metav1.ObjectMeta{Name: x.Hash}}}}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			settle(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			settle(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				settle(v.Field(i))
			}
		}
	}
}

// differs returns the path of the first exported difference, or "". An empty list equals
// a nil one. Types that marshal themselves, such as quantities, are compared by their
// text.
func differs(path string, a, b reflect.Value) string {
	if a.CanInterface() {
		if _, ok := a.Interface().(json.Marshaler); ok && a.Kind() != reflect.Pointer {
			return differsInText(path, a, b)
		}
	}
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return unequal(path, a.IsNil() == b.IsNil())
		}
		return differs(path, a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return path
		}
		for i := range a.Len() {
			if p := differs(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); p != "" {
				return p
			}
		}
		return ""
	case reflect.Struct:
		for i := range a.NumField() {
			if f := a.Type().Field(i); f.IsExported() {
				if p := differs(path+"."+f.Name, a.Field(i), b.Field(i)); p != "" {
					return p
				}
			}
		}
		return ""
	case reflect.Map:
		return unequal(path, a.Len()+b.Len() == 0 || reflect.DeepEqual(a.Interface(), b.Interface()))
	}
	return unequal(path, reflect.DeepEqual(a.Interface(), b.Interface()))
}

func unequal(path string, same bool) string {
	if same {
		return ""
	}
	return path
}

func differsInText(path string, a, b reflect.Value) string {
	x, errA := json.Marshal(a.Interface())
	y, errB := json.Marshal(b.Interface())
	return unequal(path, errA == nil && errB == nil && string(x) == string(y))
}

// What has no JSON form says so.
func TestNoFormIsAnError(t *testing.T) {
	for _, v := range formless {
		if text, err := json.Marshal(v); err == nil || !strings.Contains(err.Error(), "has no JSON form") {
			t.Errorf("%T: %s %v", v, text, err)
		}
	}
	for _, v := range []any{dryrun.Config{Rollout: rollout.Config{Admit: func(*corev1.Pod) {}}}} {
		if _, err := json.Marshal(v); err == nil {
			t.Errorf("%T: a function is written", v)
		}
	}
	for _, v := range unreadable {
		text, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
		}
		if err := json.Unmarshal(text, reflect.New(reflect.TypeOf(v).Elem()).Interface()); err == nil {
			t.Errorf("%T reads from %s", v, text)
		}
	}
}

// Every exported struct is in one of the lists.
func TestEveryStructHasAForm(t *testing.T) {
	var known []string
	for _, v := range slices.Concat(data, formless, unreadable, configs) {
		known = append(known, strings.TrimPrefix(fmt.Sprintf("%T", v), "*"))
	}
	known = append(known, documented...)
	for _, dir := range []string{
		"cluster", "cluster/clustertest", "placement", "rollout", "rollout/diagnosis", "rollout/dryrun", "rollout/rollouttest", "rollout/timeline",
	} {
		for _, name := range structs(t, dir) {
			if name := filepath.Base(dir) + "." + name; !slices.Contains(known, name) {
				t.Errorf("%s is in no list of forms_test.go: is it data, or does it have no form?", name)
			}
		}
	}
}

// structs returns the exported structs of a package.
func structs(t *testing.T, dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() {
				if _, ok := spec.Type.(*ast.StructType); ok {
					names = append(names, spec.Name.Name)
				}
			}
			return true
		})
	}
	return names
}

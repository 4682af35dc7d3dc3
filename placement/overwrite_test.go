package placement_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/placement"
)

// arguments are the arguments for each method that takes some. A method that
// takes arguments and is missing here fails the test.
func arguments(c *cluster.Cluster, node *corev1.Node) map[string][]any {
	return map[string][]any{
		"CapacityReport.Node": {node.Name}, "CapacityReport.UnmarshalJSON": {[]byte(nil)}, "Changes.UnmarshalJSON": {[]byte(nil)},
		"Changes.Nodes": {placement.Eligible, placement.Excluded}, "Prediction.Verdict": {node.Name},
		"Prediction.FailedScheduling": {node.Name}, "Prediction.Hints": {node.Name}, "Workload.Check": {node}, "Workload.Predict": {c},
	}
}

// answers calls every exported method of a value. It returns the results in
// JSON, the text of errors and tables included, and then overwrites the results.
func answers(t *rapid.T, v any, c *cluster.Cluster, node *corev1.Node) string {
	var b strings.Builder
	value, given := reflect.ValueOf(v), arguments(c, node)
	name := strings.TrimPrefix(strings.TrimPrefix(value.Type().String(), "*"), "placement.")
	for i := range value.NumMethod() {
		method := name + "." + value.Type().Method(i).Name
		var args []reflect.Value
		for _, a := range given[method] {
			args = append(args, reflect.ValueOf(a))
		}
		if required := value.Method(i).Type(); required.NumIn() != len(args) {
			t.Fatalf("no arguments for %s", method)
		}
		for _, result := range value.Method(i).Call(args) {
			fmt.Fprintf(&b, "%s: %s\n", method, form(t, result))
			if _, ok := result.Interface().(*placement.Prediction); !ok {
				zero.Overwrite(result.Interface())
			}
		}
	}
	return b.String()
}

// form returns a result in JSON, or as text if it has no JSON form.
func form(t *rapid.T, result reflect.Value) string {
	switch v := result.Interface().(type) {
	case error:
		return v.Error()
	case *placement.Prediction:
		return v.Table()
	}
	var v any = result.Interface()
	if result.Kind() == reflect.Func {
		var list []any
		for item := range result.Seq() {
			list = append(list, item.Interface())
		}
		v = list
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Whatever a caller does to the results of any method, and to the objects that
// he passed, a second call returns the same.
func TestOverwrittenResultsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := withDaemonSets(t, draw(t))
		node := gen.Node(t, "n00")
		ds, pod := gen.DaemonSet(t), gen.Pod(t)
		gen.Containers(t, &ds.Spec.Template.Spec)
		gen.Containers(t, &pod.Spec)
		given := []any{ds.DeepCopy(), pod.DeepCopy(), node.DeepCopy()}
		daemons, ordinary := daemon(t, ds), ordinary(t, pod)
		before, after := daemons.Predict(c), daemons.Predict(changed(t, c))
		values := []any{daemons, ordinary, before, ordinary.Predict(c), placement.Diff(before, after), placement.NewCapacityReport(c)}
		var first []string
		for _, v := range values {
			first = append(first, answers(t, v, c, node))
		}
		if diff := cmp.Diff(given, []any{ds, pod, node}); diff != "" {
			t.Fatalf("an argument was changed: %s", diff)
		}
		zero.Overwrite(ds)
		zero.Overwrite(pod)
		for i, v := range values {
			if diff := cmp.Diff(first[i], answers(t, v, c, node)); diff != "" {
				t.Fatalf("%T changed: %s", v, diff)
			}
		}
	})
}

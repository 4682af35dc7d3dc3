package placement_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/placement"
)

// data lists every struct with exported fields.
var data = []any{
	placement.Conflict{}, placement.Cost{}, placement.DaemonSetUsage{}, placement.DecisionChange{}, placement.FilterReason{}, placement.Hint{},
	placement.HintStep{}, placement.MinimumNode{}, placement.Mismatch{}, placement.NodeScore{}, placement.NodeUsage{},
	placement.PendingReplicas{}, placement.PluginScore{}, placement.PortConflict{}, placement.Preemption{}, placement.Replica{},
	placement.ReplicaPlacement{}, placement.Shortfall{}, placement.TopologyConflict{}, placement.Typo{}, placement.Untolerated{},
	placement.Verdict{},
}

func TestDataIsEveryStructWithExportedFields(t *testing.T) {
	var want, got []string
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok && s.Name.IsExported() {
				if s, ok := s.Type.(*ast.StructType); ok && len(s.Fields.List) > 0 && len(s.Fields.List[0].Names) > 0 && s.Fields.List[0].Names[0].IsExported() {
					want = append(want, n.(*ast.TypeSpec).Name.Name)
				}
			}
			return true
		})
	}
	for _, v := range data {
		got = append(got, reflect.TypeOf(v).Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// equalData compares data after a way through JSON. There an empty list may be
// missing.
var equalData = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b cluster.NodeEdit) bool { return a == b })}

// A value of every type reads back from JSON as it was written, whatever it has
// in its fields.
func TestDataReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		c := draw(t)
		for _, v := range data {
			written := reflect.New(reflect.TypeOf(v))
			zero.Fill(r, written.Interface())
			complete(r, written.Elem(), c)
			text, err := json.Marshal(written.Interface())
			if err != nil {
				t.Fatalf("%#v: %v", written, err)
			}
			read := reflect.New(reflect.TypeOf(v))
			if err := json.Unmarshal(text, read.Interface()); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if diff := cmp.Diff(written.Interface(), read.Interface(), equalData); diff != "" {
				t.Fatalf("%s: %s", text, diff)
			}
		}
	})
}

// complete sets values of berth's own types, which zero.Fill does not know, and
// a time before the year 10000, the last that JSON can hold.
func complete(r *rand.Rand, v reflect.Value, c *cluster.Cluster) {
	switch p := v.Addr().Interface().(type) {
	case *metav1.Time:
		*p = metav1.Unix(1.7e9, 0)
		return
	case *placement.Decision:
		*p = placement.Decision(r.IntN(int(placement.Placed) + 1))
		return
	case *cluster.NodeSet:
		*p = c.Named(slices.DeleteFunc(c.Nodes().Names(), func(string) bool { return r.IntN(2) == 0 })...)
		return
	case *cluster.NodeEdit:
		*p = []cluster.NodeEdit{cluster.Cordon(), cluster.Taint("a=b:NoSchedule"), cluster.Unlabel("x/y"), cluster.Label("a", "")}[r.IntN(4)]
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				complete(r, v.Field(i), c)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			complete(r, v.Index(i), c)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			complete(r, v.Elem(), c)
		}
	}
}

// Results read back from JSON as they were, and no list is null: neither by
// itself nor in the document that a CapacityReport or Changes is written as.
func TestResultsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := withDaemonSets(t, draw(t))
		pod := gen.Pod(t)
		gen.Containers(t, &pod.Spec)
		for _, p := range []*placement.Prediction{daemon(t, gen.DaemonSet(t)).Predict(c), ordinary(t, pod).Predict(c)} {
			readBack(t, all(p))
			readBack(t, everyHint(p))
			readBack(t, p.Costs())
			readBack(t, p.Typos())
			readBack(t, p.Ranking())
			readBack(t, slices.Collect(p.Preemptions()))
		}
		report := placement.NewCapacityReport(c)
		var usage struct {
			Version      string                  `json:"version"`
			Overloaded   cluster.NodeSet         `json:"overloaded"`
			Conflicting  cluster.NodeSet         `json:"conflicting"`
			Nodes        []placement.NodeUsage   `json:"nodes"`
			MinimumNodes []placement.MinimumNode `json:"minimumNodes"`
		}
		decode(t, report, &usage)
		if !usage.Overloaded.Equal(report.Overloaded()) || !usage.Conflicting.Equal(report.Conflicting()) {
			t.Fatalf("%+v reads as %+v", report, usage)
		}
		same(t, slices.Collect(report.Nodes()), usage.Nodes)
		same(t, report.MinimumNodes(), usage.MinimumNodes)
		before, after := twoPredictions(t)
		changes := placement.Diff(before, after)
		var plan struct {
			Version       string                     `json:"version"`
			Before, After json.RawMessage            `json:",omitempty"`
			Added         cluster.NodeSet            `json:"added"`
			Removed       cluster.NodeSet            `json:"removed"`
			Changes       []placement.DecisionChange `json:"changes"`
		}
		decode(t, changes, &plan)
		is, was := nodesOf(after), nodesOf(before)
		if before == nil || after == nil { // one snapshot
			is = was
		}
		if !plan.Added.Equal(is.Minus(was)) || !plan.Removed.Equal(was.Minus(is)) {
			t.Fatalf("%+v reads as %+v", changes, plan)
		}
		same(t, slices.Collect(changes.All()), plan.Changes)
	})
}

// nodesOf returns the nodes of a prediction's snapshot.
func nodesOf(p *placement.Prediction) cluster.NodeSet {
	return p.Eligible().Or(p.Kept()).Or(p.Excluded())
}

// readBack fails if a list of results differs after a way through JSON.
func readBack[T any](t *rapid.T, list []T) {
	for _, written := range list {
		var back T
		decode(t, written, &back)
		same(t, written, back)
	}
}

// decode writes a value as JSON and reads it with unknown fields refused.
func decode(t *rapid.T, v, into any) {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(bytes.ReplaceAll(text, []byte(`\"`), nil), []byte(`":null`)) { // but in the text of a patch
		t.Fatalf("null in %s", text)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func same[T any](t *rapid.T, want, got T) {
	if diff := cmp.Diff(want, got, equalData); diff != "" {
		t.Fatal(diff)
	}
}

// A Workload and a Prediction refuse with an error that names what to marshal.
func TestRefusedJSON(t *testing.T) {
	for _, test := range []struct {
		v    any
		want string
	}{
		{new(placement.Workload), "Workload.Pod"},
		{new(placement.Workload).Predict(nil), "p.Verdicts()"},
		{struct{ P *placement.Prediction }{new(placement.Prediction)}, "p.Verdicts()"},
	} {
		if text, err := json.Marshal(test.v); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, %v", text, err)
		}
	}
}

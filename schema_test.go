package berth_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/internal/schema"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/dryrun"
	"github.com/berthsim/berth/rollout/timeline"
)

// findingsForm, traceForm and remedyForm are the JSON of types with a MarshalJSON of
// their own.
type (
	traceForm struct {
		Version string          `json:"version"`
		Events  []rollout.Event `json:"events"`
	}
	findingsForm struct {
		Version  string           `json:"version"`
		Findings []dryrun.Finding `json:"findings"`
	}
	remedyForm struct {
		Kind        diagnosis.RemedyKind `json:"kind"`
		Description string               `json:"description"`
		Inputs      []string             `json:"inputs"`
		Changes     []diagnosis.Change   `json:"changes"`
		Ticks       int                  `json:"ticks"`
		Unresolved  []string             `json:"unresolved"`
	}
)

// schemaMaker returns a maker that knows the enumerations of the packages.
func schemaMaker(t *testing.T) schema.Maker {
	m := schema.Maker{Enums: map[reflect.Type][]string{}, Forms: map[reflect.Type]reflect.Type{
		reflect.TypeFor[dryrun.Findings]():   reflect.TypeFor[findingsForm](),
		reflect.TypeFor[diagnosis.Remedy]():  reflect.TypeFor[remedyForm](),
		reflect.TypeFor[rollout.Trace]():     reflect.TypeFor[traceForm](),
		reflect.TypeFor[resource.Quantity](): reflect.TypeFor[string](),
		reflect.TypeFor[metav1.Time]():       reflect.TypeFor[string](),
		reflect.TypeFor[cluster.NodeSet]():   reflect.TypeFor[[]string](),
	}}
	for dir, types := range map[string][]reflect.Type{
		"rollout/dryrun": {
			reflect.TypeFor[dryrun.Action](), reflect.TypeFor[dryrun.Disposition](), reflect.TypeFor[dryrun.OperationState](),
			reflect.TypeFor[dryrun.Outcome](), reflect.TypeFor[dryrun.Severity](),
		},
		"rollout":           {reflect.TypeFor[rollout.EventKind](), reflect.TypeFor[rollout.Reason]()},
		"rollout/diagnosis": {reflect.TypeFor[diagnosis.Blocker](), reflect.TypeFor[diagnosis.RemedyKind]()},
	} {
		words, err := schema.Words(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range types {
			if len(words[typ.Name()]) == 0 {
				t.Fatalf("%v has no words", typ)
			}
			m.Enums[typ] = words[typ.Name()]
		}
	}
	return m
}

// documents lists the versioned JSON documents, and real output of each.
var documents = []struct {
	version string
	typ     reflect.Type
	made    func(t *testing.T) any
	files   string // golden files, as a pattern
	part    string // the field of a file that holds the document; empty: the file does
}{
	{version: "berth.plan/v1", typ: reflect.TypeFor[dryrun.Record](), made: func(t *testing.T) any { return changes(t) }, files: "rollout/dryrun/testdata/plans/*.json"},
	{version: "berth.plan/v1", typ: reflect.TypeFor[dryrun.Record](), files: "examples/kubectl-berth/testdata/*.json", part: "plan"},
	{version: "berth.report/v1", typ: reflect.TypeFor[dryrun.Report](), made: func(t *testing.T) any {
		p := changes(t)
		return p.Check(dryrun.Covers(p.Before().Nodes()), dryrun.Within(time.Minute, "50%"), dryrun.Within(10, "x"), dryrun.Completes(time.Second), dryrun.BudgetsOpen(0))
	}},
	{version: "berth.findings/v1", typ: reflect.TypeFor[dryrun.Findings](), made: func(t *testing.T) any {
		found, err := dryrun.Inspect(changes(t).After(), dryrun.Config{})
		if err != nil || len(found) == 0 {
			t.Fatalf("%v: %v", err, found)
		}
		return found
	}},
	{version: "berth.diagnosis/v1", typ: reflect.TypeFor[diagnosis.Diagnosis](), made: stuck},
	{version: "berth.estimate/v1", typ: reflect.TypeFor[rollout.Estimate](), made: estimated},
	{version: "berth.rollout/v1", typ: reflect.TypeFor[rollout.Trace](), made: func(t *testing.T) any { return watched(t).Events }},
	{version: "berth.timeline/v1", typ: reflect.TypeFor[timeline.Timeline](), made: func(t *testing.T) any { return watched(t) }},
}

// changes returns a plan with something of everything: a DaemonSet changed and another
// created that wants the same port, a Deployment whose pods are evicted, a drain that
// a budget blocks, and an edit that is refused.
func changes(t *testing.T) *dryrun.Plan {
	c := clustertest.World{clustertest.Pool("n", 4, "zone=a|b", "topology.kubernetes.io/zone=a|b"), clustertest.DaemonSet("ops/agent")}.Cluster(t)
	manifest, err := cluster.ReadFiles([]string{"testdata/web.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.With(manifest.Objects()...); err != nil {
		t.Fatal(err)
	}
	base, err := dryrun.NewBaseline(c, dryrun.Config{Limit: time.Hour, Rollout: rollout.Config{Kubelet: rollout.Kubelet{Ready: 3 * time.Second}}})
	if err != nil {
		t.Fatal(err)
	}
	one := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "port:80", "image:agent:2"))
	two := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/other", "port:80"))
	plan, err := base.Plan(dryrun.Apply(one, two), dryrun.EditNodes(c.Named("n-1"), cluster.Taint("gone:NoExecute")),
		dryrun.Inputs(rollout.Drain{Node: "n-2", IgnoreDaemonSets: true}), dryrun.Inputs(rollout.Undo{Key: "daemonset/ops/agent"}))
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// stuck returns the diagnosis of a DaemonSet with a dead node.
func stuck(t *testing.T) any {
	agent := clustertest.DaemonSet("ops/agent", "tolerate:*")
	sim, err := rollout.New(clustertest.World{clustertest.Pool("n", 3), agent}.Cluster(t), rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(10)
	if err := sim.Inject(rollout.NodeDown{Node: "n-2"}, rollout.Apply{Object: clustertest.Object[*appsv1.DaemonSet](t, agent.With("image:agent:2"))}); err != nil {
		t.Fatal(err)
	}
	sim.Advance(1000)
	d, err := diagnosis.Diagnose(sim, "ops/agent")
	if err != nil || d == nil {
		t.Fatal(d, err)
	}
	return d
}

// estimated returns an estimate during which a node has no available pod.
func estimated(t *testing.T) any {
	agent := clustertest.DaemonSet("ops/agent", "image:agent:2")
	all, err := running(t).Estimate(clustertest.Object[*appsv1.DaemonSet](t, agent), 100, rollout.UpdateLimit{MaxUnavailable: "50%"})
	if err != nil || len(all) != 1 || len(all[0].Outages) == 0 {
		t.Fatalf("%v: %v", err, all)
	}
	return all[0]
}

// watched returns the picture of an update.
func watched(t *testing.T) *timeline.Timeline {
	sim := running(t)
	if err := sim.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "image:agent:2"))); err != nil {
		t.Fatal(err)
	}
	picture, err := timeline.Watch(sim, "ops/agent", 100)
	if err != nil || len(picture.Events) == 0 {
		t.Fatalf("%v: %v", err, picture)
	}
	return picture
}

// running returns a settled simulation of a DaemonSet on three nodes.
func running(t *testing.T) *rollout.Sim {
	sim, err := rollout.New(clustertest.World{clustertest.Pool("n", 3), clustertest.DaemonSet("ops/agent")}.Cluster(t), rollout.Config{Kubelet: rollout.Kubelet{Ready: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	return sim
}

// The files in schemas/ are what the types say, and real output matches them.
func TestSchemas(t *testing.T) {
	m := schemaMaker(t)
	for _, d := range documents {
		s := m.Of(d.typ, d.version)
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(filepath.Dir(d.version))
		golden.Compare(t, filepath.Join("schemas", name[len("berth."):]+".json"), string(text)+"\n")
		if d.made != nil {
			document, err := json.Marshal(d.made(t))
			if err != nil {
				t.Fatal(err)
			}
			valid(t, s, d.version, document)
		}
		files, err := filepath.Glob(d.files)
		if err != nil || d.files != "" && len(files) == 0 {
			t.Fatalf("%s: %v %v", d.files, files, err)
		}
		for _, file := range files {
			valid(t, s, file, document(t, file, d.part))
		}
	}
}

func document(t *testing.T, file, part string) []byte {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if part == "" {
		return text
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatal(err)
	}
	return parts[part]
}

func valid(t *testing.T, s schema.Schema, what string, document []byte) {
	t.Helper()
	wrong, err := s.Validate(document)
	if err != nil || len(wrong) > 0 {
		t.Errorf("%s: %v %q\n%s", what, err, wrong, document)
	}
}

// Validate reports what does not match. It is the only judge of real output.
func TestSchemasRefuse(t *testing.T) {
	s := schemaMaker(t).Of(reflect.TypeFor[placement.Verdict](), "verdict")
	for document, want := range map[string]int{
		`{"node":"a","decision":"Placed","reasons":[]}`: 0,
		`{"node":"a"}`: 2,
		`{"node":1,"decision":"Placed","reasons":[]}`:                               1,
		`{"node":"a","decision":"Placed","reasons":[],"more":1}`:                    1,
		`{"node":"a","decision":"Placed","reasons":null}`:                           1,
		`{"node":"a","decision":"Placed","reasons":[{"plugin":"x"}]}`:               1,
		`{"node":"a","decision":"Placed","reasons":[{"plugin":"x","message":"y"}]}`: 0,
		`[]`: 1,
	} {
		if wrong, err := s.Validate([]byte(document)); err != nil || len(wrong) != want {
			t.Errorf("%s: %q %v, want %d", document, wrong, err, want)
		}
	}
}

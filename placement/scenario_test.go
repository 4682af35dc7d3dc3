package placement_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// Each file of testdata/scenarios is a claim about Kubernetes, its name, shown
// by commands:
//
//	nodes           a node or a pod a line, in the notation of clustertest.Parse
//	objects         more of the cluster, in YAML
//	daemonset       the spec of its pods in YAML; prints the sentence and every verdict
//	pod             the same for an ordinary pod
//	tolerations     of the DaemonSet with this spec
//
// After a command, "unvalidated" judges the spec as stored, "surging" counts
// own pods, and "app=" is the pod's label. "preempt" prints the pods that the
// scheduler would evict and its event, "table" the table, "ranking" the table
// of scores. A spec without containers gets one. Every command is replayed with
// the nodes in reverse.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		world := parse(t, "")
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "nodes":
				world = parse(t, d.Input)
				return ""
			case "objects":
				world = with(t, world, d.Input)
				return ""
			}
			out := answer(t, d, world)
			m := world.Manifest()
			slices.Reverse(m.Nodes)
			reversed, err := m.Cluster()
			if err != nil {
				t.Fatal(err)
			}
			if again := answer(t, d, reversed); again != out {
				t.Errorf("%s: with the nodes in reverse:\n%s", d.Pos, again)
			}
			return out
		})
	})
}

func answer(t *testing.T, d *datadriven.TestData, c *cluster.Cluster) string {
	w, err := compile(t, d)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	if d.Cmd == "tolerations" {
		for _, toleration := range w.Pod().Spec.Tolerations {
			fmt.Fprintln(&b, tolerationText(toleration))
		}
		return b.String()
	}
	if d.HasArg("surging") {
		w = room.WithSurge(w)
	}
	p := w.Predict(c)
	switch {
	case d.HasArg("table"):
		return p.Table()
	case d.HasArg("ranking"):
		if p.ScoreError() != nil {
			return "no ranking: " + p.ScoreError().Error() + "\n"
		}
		_, ranking, _ := strings.Cut(p.Table(), "\n\n")
		return ranking
	case d.HasArg("preempt"):
		explain(&b, p, d.Cmd != "pod")
		return b.String()
	}
	fmt.Fprintln(&b, p)
	for v := range p.Verdicts() {
		fmt.Fprintln(&b, v)
	}
	for _, what := range p.NotModelled() {
		fmt.Fprintln(&b, "not modelled: "+what)
	}
	return b.String()
}

func explain(b *strings.Builder, p *placement.Prediction, daemonSet bool) {
	for tried := range p.Preemptions() {
		fmt.Fprintln(b, tried)
		if event, ok := p.FailedScheduling(tried.Node); ok && daemonSet {
			fmt.Fprintln(b, "  "+event)
		}
	}
	if chosen, ok := p.Preemption(); ok {
		fmt.Fprintln(b, "the scheduler takes "+chosen.Node)
	}
	if event, ok := p.FailedScheduling(); ok && !daemonSet {
		fmt.Fprintln(b, event)
	}
}

// tolerationText returns the fields that are set.
func tolerationText(toleration corev1.Toleration) string {
	text, err := json.Marshal(toleration)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func compile(t *testing.T, d *datadriven.TestData) (*placement.Workload, error) {
	var spec corev1.PodSpec
	if err := yaml.UnmarshalStrict([]byte(d.Input), &spec); err != nil {
		t.Fatal(err)
	}
	if len(spec.Containers) == 0 {
		spec.Containers = []corev1.Container{{}}
	}
	for i := range spec.Containers {
		spec.Containers[i].Name, spec.Containers[i].Image = fmt.Sprintf("c%d", i), "registry.example.com/c:1"
	}
	var opts []placement.Option
	if d.HasArg("unvalidated") {
		opts = append(opts, placement.Unvalidated())
	}
	labels := map[string]string{"app": "agent"}
	if d.HasArg("app") {
		var app string
		d.ScanArgs(t, "app", &app)
		labels["app"] = app
	}
	if d.Cmd == "pod" {
		return placement.ForPod(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "pod", Labels: labels}, Spec: spec}, opts...)
	}
	return placement.ForDaemonSet(&appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "agent"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
		},
	}, opts...)
}

func parse(t *testing.T, text string) *cluster.Cluster {
	c, err := clustertest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// with returns the cluster with objects in YAML added.
func with(t *testing.T, c *cluster.Cluster, text string) *cluster.Cluster {
	m, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	more, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	all := more.Manifest()
	var objects []runtime.Object
	for _, o := range all.Pods {
		objects = append(objects, o)
	}
	for _, o := range all.PriorityClasses {
		objects = append(objects, o)
	}
	for _, o := range all.PodDisruptionBudgets {
		objects = append(objects, o)
	}
	for _, o := range all.Namespaces {
		objects = append(objects, o)
	}
	if c, err = c.With(objects...); err != nil {
		t.Fatal(err)
	}
	return c
}

package placement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

// Each file of testdata/scenarios is a claim about Kubernetes, its name, shown
// by commands:
//
//	nodes           a node a line, in the notation of clustertest.Parse
//	daemonset       the spec of its pods in YAML; prints the sentence and every verdict
//	pod             the same for an ordinary pod
//	tolerations     of the DaemonSet with this spec
//
// "unvalidated" behind a command judges the spec as stored. Every command is
// replayed with the nodes in reverse.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		var nodes []*corev1.Node
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "nodes" {
				nodes = parseNodes(t, d.Input)
				return ""
			}
			out := answer(t, d, nodes)
			slices.Reverse(nodes)
			if again := answer(t, d, nodes); again != out {
				t.Errorf("%s: with the nodes in reverse:\n%s", d.Pos, again)
			}
			return out
		})
	})
}

func answer(t *testing.T, d *datadriven.TestData, nodes []*corev1.Node) string {
	w, err := compile(t, d)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	if d.Cmd == "tolerations" {
		for _, toleration := range w.Tolerations() {
			fmt.Fprintf(&b, "%v (%v)\n", toleration, toleration.Origin)
		}
		return b.String()
	}
	c, err := (&cluster.Manifest{Nodes: nodes}).Cluster()
	if err != nil {
		t.Fatal(err)
	}
	p := w.Predict(c)
	fmt.Fprintln(&b, p)
	for v := range p.Verdicts() {
		fmt.Fprintln(&b, v)
	}
	return b.String()
}

func compile(t *testing.T, d *datadriven.TestData) (*placement.Workload, error) {
	var spec corev1.PodSpec
	if err := yaml.UnmarshalStrict([]byte(d.Input), &spec); err != nil {
		t.Fatal(err)
	}
	spec.Containers = []corev1.Container{{Name: "c", Image: "registry.example.com/c:1"}}
	var opts []placement.Option
	if d.HasArg("unvalidated") {
		opts = append(opts, placement.Unvalidated())
	}
	if d.Cmd == "pod" {
		return placement.ForPod(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "pod"}, Spec: spec}, opts...)
	}
	labels := map[string]string{"app": "agent"}
	return placement.ForDaemonSet(&appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "agent"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
		},
	}, opts...)
}

func parseNodes(t *testing.T, text string) []*corev1.Node {
	c, err := clustertest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c.Manifest().Nodes
}

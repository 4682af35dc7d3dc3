package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/apis/core"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/conformance/upstream"
)

// The scenarios of placement about preemption hold for the real scheduler: each
// line "node: priority p evicts ..." names the victims that it selects there, and
// "the scheduler takes" the node that it chooses. Among equals it takes any, so
// that file is left out.
func TestPreemptionOfScenarios(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server, err := upstream.NewAdmission()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	datadriven.Walk(t, "../../placement/testdata/scenarios", func(t *testing.T, path string) {
		if !strings.Contains(path, "preemption") || strings.Contains(path, "among_equals") {
			return
		}
		var world *cluster.Manifest
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "nodes":
				c, err := clustertest.Parse(d.Input)
				if err != nil {
					t.Fatal(err)
				}
				world = c.Manifest()
			case "objects":
				more, err := cluster.ReadManifest(strings.NewReader(d.Input))
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range more.Pods {
					world.Pods = append(world.Pods, cluster.Default(p))
				}
				world.PodDisruptionBudgets = append(world.PodDisruptionBudgets, more.PodDisruptionBudgets...)
				world.PriorityClasses = append(world.PriorityClasses, more.PriorityClasses...)
			case "pod":
				asked++
				compareScenario(t, scheduler, world, scenarioPod(t, server, world, d), d)
			}
			return d.Expected
		})
	})
	if asked < 10 {
		t.Errorf("%d scenarios were asked", asked)
	}
}

func compareScenario(t *testing.T, scheduler *upstream.Scheduler, m *cluster.Manifest, pod *corev1.Pod, d *datadriven.TestData) {
	for i, p := range m.Pods { // the scheduler's cache knows pods by it
		p.UID = types.UID(fmt.Sprint(i))
	}
	if err := scheduler.Show(upstream.World{Nodes: m.Nodes, Pods: m.Pods, Namespaces: m.Namespaces, Budgets: m.PodDisruptionBudgets}); err != nil {
		t.Fatal(err)
	}
	j, err := scheduler.Judge(t.Context(), pod)
	if err != nil {
		t.Fatal(err)
	}
	victims, chosen := claimed(d.Expected)
	if !maps.EqualFunc(victims, j.Preemption.Victims, slices.Equal) || chosen != j.Preemption.Chosen {
		t.Errorf("%s: evicts %v, takes %q; the scheduler evicts %v, takes %q", d.Pos, victims, chosen, j.Preemption.Victims, j.Preemption.Chosen)
	}
}

// scenarioPod returns the pod of placement's TestScenarios, with the priority and the
// preemption policy that the plugin Priority sets.
func scenarioPod(t *testing.T, server *upstream.Admission, m *cluster.Manifest, d *datadriven.TestData) *corev1.Pod {
	app := "agent"
	d.MaybeScanArgs(t, "app", &app)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "pod", UID: "pod", Labels: map[string]string{"app": app}}}
	if err := yaml.UnmarshalStrict([]byte(d.Input), &pod.Spec); err != nil {
		t.Fatal(err)
	}
	if len(pod.Spec.Containers) == 0 {
		pod.Spec.Containers = []corev1.Container{{}}
	}
	pod.Spec.Containers[0].Name, pod.Spec.Containers[0].Image = "c", "i"
	pod = cluster.Default(pod)
	if len(m.PriorityClasses) == 0 { // the scenario sets the priority itself
		return pod
	}
	if err := server.Set(upstream.AdmissionObjects{PriorityClasses: m.PriorityClasses}); err != nil {
		t.Fatal(err)
	}
	internal := internalOf(t, pod).(*core.Pod)
	priority := func(plugin string) bool { return plugin == admission.Priority.String() }
	if _, err := server.Admit(kindOf(pod).context(), internal, priority); err != nil {
		t.Fatal(err)
	}
	return kindOf(pod).versioned(t, internal).(*corev1.Pod)
}

// claimed reads the victims by node, and the node that the scheduler takes, in
// what a scenario prints.
func claimed(text string) (victims map[string][]string, chosen string) {
	victims = map[string][]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if node, ok := strings.CutPrefix(line, "the scheduler takes "); ok {
			chosen = node
		}
		node, evicted, ok := strings.Cut(line, ": evicts ")
		if !ok {
			continue
		}
		evicted, _, _ = strings.Cut(evicted, ", against")
		victims[node] = strings.Split(evicted, ", ")
	}
	return victims, chosen
}

package diagnosis

import (
	"math/bits"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Each row of the table of roles decides about the facts that it is for. Mutants seen
// to fail: any row left out, or before the one above it.
func TestRoles(t *testing.T) {
	tests := []struct {
		what  string
		facts facts
		row   int
		role  role
	}{
		{"a deletion waits for a pod", deleting | blocking | wanted | progressing, 0, blocker},
		{"a deletion waits for a pod that is recreated in a loop", deleting | blocking | endless, 0, blocker},
		{"a deletion does not wait for a node without a pod", deleting | wanted | spending, 1, fine},
		{"no loop outlasts its DaemonSet", deleting | endless | wanted, 1, fine},
		{"a pod is evicted again and again, and is available in between", endless | wanted | upToDate, 2, blocker},
		{"a pod is rejected again and again, and always about to be deleted", endless | wanted | blocking | progressing, 2, blocker},
		{"a pod starts", wanted | blocking | progressing | spending, 3, fine},
		{"an old pod stops where none is wanted", blocking | progressing | spending, 3, fine},
		{"a new pod is available", wanted | upToDate, 4, fine},
		{"a new pod is available, and one beside it does not stop, which costs nothing", wanted | upToDate | blocking, 4, fine},
		{"a new pod is available and does not stop", wanted | upToDate | blocking | spending, 5, spender},
		{"a new pod does not become ready", wanted | blocking | spending, 6, blocker},
		{"a new pod does not become ready, and costs nothing", wanted | blocking, 6, blocker},
		{"an old pod waits for its turn", wanted, 7, queued},
		{"a node waits for its pod", wanted | spending, 7, queued},
		{"two nodes' worth of updated pods are on one node", wanted | upToDate | spending, 7, queued},
		{"an old pod on a dead node where none is wanted", spending | blocking, 8, spender},
		{"a node without a pod where none is wanted", spending, 9, fine},
		{"a pod where none is wanted that costs nothing", blocking, 9, fine},
		{"a node that is not concerned", 0, 9, fine},
	}
	tested := map[int]bool{}
	for _, test := range tests {
		tested[test.row] = true
		if got := test.facts.role(); got != test.role {
			t.Errorf("%s: role %d, want %d", test.what, got, test.role)
		}
		for i, r := range roles[:min(test.row+1, len(roles))] {
			if applies := test.facts&r.facts == r.facts && test.facts&r.not == 0; applies != (i == test.row) {
				t.Errorf("%s: row %d applies: %v", test.what, i, applies)
			}
		}
	}
	if len(tested) != len(roles)+1 {
		t.Errorf("%d rows are tested, want %d and the rest", len(tested), len(roles))
	}
}

// A list of inputs is no remedy if one is refused, even if the others let the
// rollout end. Mutant seen to fail: try without Refused.
func TestWhatIsRefusedIsNoRemedy(t *testing.T) {
	c, err := clustertest.Parse("a\nb\ndaemonset default/agent\n")
	if err != nil {
		t.Fatal(err)
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	update := c.Manifest().DaemonSets[0]
	update.Spec.Template.Spec.Containers[0].Image = "v2"
	if err := sim.Inject(rollout.NodeDown{Node: "a"}, rollout.Apply{Object: update}); err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	up, nobody := rollout.NodeReady{Node: "a"}, rollout.DeletePods{Pod: "default/nobody"}
	x := newDiagnoser(sim, "default/agent")
	for _, test := range []struct {
		inputs []rollout.Input
		want   bool
	}{{[]rollout.Input{up}, true}, {[]rollout.Input{up, nobody}, false}} {
		if r, ok := x.try(candidate{means: RemedyRepairNodes, inputs: test.inputs}); ok != test.want {
			t.Errorf("%v: %v %v", test.inputs, ok, r)
		}
	}
}

// counting counts the questions that cost as much as there are nodes, and the runs to
// the end of a rollout.
type counting struct {
	probe.Sim
	why, rests *int
}

func (c counting) WhyUnbound(id int32) string { *c.why++; return c.Sim.WhyUnbound(id) }

func (c counting) Rest(key string) probe.Outcome { *c.rests++; return c.Sim.Rest(key) }

// A Deployment without room is diagnosed with one question for all its pods, and with
// as many runs as a search by doubling and halving takes: ten times the replicas take
// no more questions. Mutants seen to fail: whyUnbound without the map; least one by one.
func TestQuestionsDoNotGrowWithReplicas(t *testing.T) {
	of := probe.Of
	defer func() { probe.Of = of }()
	for _, replicas := range []int{20, 200} {
		c, err := clustertest.Parse("a\nb\n")
		if err != nil {
			t.Fatal(err)
		}
		probe.Of = of
		sim, err := rollout.New(c, rollout.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.Inject(rollout.Apply{Object: crowd(replicas)}); err != nil {
			t.Fatal(err)
		}
		sim.Advance(1000)
		why, rests := 0, 0
		probe.Of = func(sim any) probe.Sim { return counting{of(sim), &why, &rests} }
		x, err := Diagnose(sim, "default/web")
		if err != nil || x == nil || len(x.Blocking) < replicas/2 {
			t.Fatalf("%v %v", x, err)
		}
		if most := 10 + 8*bits.Len(uint(replicas)); why > 1 || rests > most {
			t.Errorf("%d replicas: %d questions and %d runs, want 1 and at most %d", replicas, why, rests, most)
		}
	}
}

// crowd is a Deployment of pods that need a node each.
func crowd(replicas int) *appsv1.Deployment {
	n, labels := int32(replicas), map[string]string{"app": "web"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "web", Image: "web:1", Ports: []corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}},
				}}},
			},
		},
	}
}

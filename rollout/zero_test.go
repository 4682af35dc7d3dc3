package rollout_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/rollout"
)

// Nothing asked of nothing is answered with nothing, or with an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		rollout.Apply{}, rollout.ApplyNode{}, rollout.UpdateLimit{}, rollout.CrashLoop{},
		rollout.Delete{}, rollout.DeletePods{}, rollout.Drain{},
		rollout.EditNode{}, rollout.Estimate{}, rollout.Event{}, rollout.EvictPods{}, rollout.FailPods{}, rollout.ImagePullFails{},
		rollout.EventKind(""), rollout.NeverReady{}, rollout.NodeDown{}, rollout.NodeNotReady{},
		rollout.NodeReady{}, rollout.Order(""), rollout.Pause{}, rollout.Pod{},
		rollout.PodsNotReady{}, rollout.PodsReady{}, rollout.Recover{}, rollout.RejectPods{},
		rollout.RemoveNode{}, rollout.Resume{}, rollout.Reason(""), rollout.Reference{}, rollout.Scale{}, rollout.Script(nil), rollout.Sim{}, rollout.State(0),
		rollout.ScheduledInput{}, rollout.StuckTerminating{}, rollout.Trace(nil), rollout.Undo{},
		rollout.FormatInput, rollout.New, rollout.ParseInput, rollout.ParseScript,
	)
}

// A pointer to an input is as good as the input, and copied like it.
func TestInputsMayBePointers(t *testing.T) {
	c, err := clustertest.Parse("n1")
	if err != nil {
		t.Fatal(err)
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	down := &rollout.NodeDown{Node: "n1"}
	if err := sim.Inject(down, (*rollout.NodeReady)(nil)); err == nil || err.Error() != "nil input: must be one of the inputs of this package" {
		t.Error(err)
	}
	if err := sim.Inject(down); err != nil {
		t.Fatal(err)
	}
	down.Node = "n2"
	if events := sim.Tick(); len(events) == 0 || events[0].Node != "n1" {
		t.Error(events)
	}
	if got := rollout.FormatInput(&rollout.Apply{}); got != "apply nothing" {
		t.Error(got)
	}
}

// What cannot be applied has no estimate: that nothing changes is not that it is done.
func TestRefusedHasNoEstimate(t *testing.T) {
	c, err := clustertest.Parse("n1\ndaemonset default/agent\n")
	if err != nil {
		t.Fatal(err)
	}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	d.Spec.Template.Labels = map[string]string{"app": "web", "other": "web"}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "main", Image: "v1"}}
	ds := c.Manifest().DaemonSets[0]
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Apply(d); err != nil {
		t.Fatal(err)
	}
	if refused := sim.Advance(100); refused != nil {
		t.Fatal(refused)
	}
	other := map[string]string{"other": "web"}
	ds.Spec.Selector.MatchLabels, ds.Spec.Template.Labels, d.Spec.Selector.MatchLabels = other, other, other
	want := `spec.selector: Invalid value: {"matchLabels":{"other":"web"}}: field is immutable`
	if got, err := sim.Estimate(ds, 100); err == nil || !strings.HasSuffix(err.Error(), want) || got != nil {
		t.Error(got, err)
	}
	if got, err := sim.Estimate(d, 100); err == nil || !strings.HasSuffix(err.Error(), want) || got != nil {
		t.Error(got, err)
	}
	if err := sim.Apply(ds); err != nil {
		t.Fatal(err)
	}
	if refused := sim.Advance(100); len(refused) != 1 || refused[0].Kind != rollout.EventInputRefused {
		t.Error(refused)
	}
}

package rollout

import (
	"math"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
)

// Nothing that an API server would refuse makes a simulation panic or hang.
func TestUnvalidatedIsSurvived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		for i := range y.inputs {
			if a, ok := y.inputs[i].input.(Apply); ok && rapid.Bool().Draw(t, "spoil") {
				y.inputs[i].input = Apply{Object: spoiled(t, a.Object.(*appsv1.DaemonSet)), Unvalidated: true}
			}
		}
		s := y.sim(t)
		for range min(y.ticks, 8) {
			s.Tick()
			for _, key := range daemonSetKeys(s) {
				s.State(key)
				s.RolloutStatus(key)
			}
		}
		s.Cluster()
	})
}

func spoiled(t *rapid.T, ds *appsv1.DaemonSet) *appsv1.DaemonSet {
	ds = ds.DeepCopy()
	spec, template := &ds.Spec, &ds.Spec.Template
	amount := func() *intstr.IntOrString {
		v := pick(t, "amount", intstr.FromInt32(-3), intstr.FromInt32(0), intstr.FromInt32(math.MaxInt32), intstr.FromString("x"), intstr.FromString("-5%"), intstr.FromString("900%"))
		return &v
	}
	switch rapid.IntRange(0, 13).Draw(t, "how") {
	case 0:
		spec.Selector = nil
	case 1:
		spec.Selector = &metav1.LabelSelector{}
	case 2:
		spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "nobody"}}
	case 3:
		spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}
	case 4:
		spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{}
	case 5:
		spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType}
	case 6:
		spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType, RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: amount()}}
	case 7:
		spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType, RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxSurge: amount(), MaxUnavailable: amount()}}
	case 8:
		spec.MinReadySeconds = pick[int32](t, "min ready", -5, math.MaxInt32)
	case 9:
		limit := int32(-1)
		spec.RevisionHistoryLimit = &limit
	case 10:
		template.Labels = nil
	case 11:
		template.Spec = corev1.PodSpec{}
	case 12:
		grace := pick[int64](t, "grace", -1, math.MinInt64, math.MaxInt64)
		template.Spec.TerminationGracePeriodSeconds = &grace
	case 13:
		ds.Annotations = map[string]string{appsv1.DeprecatedTemplateGeneration: pick(t, "generation", "x", "-1", "9223372036854775807")}
	}
	return ds
}

// Time has an end, and it is reached without an overflow.
func TestTheEndOfTime(t *testing.T) {
	c, err := cluster.New(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	years := 365 * 24 * time.Hour
	s, err := New(c, Config{Tick: 5 * years, Kubelet: Kubelet{Start: 10 * years, Ready: 10 * years, Stop: 10 * years}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(fleetSet("v1", "1")); err != nil {
		t.Fatal(err)
	}
	for range s.Run(math.MaxInt) {
	}
	if s.Now() < 4 || s.Now() > 6 || s.State("default/agent") != StateDone {
		t.Errorf("tick %d %v", s.Now(), s.State("default/agent"))
	}
	for range 10 {
		s.Tick()
	}
	if err := s.At(s.Now()+100, NodeDown{"a"}); err == nil {
		t.Error("an input after the end of time is accepted")
	}
	if s.Now() > 7 {
		t.Errorf("tick %d is after the end of time", s.Now())
	}
}

// Every mistake in a configuration is named.
func TestConfigNamesEveryMistake(t *testing.T) {
	c, err := cluster.New()
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(c, Config{
		Tick: 1500 * time.Millisecond, PodGC: -1, NodeGrace: 100 * 365 * 24 * time.Hour, Order: "9",
		ControllerManager: ControllerManager{NodeMonitorPeriod: -1, UnhealthyZoneThreshold: math.NaN(), LargeClusterSizeThreshold: -1},
		Kubelet:           Kubelet{Stop: -1, Timings: []Timing{{Nodes: []string{""}, Ready: -1}}},
	})
	want := `Config.Tick: 1.5s is not a multiple of 1s
Config.Order: "9" is none of ByName, Seeded and FromScript
Config.PodGC: -1ns is negative
Config.NodeGrace: 876000h0m0s is longer than ten years
Config.ControllerManager.NodeMonitorPeriod: -1ns is negative
Config.ControllerManager.UnhealthyZoneThreshold: NaN is not between 0 and 1
Config.ControllerManager.LargeClusterSizeThreshold: -1 is negative
Config.Kubelet.Stop: -1ns is negative
Config.Kubelet.Timings[0].Ready: -1ns is negative
Config.Kubelet.Timings[0].Nodes: a node has no name`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if _, err := New(nil, Config{}); err == nil {
		t.Error("no cluster is accepted")
	}
}

// Inject takes all inputs or none, and names every mistake.
func TestInjectIsAllOrNothing(t *testing.T) {
	s := fleet(t, 1, "1")
	err := s.Inject(NodeDown{"node-0000000"}, Apply{}, NodeReady{}, Undo{Key: "agent", Revision: -1}, Delete{"default/agent", "Back"},
		ApplyNode{}, EditNode{"x", []cluster.NodeEdit{{}}}, NeverReady{Nodes: []string{""}}, nil)
	want := `apply nothing: no object
node-ready: no node
undo agent to -1: key "agent": must be namespace/name
unable to find specified revision -1 in history
delete default/agent back: propagation "Back": must be Background, Foreground or Orphan
apply-node nothing: no node
edit-node x: no edit: the zero NodeEdit edits nothing: use a function such as Label
never-ready on: no image
no node
nil input: must be one of the inputs of this package`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if events := s.Tick(); events != nil {
		t.Errorf("%v", events)
	}
	if err := s.At(s.Now(), NodeDown{"a"}); err == nil {
		t.Error("an input for the past is accepted")
	}
}

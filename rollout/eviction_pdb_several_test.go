package rollout_test

import (
	"reflect"
	"testing"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/rollout"
)

// The status of a budget is what the disruption controller makes of it: of several
// conditions it writes its own, whose time changes only with its status
// (k8s.io/component-helpers/apps/poddisruptionbudget/helpers.go:
// UpdateDisruptionAllowedCondition; pkg/controller/disruption/disruption.go: failSafe).
func TestTheStatusOfABudget(t *testing.T) {
	start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	long := metav1.NewTime(start.Add(-time.Hour))
	condition := func(status metav1.ConditionStatus, reason, message string, generation int64, at time.Time) metav1.Condition {
		return metav1.Condition{Type: policyv1.DisruptionAllowedCondition, Status: status, Reason: reason, Message: message, ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(at)}
	}
	other := metav1.Condition{Type: "Other", Status: metav1.ConditionTrue, LastTransitionTime: long}
	for _, test := range []struct {
		name      string
		min       int32
		owner     string
		had, want []metav1.Condition
		allowed   int32
	}{
		{"none before", 1, "", nil, []metav1.Condition{condition("True", "SufficientPods", "", 3, start)}, 1},
		{"the same before", 1, "", []metav1.Condition{condition("True", "SufficientPods", "", 2, long.Time)}, []metav1.Condition{condition("True", "SufficientPods", "", 3, long.Time)}, 1},
		{"another before", 2, "", []metav1.Condition{condition("True", "SufficientPods", "", 2, long.Time)}, []metav1.Condition{condition("False", "InsufficientPods", "", 3, start)}, 0},
		{"another reason", 2, "", []metav1.Condition{condition("False", "SyncFailed", "x", 2, long.Time)}, []metav1.Condition{condition("False", "InsufficientPods", "", 3, long.Time)}, 0},
		{"others before", 1, "", []metav1.Condition{other}, []metav1.Condition{other, condition("True", "SufficientPods", "", 3, start)}, 1},
		{"among others", 2, "", []metav1.Condition{other, condition("True", "SufficientPods", "", 2, long.Time), other}, []metav1.Condition{other, condition("False", "InsufficientPods", "", 3, start), other}, 0},
		{"it cannot be counted", -1, "Job", nil, []metav1.Condition{condition("False", "SyncFailed", "jobs.batch does not implement the scale subresource", 2, start)}, 0},
	} {
		app := map[string]string{"app": "web"}
		budget := &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "all", Generation: 3},
			Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: app}},
			Status:     policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 2, Conditions: test.had, DisruptionsAllowed: 7, CurrentHealthy: 5, DesiredHealthy: 4, ExpectedPods: 6},
		}
		amount := intstr.FromInt32(max(test.min, 0))
		budget.Spec.MinAvailable = &amount
		if test.min < 0 {
			budget.Spec.MinAvailable, budget.Spec.MaxUnavailable = nil, &amount
		}
		objects := []runtime.Object{budget}
		for _, name := range []string{"a", "b"} {
			pod := orphan("default", name, app)
			pod.Status.Conditions[0].LastTransitionTime = long
			if test.owner != "" {
				controller := true
				pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: test.owner, Name: "x", UID: "x", Controller: &controller}}
			}
			objects = append(objects, pod)
		}
		sim := simulateWith(t, rollout.Config{Start: start}, objects...)
		settle(t, sim, rollout.EditNode{Node: "n1"}) // an input, so that there is a tick
		got := sim.Cluster().Manifest().PodDisruptionBudgets[0].Status
		want := policyv1.PodDisruptionBudgetStatus{
			ObservedGeneration: 3, DisruptionsAllowed: test.allowed, CurrentHealthy: 2, DesiredHealthy: test.min, ExpectedPods: 2, Conditions: test.want,
		}
		if test.owner != "" { // the other numbers stay
			want.ObservedGeneration, want.CurrentHealthy, want.DesiredHealthy, want.ExpectedPods = 2, 5, 4, 6
		}
		for i := range got.Conditions {
			got.Conditions[i].LastTransitionTime = metav1.NewTime(got.Conditions[i].LastTransitionTime.UTC())
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v\nwant %+v", test.name, got, want)
		}
	}
}

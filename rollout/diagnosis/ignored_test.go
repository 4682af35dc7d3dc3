package diagnosis_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// workload returns a manifest of a DaemonSet or Deployment whose pods have the fields.
func workload(kind, fields string) string {
	return "apiVersion: apps/v1\nkind: " + kind + "\nmetadata: {name: app, namespace: default}\n" +
		"spec: {selector: {matchLabels: {a: app}}, template: {metadata: {labels: {a: app}}, spec: {" + fields + ", containers: [{name: c, image: app:1}]}}}\n"
}

// The scheduler never binds a pod with schedulingGates or with another scheduler's
// name. The event, Waiting and Diagnose tell that, and the remedy lets it be bound.
func TestPodsThatTheSchedulerIgnores(t *testing.T) {
	for _, test := range []struct {
		fields, detail, remedy string
		blocker                diagnosis.Blocker
	}{
		{"schedulingGates: [{name: x/y}, {name: z}]", "waiting for scheduling gates: [x/y z]", "leave out the schedulingGates", diagnosis.BlockerSchedulingGates},
		{"schedulerName: volcano", "waiting for the scheduler volcano", "set schedulerName to default-scheduler", diagnosis.BlockerOtherScheduler},
	} {
		for _, kind := range []string{"DaemonSet", "Deployment"} {
			sim := parsed(t, node("n1", "4")+workload(kind, test.fields))
			if state := sim.State("default/app"); state == rollout.StateDone || state == rollout.StateProgressing {
				t.Fatalf("%s, %s: %v", kind, test.fields, state)
			}
			waits, err := diagnosis.Waiting(sim, "default/app")
			if err != nil || len(waits) != 1 || waits[0].Blocker != test.blocker || waits[0].Detail != test.detail {
				t.Errorf("%s, %s: %v %v", kind, test.fields, waits, err)
			}
			x, err := diagnosis.Diagnose(sim, "default/app")
			if err != nil {
				t.Fatal(err)
			}
			if x.Blocking[0].Blocker != test.blocker {
				t.Errorf("%s, %s: %v", kind, test.fields, x)
			}
			remedy(t, x, test.remedy)
		}
	}
}

// The event of a pod that the scheduler ignores says why, and a dump shows it again.
func TestIgnoredPodsAreTold(t *testing.T) {
	sim := parsed(t, node("n1", "4")+workload("Deployment", "schedulingGates: [{name: x/y}]"))
	if err := sim.Inject(rollout.Scale{Key: "default/app", Replicas: 2}); err != nil {
		t.Fatal(err)
	}
	var trace rollout.Trace
	for events := range sim.Run(10) {
		trace = append(trace, events...)
	}
	if i := slices.IndexFunc(trace, func(e rollout.Event) bool { return e.Kind == rollout.EventUnschedulable }); i < 0 || !strings.Contains(trace[i].Detail, "x/y") {
		t.Errorf("no event tells it:\n%v", trace)
	}
	again, err := rollout.New(sim.Cluster(), rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	again.Advance(10)
	if pods, err := again.Pods("default/app"); err != nil || len(pods) != 2 || pods[0].Bound || pods[1].Bound {
		t.Errorf("after a reload: %v %v", pods, err)
	}
}

package rollout_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// Before the tick after an input, no answer is about the time before the input:
// kubectl rollout status waits for the controller, and nothing is done or stuck.
func TestAnOutstandingInputIsKnown(t *testing.T) {
	for _, tt := range []struct {
		key     string
		object  func(image string) runtime.Object
		message string
	}{
		{"daemonset/default/agent", func(image string) runtime.Object { return agent(image) }, "Waiting for daemon set spec update to be observed...\n"},
		{"default/agent", func(image string) runtime.Object { return agent(image) }, "Waiting for daemon set spec update to be observed...\n"},
		{"deployment/default/web", func(image string) runtime.Object { return web(image) }, "Waiting for deployment spec update to be observed...\n"},
		{"default/web", func(image string) runtime.Object { return web(image) }, "Waiting for deployment spec update to be observed...\n"},
	} {
		sim, err := rollout.New(nodes("a", "b"), rollout.Config{})
		if err != nil {
			t.Fatal(err)
		}
		waits := func(inputs ...rollout.Input) {
			t.Helper()
			if err := sim.Inject(inputs...); err != nil {
				t.Fatal(err)
			}
			if message, done, err := sim.RolloutStatus(tt.key); message != tt.message || done || err != nil {
				t.Errorf("%s after %v: status %q, done %v, %v", tt.key, inputs, message, done, err)
			}
			if state := sim.State(tt.key); state != rollout.StateProgressing {
				t.Errorf("%s after %v: %v", tt.key, inputs, state)
			}
			if x, _ := diagnosis.Diagnose(sim, tt.key); x != nil {
				t.Errorf("%s after %v: %v", tt.key, inputs, x)
			}
			if refused, err := sim.Settle(100); len(refused) > 0 || err != nil {
				t.Fatal(refused, err)
			}
			if message, done, err := sim.RolloutStatus(tt.key); !strings.Contains(message, "successfully rolled out") || !done || err != nil {
				t.Errorf("%s at the end: status %q, done %v, %v", tt.key, message, done, err)
			}
		}
		waits(rollout.Apply{Object: tt.object("v1")})
		waits(rollout.Apply{Object: tt.object("v2")})
		waits(rollout.Undo{Key: tt.key})
		if err := sim.At(sim.Now()+5, rollout.Undo{Key: tt.key}); err != nil {
			t.Fatal(err)
		}
		if message, done, _ := sim.RolloutStatus(tt.key); !done || sim.State(tt.key) != rollout.StateDone {
			t.Errorf("%s with an input of a later tick: %q %v", tt.key, message, sim.State(tt.key))
		}
		if err := sim.Inject(rollout.NodeDown{Node: "a"}); err != nil {
			t.Fatal(err)
		}
		if message, done, _ := sim.RolloutStatus(tt.key); !done || sim.State(tt.key) != rollout.StateProgressing {
			t.Errorf("%s with a node that goes down: %q %v", tt.key, message, sim.State(tt.key))
		}
	}
}

// Settle returns what was refused, and an error where time was too short.
func TestSettle(t *testing.T) {
	sim, err := rollout.New(nodes("a", "b"), rollout.Config{Kubelet: rollout.Kubelet{Ready: 9e9}})
	if err != nil {
		t.Fatal(err)
	}
	sim.Inject(rollout.Apply{Object: agent("v1")}, rollout.Undo{Key: "default/other"})
	refused, err := sim.Settle(3)
	if len(refused) != 1 || refused[0].Kind != rollout.EventInputRefused || errorText(err) != "not settled after 3 ticks; daemonset/default/agent is WaitingUntil(10)" {
		t.Errorf("%v, %v", refused, err)
	}
	if refused, err := sim.Settle(100); len(refused) > 0 || err != nil || sim.State("default/agent") != rollout.StateDone {
		t.Errorf("%v, %v", refused, err)
	}
	object, err := sim.Object("default/agent")
	if ds, ok := object.(*appsv1.DaemonSet); err != nil || !ok || ds.Status.NumberAvailable != 2 {
		t.Errorf("%v, %v", object, err)
	}
}

package rollout_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/rollout"
)

// A duration without its unit is an error that says so, wherever there is a
// duration. Mutants seen to fail: checkDuration of 0 < d < 1ms left out; a field of
// Config that is not checked.
func TestForgottenUnitsAreErrors(t *testing.T) {
	const forgotten = "40ns is below 1ms, the unit is missing: did you mean 40s?"
	for field, config := range map[string]rollout.Config{
		"Tick":                                {Tick: 40},
		"PodGC":                               {PodGC: 40},
		"NodeGrace":                           {NodeGrace: 40},
		"ControllerManager.NodeMonitorPeriod": {ControllerManager: rollout.ControllerManager{NodeMonitorPeriod: 40}},
		"ControllerManager.NodeStartupGracePeriod": {ControllerManager: rollout.ControllerManager{NodeStartupGracePeriod: 40}},
		"Kubelet.Start":            {Kubelet: rollout.Kubelet{Start: 40}},
		"Kubelet.Ready":            {Kubelet: rollout.Kubelet{Ready: 40}},
		"Kubelet.Stop":             {Kubelet: rollout.Kubelet{Stop: 40}},
		"Kubelet.Jitter.Ready":     {Kubelet: rollout.Kubelet{Jitter: rollout.Jitter{Ready: 40}}},
		"Kubelet.Timings[0].Ready": {Kubelet: rollout.Kubelet{Timings: []rollout.Timing{{Ready: 40}}}},
		"Kubelet.Timings[0].Start": {Kubelet: rollout.Kubelet{Timings: []rollout.Timing{{Start: 40}}}},
		"Kubelet.Jitter.Start":     {Kubelet: rollout.Kubelet{Jitter: rollout.Jitter{Start: 40}}},
		"Kubelet.Timings[0].Stop":  {Kubelet: rollout.Kubelet{Timings: []rollout.Timing{{Stop: 40}}}},
		"Kubelet.Jitter.Stop":      {Kubelet: rollout.Kubelet{Jitter: rollout.Jitter{Stop: 40}}},
	} {
		if _, err := rollout.New(nodes("a"), config); err == nil || err.Error() != "Config."+field+": "+forgotten {
			t.Errorf("%s: %v", field, err)
		}
	}
	sim := rolledOut("a")
	for _, in := range []rollout.Input{rollout.CrashLoop{Image: "agent:1", After: 40}, rollout.Drain{Node: "a", Timeout: 40}} {
		if err := sim.Inject(in); err == nil || !strings.Contains(err.Error(), forgotten) {
			t.Errorf("%T: %v", in, err)
		}
	}
	if err := sim.Inject(rollout.CrashLoop{Image: "agent:1", After: 40 * time.Microsecond}); err == nil || !strings.HasSuffix(err.Error(), "40µs is below 1ms: did you mean 40s?") {
		t.Error(err)
	}
}

// Other durations are rounded up: 1.001 s end in the second tick.
func TestDurationsAreRoundedUp(t *testing.T) {
	for ready, want := range map[time.Duration]int{0: 1, time.Millisecond: 2, time.Second: 2, 1001 * time.Millisecond: 3} {
		sim, err := rollout.New(nodes("a"), rollout.Config{Kubelet: rollout.Kubelet{Ready: ready}})
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.Apply(agent("agent:1")); err != nil {
			t.Fatal(err)
		}
		for events := range sim.Run(100) {
			for _, e := range events {
				if e.Kind == rollout.EventReady && e.Tick != want {
					t.Errorf("Ready %v: in tick %d, not %d", ready, e.Tick, want)
				}
			}
		}
		if !sim.Settled() || sim.Now() < want {
			t.Errorf("Ready %v: tick %d", ready, sim.Now())
		}
	}
}

// A fault on a node that is not known is an error, and nothing is injected. If an
// input to come adds the node, the fault is refused when it comes too early.
func TestFaultsNameNodes(t *testing.T) {
	b := rollout.ApplyNode{Node: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "b"}}}
	for _, in := range []rollout.Input{
		rollout.NeverReady{Image: "agent:1", Nodes: []string{"a", "b"}}, rollout.CrashLoop{Image: "agent:1", Nodes: []string{"b"}},
		rollout.ImagePullFails{Image: "agent:1", Nodes: []string{"b"}}, rollout.RejectPods{Reason: "OutOfcpu", Nodes: []string{"b"}},
		rollout.Recover{Nodes: []string{"b"}},
	} {
		sim := rolledOut("a")
		want := rollout.FormatInput(in) + `: nodes "b" not found`
		if err := sim.Inject(in); err == nil || err.Error() != want || !sim.Settled() {
			t.Errorf("%v, want %s", err, want)
		}
		if err := sim.Inject(b, in); err != nil {
			t.Error(err)
		} else if refused := sim.Advance(10); len(refused) > 0 {
			t.Error(refused)
		}
		late := rolledOut("a")
		if err := late.At(late.Now()+9, b); err != nil {
			t.Fatal(err)
		}
		if err := late.Inject(in); err != nil {
			t.Error(err)
		}
		if refused := late.Advance(100); len(refused) != 1 || refused[0].Kind != rollout.EventInputRefused || refused[0].Detail != want {
			t.Errorf("%v, want %s", refused, want)
		}
	}
}

// The event of a fault names an image that nothing uses, which is probably a mistake.
// Mutants seen to fail: images without classes, or without inputs; no near miss.
func TestFaultsNameImages(t *testing.T) {
	for image, want := range map[string]string{
		"agent:1":     "",
		"agent:9":     `: no pod or workload uses image "agent:9" yet`,
		"agnet-image": `: no pod or workload uses image "agnet-image", did you mean "agent-image"?`,
		"agent-image": "",
		"later:1":     "",
		"":            "",
	} {
		sim := rolledOut("a")
		if err := sim.Apply(agent("agent-image")); err != nil {
			t.Fatal(err)
		}
		sim.Tick()
		if err := sim.At(sim.Now()+9, rollout.Apply{Object: agent("later:1")}); err != nil {
			t.Fatal(err)
		}
		fault := rollout.RejectPods{Reason: "OutOfcpu", Image: image}
		if err := sim.Inject(fault); err != nil {
			t.Fatal(err)
		}
		if got := sim.Tick()[0]; got.Kind != rollout.EventInputApplied || got.Detail != rollout.FormatInput(fault)+want {
			t.Errorf("%s: %v, want %q", image, got, want)
		}
	}
}

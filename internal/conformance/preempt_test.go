package conformance

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// Preemption equals the real DryRunPreemption on all nodes: the victims on every node,
// the nominated node, and the whole message of the event.
func TestPreemption(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus("victims", "several victims", "several nodes", "budget", "may not preempt", "nobody helps")
	check(t, 5000, func(t *rapid.T) {
		world, pod := gen.Worlds().Draw(t, "world"), gen.Incoming().Draw(t, "pod")
		upstream.Default(world.Pods...)
		upstream.Default(pod)
		if err := scheduler.Show(upstream.World(world)); err != nil {
			t.Fatal(err)
		}
		j, err := scheduler.Judge(t.Context(), pod)
		if err != nil {
			t.Fatal(err)
		}
		if len(j.Feasible) > 0 {
			return
		}
		workload, err := placement.ForPod(pod, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if t.Failed() {
				t.Log(shown(worldOf(world)), shown(world.Budgets), shown(pod))
			}
		}()
		p := workload.Predict(worldCluster(t, world))
		comparePreemptions(t, p, j.Preemption)
		want := sameChoice(j.Sentence, p)
		if got, ok := p.FailedScheduling(); !ok || got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		seen.cases++
		seen.noteIf(len(j.Preemption.Victims) > 0, "victims")
		seen.noteIf(len(j.Preemption.Victims) > 1, "several nodes")
		seen.noteIf(len(j.Preemption.Victims[j.Preemption.Chosen]) > 1, "several victims")
		seen.noteIf(!j.Preemption.Allowed, "may not preempt")
		seen.noteIf(j.Preemption.Allowed && len(j.Preemption.Victims) == 0, "nobody helps")
		for tried := range p.Preemptions() {
			seen.noteIf(tried.Violations > 0, "budget")
		}
	})
	seen.report(t, "pods without a node")
}

func comparePreemptions(t *rapid.T, p *placement.Prediction, want upstream.Preemption) {
	got := map[string]string{}
	for tried := range p.Preemptions() {
		if tried.Impossible != "" {
			continue
		}
		for _, v := range tried.Victims {
			got[tried.Node] += v + " "
		}
	}
	wanted := map[string]string{}
	for node, victims := range want.Victims {
		wanted[node] = strings.Join(victims, " ") + " "
	}
	if !maps.Equal(got, wanted) {
		t.Errorf("victims %v\nwant %v", got, wanted)
	}
	chosen, ok := p.Preemption()
	if ok != (want.Chosen != "") {
		t.Errorf("preferred %v, want %q", chosen, want.Chosen)
	}
}

// sameChoice returns the event with the scheduler's choice among equal nodes replaced by
// berth's. Go's map order decides that choice in each call, so only the message itself
// shows it.
func sameChoice(sentence string, p *placement.Prediction) string {
	chosen, ok := p.Preemption()
	if !ok {
		return sentence
	}
	said := func(t placement.Preemption) string {
		return fmt.Sprintf("found a potential placement for pod on node %s, preempting %d victims", t.Node, len(t.Victims))
	}
	for tried := range p.Preemptions() { // the other choice must be as good
		if strings.Contains(sentence, said(tried)) && tried.Violations == chosen.Violations && len(tried.Victims) == len(chosen.Victims) {
			return strings.Replace(sentence, said(tried), said(chosen), 1)
		}
	}
	return sentence
}

package dryrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
)

// compareRestarts restarts each DaemonSet and Deployment under the rules of both
// releases, and compares what happens to it. One that cannot be restarted is left out.
func (u *upgrade) compareRestarts() error {
	before, err := NewBaseline(u.from, u.config)
	if before == nil {
		return err
	}
	after, err := NewBaseline(u.to, u.config)
	if after == nil {
		return err
	}
	for _, key := range before.sim.Keys() {
		was, ok := before.restart(key)
		now, also := after.restart(key)
		if i := firstDifference(was, now); ok && also && i >= 0 {
			u.find("OtherRollout", SeverityWarning, workloadName(key), nil, "restarted, "+u.otherwise(before.told(was, i), after.told(now, i)), "allow for it in deadlines and alerts")
		}
	}
	return nil
}

// restart returns what happens to the pods and revisions of a DaemonSet or Deployment
// that is restarted, without words, and false if it cannot be restarted.
func (b *Baseline) restart(key string) (rollout.Trace, bool) {
	plan, err := b.Plan(Restart(key))
	if err != nil {
		return nil, false
	}
	sim, err := plan.Sim()
	if err != nil {
		return nil, false
	}
	var all rollout.Trace
	for events := range sim.Run(b.ticks()) {
		for _, e := range events {
			if e.Key == key && e.Kind != rollout.EventConditionChanged && e.Kind != rollout.EventInputApplied {
				e.Detail = ""
				all = append(all, e)
			}
		}
	}
	dropNames(all)
	return all, true
}

// dropNames removes the names of pods that the release decides and that decide nothing.
// Names of new pods contain a hash of the template, which differs between releases. Among
// equal nodes, the seed draws one by the name, and where new pods are decides which old
// pod of a Deployment goes first. So dropNames also removes the nodes of a Deployment's
// pods, and sorts the events of each tick, which are in the order of nodes.
func dropNames(t rollout.Trace) {
	created := map[string]bool{}
	for i := range t {
		e := &t[i]
		created[e.Pod] = created[e.Pod] || e.Kind == rollout.EventCreated
		switch {
		case strings.HasPrefix(e.Key, kube.DeploymentKind):
			e.Pod, e.Node = "", ""
		case created[e.Pod]:
			e.Pod = ""
		}
	}
	slices.SortStableFunc(t, func(a, b rollout.Event) int {
		return cmp.Or(cmp.Compare(a.Tick, b.Tick), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Pod, b.Pod))
	})
}

// firstDifference returns the index of the first event that differs, or -1.
func firstDifference(a, b rollout.Trace) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

// told returns the event at an index and the last one, with their times.
func (b *Baseline) told(trace rollout.Trace, i int) string {
	after := func(tick int) time.Duration { return b.sim.Time(tick).Sub(b.sim.Time(b.sim.Now())) }
	if len(trace) == 0 {
		return "nothing happens"
	}
	last := fmt.Sprintf("the last event comes after %v", after(trace[len(trace)-1].Tick))
	if i >= len(trace) {
		return last
	}
	_, event, _ := strings.Cut(trace[i].String(), " ")
	return fmt.Sprintf("%s comes after %v, and %s", event, after(trace[i].Tick), last)
}

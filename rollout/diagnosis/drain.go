package diagnosis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// DrainDiagnosis is why the drain of a node does not end, and what would let it end.
type DrainDiagnosis struct {
	Node      string `json:"node"`
	Tick      int    `json:"tick"`
	Cause     string `json:"cause"`     // in one sentence
	Reference Law    `json:"reference"` // the rule behind the cause

	Pods     []rollout.RemainingPod `json:"pods"`               // that remain on the node
	Remedies []Remedy               `json:"remedies,omitempty"` // that let the drain end, cheapest first (see Remedy): each was tried
}

// String returns the diagnosis in full, ending with a line feed.
func (x *DrainDiagnosis) String() string {
	if x == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(head(x.Cause, x.Reference))
	for _, p := range x.Pods {
		fmt.Fprintf(&b, "blocking %s: %s\n", p.Pod, p.Refused)
	}
	for _, r := range x.Remedies {
		fmt.Fprintf(&b, "remedy %v\n", r)
	}
	return b.String()
}

// DiagnoseDrain returns why the drain of a node does not end. It returns nil if
// there is no drain, or if anything is still to happen by itself. Inputs to come
// do not count. For each remedy tried, a handful, it costs a fork and what
// happens in the fork.
func DiagnoseDrain(sim *rollout.Sim, node string) *DrainDiagnosis {
	if sim == nil {
		return nil
	}
	f := sim.Fork()
	probe.Of(f).DropInputs()
	i := draining(f, node)
	if i < 0 || !f.Settled() {
		return nil
	}
	pods := f.Drains()[i].Pods
	x := &DrainDiagnosis{Node: node, Tick: sim.Now(), Reference: KubeletConfirms, Pods: pods}
	names, verb := leaving(pods), "are"
	if len(pods) == 1 {
		verb = "is"
	}
	why := "on the way out and not gone"
	if i := slices.IndexFunc(pods, func(l rollout.RemainingPod) bool { return l.Refused != "" }); i >= 0 {
		x.Reference, why = BudgetsHoldEvictions, "not evicted: "+pods[i].Refused
	}
	x.Cause = fmt.Sprintf("the drain of %s is stuck: %s %s %s", node, names, verb, why)
	x.Remedies = drained(node).remedies(f, pods)
	return x
}

// draining returns the place of the node's drain, or -1.
func draining(sim *rollout.Sim, node string) int {
	return slices.IndexFunc(sim.Drains(), func(d rollout.DrainStatus) bool { return d.Drain.Node == node })
}

func leaving(pods []rollout.RemainingPod) string {
	var names []string
	for _, l := range pods {
		names = append(names, l.Pod)
	}
	return kube.FirstNames(names)
}

// drained is the goal that the node of the name is drained.
type drained string

// remedies tries to make all nodes and pods ready, so that the budgets allow the
// evictions, and to delete the pods, which bypasses the budgets.
func (n drained) remedies(sim *rollout.Sim, pods []rollout.RemainingPod) (remedies []Remedy) {
	for _, c := range []candidate{healAll(probe.Of(sim)), deleteAll(pods, false)} {
		if r, ok := try(sim, n, c); ok {
			remedies = append(remedies, r)
		}
	}
	if len(remedies) == 0 {
		if r, ok := try(sim, n, deleteAll(pods, true)); ok {
			remedies = append(remedies, r)
		}
	}
	slices.SortStableFunc(remedies, cheapest)
	return remedies
}

// rest returns the tick in which the node was drained, or 0 if it was not.
func (n drained) rest(f *rollout.Sim) probe.Outcome {
	const patience = 1000 // ticks with events
	var o probe.Outcome
	seen := 0
	for events := range f.Run(math.MaxInt) {
		for i := range events {
			switch e := &events[i]; {
			case e.Kind == rollout.EventInputRefused:
				o.Refused = true
				return o
			case e.Kind == rollout.EventDrained && e.Node == string(n):
				o.Last = e.Tick
			}
		}
		if seen++; o.Last > 0 || seen == patience {
			break
		}
	}
	return o
}

func (n drained) reached(f *rollout.Sim, o probe.Outcome) (leaves []string, ok bool) {
	return nil, o.Last > 0 && draining(f, string(n)) < 0
}

func deleteAll(pods []rollout.RemainingPod, force bool) candidate {
	c := candidate{RemedyDeletePods, "delete " + leaving(pods) + ", which asks no budget", nil}
	if force {
		c.does = "delete " + leaving(pods) + " with --force"
	}
	for _, l := range pods {
		c.inputs = append(c.inputs, rollout.DeletePod{Pod: l.Pod, Force: force})
	}
	return c
}

// healAll returns the candidate that makes all nodes and pods ready.
func healAll(p probe.Sim) candidate {
	c := candidate{means: RemedyRepairNodes}
	var names []string
	for _, n := range p.Nodes() {
		var in rollout.Input
		switch {
		case n.Down:
			in = rollout.NodeUp{Node: n.Name}
		case n.Unready:
			in = rollout.NodeReady{Node: n.Name}
		case n.PodsUnready:
			in = rollout.PodsReady{Node: n.Name}
		default:
			continue
		}
		names = append(names, n.Name)
		c.inputs = append(c.inputs, in)
	}
	c.does = "make the pods on " + kube.FirstNames(names) + " ready"
	return c
}

package rollout

import (
	"fmt"
	"slices"
	"strings"
)

// DrainDiagnosis is why the drain of a node does not end, and what would make it end.
type DrainDiagnosis struct {
	Node  string `json:"node"`
	Tick  int    `json:"tick"`
	Cause string `json:"cause"` // in one sentence
	Law   Law    `json:"law"`   // that the cause follows from

	Pods     []Leaving `json:"pods"`               // that do not go
	Remedies []Remedy  `json:"remedies,omitempty"` // that let the drain end, cheapest first (see Remedy): each was tried
}

// String is the diagnosis in full, ending with a line feed.
func (x *DrainDiagnosis) String() string {
	if x == nil {
		return ""
	}
	var b strings.Builder
	file, function := x.Law.Source()
	fmt.Fprintf(&b, "%s\n%v (%s: %s): %s\n", x.Cause, x.Law, file, function, x.Law.Words())
	for _, p := range x.Pods {
		fmt.Fprintf(&b, "culprit %s: %s\n", p.Pod, p.Refused)
	}
	for _, r := range x.Remedies {
		fmt.Fprintf(&b, "remedy %v\n", r)
	}
	return b.String()
}

// DiagnoseDrain says why the drain of a node does not end; nil if there is none, or
// if anything at all is still to happen by itself. Inputs to come do not count. It
// costs a fork and what happens in it for each remedy that is tried, a handful.
func (s *Sim) DiagnoseDrain(node string) *DrainDiagnosis {
	f := s.Fork()
	f.inputs = nil
	i := f.draining(node)
	if i < 0 || !f.Settled() {
		return nil
	}
	d := f.Draining()[i]
	x := &DrainDiagnosis{Node: node, Tick: s.Now(), Law: KubeletConfirms, Pods: d.Pods}
	refused := slices.IndexFunc(d.Pods, func(l Leaving) bool { return l.Refused != "" })
	if refused >= 0 {
		x.Law = BudgetsHoldEvictions
		x.Cause = fmt.Sprintf("the drain of %s is stuck: %s not evicted: %s", node, podsOf(d.Pods), d.Pods[refused].Refused)
	} else {
		x.Cause = fmt.Sprintf("the drain of %s is stuck: %s on the way out and not gone", node, podsOf(d.Pods))
	}
	x.Remedies = f.drainRemedies(d)
	return x
}

func podsOf(list []Leaving) string {
	var names []string
	for _, l := range list {
		names = append(names, l.Pod)
	}
	if len(names) == 1 {
		return names[0] + " is"
	}
	return some(names) + " are"
}

// draining is the place of the node's drain, or -1.
func (s *Sim) draining(node string) int {
	return slices.IndexFunc(s.drains, func(d drain) bool { return d.input.Node == node })
}

// drainRemedies tries to make the pods ready that the budgets miss, and to do
// without asking them.
func (s *Sim) drainRemedies(d Draining) []Remedy {
	var remedies []Remedy
	for _, c := range []candidate{s.healAll(), s.deleteLeaving(d, false)} {
		if r, ok := s.tryDrain(d.Drain.Node, c); ok {
			remedies = append(remedies, r)
		}
	}
	if len(remedies) == 0 {
		if r, ok := s.tryDrain(d.Drain.Node, s.deleteLeaving(d, true)); ok {
			remedies = append(remedies, r)
		}
	}
	slices.SortStableFunc(remedies, cheapest)
	return remedies
}

// tryDrain injects the candidate's inputs into a fork: they are of use if the node is
// drained then.
func (s *Sim) tryDrain(node string, c candidate) (Remedy, bool) {
	f := s.Fork()
	if len(c.inputs) == 0 || f.Inject(c.inputs...) != nil {
		return Remedy{}, false
	}
	at := f.restDrain(node)
	return Remedy{Means: c.means, Does: c.does, Inputs: c.inputs, Ticks: at - s.Now()}, at >= 0 && f.draining(node) < 0
}

// restDrain lets time pass and gives the tick in which the node was drained, or -1.
func (s *Sim) restDrain(node string) int {
	const patience = 1000 // ticks with events
	at, seen := -1, 0
	for events := range s.Run(int(s.last)) {
		for i := range events {
			switch e := &events[i]; {
			case e.Kind == Refused:
				return -1
			case e.Kind == Drained && e.Node == node:
				at = e.Tick
			}
		}
		if seen++; at >= 0 || seen == patience {
			break
		}
	}
	return at
}

func (s *Sim) deleteLeaving(d Draining, force bool) candidate {
	c := candidate{means: DeleteThePods}
	var names []string
	for _, l := range d.Pods {
		names = append(names, l.Pod)
		c.inputs = append(c.inputs, DeletePod{l.Pod, force})
	}
	c.does = "delete " + some(names) + ", which asks no budget"
	if force {
		c.does = "delete " + some(names) + " with --force"
	}
	return c
}

// healAll makes every node and pod ready that is not.
func (s *Sim) healAll() candidate {
	c := candidate{means: RepairNodes}
	var names []string
	for n := range s.nodes {
		name := s.roster[n].name
		var in Input
		switch state := &s.nodes[n]; {
		case !state.there():
		case state.is(isDown):
			in = NodeUp{name}
		case state.is(isUnready):
			in = NodeReady{name}
		case state.is(podsUnready):
			in = PodsReady{name}
		}
		if in != nil {
			names = append(names, name)
			c.inputs = append(c.inputs, in)
		}
	}
	c.does = "make the pods on " + some(names) + " ready"
	return c
}

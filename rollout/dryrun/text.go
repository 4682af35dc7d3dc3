package dryrun

import (
	"fmt"
	"strings"
	"time"

	"github.com/berthsim/berth/cluster"
)

// String is the plan for people: the edits; every DaemonSet to which something
// happens, with the fields of its spec that change, the nodes that turn as
// placement.Changes prints them, and what becomes of its pods and when; the pods of
// others that have to go; findings that are new; and a line that sums up. The line of
// a DaemonSet starts with "+" where it is new, "-" where it is deleted and "~" where
// its spec, its nodes or its pods change.
//
// It runs the simulation.
func (p *Plan) String() string {
	p = p.orNothing()
	var b strings.Builder
	for _, e := range p.edits {
		fmt.Fprintf(&b, "edit  %v\n", e)
	}
	if len(p.edits) == 0 {
		b.WriteString("no edit\n")
	}
	untouched := 0
	for _, e := range p.whole() {
		if e.Empty() {
			untouched++
			continue
		}
		b.WriteString("\n" + e.String())
	}
	for _, d := range p.Deployments() {
		fmt.Fprintf(&b, "\n~ %v\n", d)
	}
	if evictions := p.Evictions(); len(evictions) > 0 {
		b.WriteString("\npods that no DaemonSet owns\n")
		for _, e := range evictions {
			fmt.Fprintf(&b, "    %s %v\n", e.sign(), e)
		}
	}
	if findings := p.Findings(); len(findings) > 0 {
		b.WriteString("\nfindings that are new\n")
		for _, f := range findings {
			fmt.Fprintf(&b, "    %v\n", f)
		}
	}
	for _, note := range p.Notes() {
		fmt.Fprintf(&b, "\nnote: %s\n", note)
	}
	fmt.Fprintf(&b, "\n%s\n", p.summary(untouched))
	return b.String()
}

// sign is what stands before a pod that no DaemonSet owns.
func (e Eviction) sign() string {
	switch {
	case e.Disposition == DispositionWithoutNode:
		return "~"
	case e.NewNode != "":
		return "-"
	}
	return "!"
}

func (a Action) sign() string { return []string{"~", "+", "~", "-"}[min(a, ActionDeleted)] }

// String is what the plan does to the DaemonSet, for people; it runs the simulation.
func (e Effect) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s DaemonSet %s", e.Action.sign(), e.Key)
	if e.Action != ActionNone {
		fmt.Fprintf(&b, ": %s", strings.ToLower(e.Action.String()))
	}
	b.WriteString("\n")
	if e.wrong != nil {
		fmt.Fprintf(&b, "    it cannot be judged: %v\n", e.wrong)
	}
	if e.Action == ActionChanged {
		for _, f := range e.Fields() {
			fmt.Fprintf(&b, "    %v\n", f)
		}
	}
	for line := range strings.Lines(e.Changes.String()) {
		b.WriteString("    " + line)
	}
	b.WriteString(e.admissionText())
	if pods := e.Pods(); !pods.Empty() {
		b.WriteString(pods.text())
		b.WriteString(e.courseText())
	}
	return b.String()
}

// Fields gives the fields of the spec that change, in the order of their paths;
// nothing for a DaemonSet that comes or goes.
func (e Effect) Fields() []FieldChange {
	if e.Action != ActionChanged || e.after == nil {
		return nil
	}
	return fieldChanges("spec", cluster.Default(e.before.object).Spec, cluster.Default(e.after.object).Spec)
}

func (e Effect) admissionText() string {
	a, ok := e.Admission()
	if !ok || len(a.Changes) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("    admission changes the pod\n")
	for _, c := range a.Changes {
		fmt.Fprintf(&b, "      %v\n", c)
	}
	for _, turn := range []struct {
		sign, words string
		nodes       cluster.NodeSet
	}{{"+", "placed only so", a.Gained}, {"!", "pending only so", a.Refused}} {
		if turn.nodes.Len() > 0 {
			fmt.Fprintf(&b, "      %s %s: %s\n", turn.sign, turn.words, strings.Join(turn.nodes.Names(), " "))
		}
	}
	return b.String()
}

// text lists the nodes by what becomes of their pods.
func (p PodChanges) text() string {
	var b strings.Builder
	for _, x := range p.kinds() {
		if n := x.nodes.Len(); n > 0 {
			fmt.Fprintf(&b, "    pods %s: %d on %s\n", x.words, n, strings.Join(x.nodes.Names(), " "))
		}
	}
	return b.String()
}

type podKind struct {
	words string
	nodes cluster.NodeSet
}

func (p PodChanges) kinds() []podKind {
	return []podKind{
		{"created", p.Created}, {"updated in waves", p.Updated}, {"deleted and created again at once", p.Recreated},
		{"deleted at once", p.Deleted}, {"lost by the rolling update", p.Dropped}, {"left as they are, of the old template", p.Outdated},
	}
}

// courseText is the way through the simulation.
func (e Effect) courseText() string {
	c := e.Summary()
	if e.after == nil {
		return ""
	}
	s := fmt.Sprintf("    takes %v", e.plan.duration(c.Ticks))
	if !e.Completes() {
		s = fmt.Sprintf("    does not end: %v", c.State)
	}
	if c.Waves > 0 {
		s += fmt.Sprintf(" in %d waves", c.Waves)
	}
	if up, of := e.MinAvailable(); of > 0 {
		s += fmt.Sprintf(", at worst %d of %d pods available that stay wanted", up, of)
	}
	s += "\n"
	if !e.Completes() {
		for _, w := range e.Waiting() {
			s += fmt.Sprintf("      %v\n", w)
		}
	}
	return s
}

// Notes gives what is to be known beside the changes: what would have happened
// without the edits, what does not come to an end, what was refused, what is not
// modelled. It runs the simulation.
func (p *Plan) Notes() []string {
	p = p.orNothing()
	var notes []string
	say := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if s := p.base.settled; s.created+s.deleted > 0 {
		say("before the edits the cluster comes to rest: %d pods are created and %d deleted whether they are made or not", s.created, s.deleted)
	}
	if p.base.settled.unsettled {
		say("the cluster does not come to rest by itself within %v", p.base.config.Horizon)
	}
	c := p.course()
	if c.unsettled {
		say("what the edits set off is not over after %v", p.duration(max(0, c.sim.Now()-c.start)).Truncate(time.Second))
	}
	for _, r := range c.refused {
		say("refused: %s", r)
	}
	for _, e := range p.whole() {
		if e.after == nil || e.Empty() {
			continue
		}
		for _, n := range e.after.NotModelled() {
			say("DaemonSet %s: not modelled: %s", e.Key, n)
		}
	}
	return notes
}

// summary is the plan in a line.
func (p *Plan) summary(untouched int) string {
	totals, deployed := map[string]int{}, 0
	var order []string
	for _, e := range p.whole() {
		for _, x := range e.Pods().kinds() {
			if _, known := totals[x.words]; !known {
				order = append(order, x.words)
			}
			totals[x.words] += x.nodes.Len()
		}
	}
	var parts []string
	for _, words := range order {
		if totals[words] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", totals[words], words))
		}
	}
	others := map[Disposition]int{}
	for _, e := range p.Evictions() {
		others[e.Disposition]++
	}
	for _, f := range []Disposition{DispositionEvicted, DispositionPreempted, DispositionRemoved, DispositionWithoutNode} {
		if others[f] > 0 {
			parts = append(parts, fmt.Sprintf("%d of others %s", others[f], f.words()))
		}
	}
	for _, d := range p.Deployments() {
		deployed += d.Created
	}
	if deployed > 0 {
		parts = append(parts, fmt.Sprintf("%d of Deployments created", deployed))
	}
	if len(parts) == 0 {
		parts = []string{"nothing happens to any"}
	}
	return fmt.Sprintf("plan: pods: %s; %d DaemonSets of %d untouched (%s)", strings.Join(parts, ", "), untouched, len(p.whole()), p.Fingerprint())
}

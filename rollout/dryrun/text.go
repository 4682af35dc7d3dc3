package dryrun

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/snapshot"
	"github.com/berthsim/berth/rollout"
)

// String returns the plan as text: the edits; every DaemonSet that is affected, with
// the fields of its spec that change, the nodes that change as placement.Changes prints
// them, and what happens to its pods and when; the pods of others that have to go; new
// findings; and a summary line. The line of a DaemonSet starts with "+" if it is new,
// "-" if it is deleted and "~" if its spec, its nodes or its pods change.
//
// It runs the simulation.
func (p *Plan) String() string {
	p = p.orNothing()
	var b strings.Builder
	for _, o := range p.Operations() {
		fmt.Fprintf(&b, "edit  %v", o)
	}
	if len(p.edits) == 0 {
		b.WriteString("no edit\n")
	}
	for _, e := range p.effects() {
		b.WriteString("\n" + e.String())
	}
	if evictions := p.Evictions(); len(evictions) > 0 {
		writeLines(&b, "pods that no DaemonSet owns", evictionLines(evictions))
	}
	writeLines(&b, "available by zone", p.zoneLines())
	writeLines(&b, "disruptions allowed", p.budgetLines())
	if findings := p.newFindings(); len(findings) > 0 {
		lines := make([]string, len(findings))
		for i, f := range findings {
			lines[i] = f.String()
		}
		writeLines(&b, "new findings", lines)
	}
	for _, note := range p.notes() {
		fmt.Fprintf(&b, "\nnote: %s\n", note)
	}
	fmt.Fprintf(&b, "\n%s\n", p.summary())
	return b.String()
}

// writeLines writes a heading and lines, if there are any.
func writeLines(b *strings.Builder, heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", heading)
	for _, line := range capped(lines, mostLines, "%d more") {
		fmt.Fprintf(b, "    %s\n", line)
	}
}

// zoneLines returns the zones where fewer pods are available than before.
func (p *Plan) zoneLines() []string {
	var lines []string
	for _, a := range p.zones() {
		if a.Worst < a.Before || a.After < a.Before {
			lines = append(lines, a.String())
		}
	}
	return lines
}

// budgetLines returns the budgets that allow fewer disruptions than before.
func (p *Plan) budgetLines() []string {
	var lines []string
	for _, b := range p.budgets() {
		if b.Least < b.Allowed.Before {
			lines = append(lines, b.String())
		}
	}
	return lines
}

// nameList returns the first names, and how many more there are.
func nameList(names []string) string {
	return strings.Join(capped(names, mostNodes, "%d more"), " ")
}

// mostNodes limits the nodes in a line of a plan.
const mostNodes = 16

// sign returns the sign before a pod that no DaemonSet owns.
func (e Eviction) sign() string {
	switch {
	case e.Disposition == DispositionWithoutNode:
		return "~"
	case e.NewNode != "":
		return "-"
	}
	return "!"
}

func (a Action) sign() string {
	switch a {
	case ActionCreated:
		return "+"
	case ActionDeleted:
		return "-"
	}
	return "~"
}

// String returns what the plan does to the DaemonSet, as text. It runs the simulation.
func (e effect) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s DaemonSet %s", e.action.sign(), e.key)
	if e.action != ActionNone {
		fmt.Fprintf(&b, ": %s", strings.ToLower(string(e.action)))
	}
	b.WriteString("\n")
	if e.wrong != nil {
		fmt.Fprintf(&b, "    it cannot be judged: %v\n", e.wrong)
	}
	if e.action == ActionChanged {
		for _, f := range e.fields() {
			fmt.Fprintf(&b, "    %s\n", f.line())
		}
	}
	for _, clash := range e.clashes() {
		fmt.Fprintf(&b, "    ! %s\n", shorter(clash))
	}
	for line := range strings.Lines(changesText(e.changes, e.hasPod())) {
		b.WriteString("    " + line)
	}
	b.WriteString(e.admissionText())
	if pods := e.pods(); !pods.empty() {
		b.WriteString(pods.text())
		b.WriteString(e.courseText())
	} else if e.touched() {
		b.WriteString(e.availabilityText())
	}
	return b.String()
}

// availabilityText returns the line for a DaemonSet whose pods stay but are not all
// available.
func (e effect) availabilityText() string {
	for _, a := range e.plan.availability(kube.DaemonSetKey(e.key), e.plan.domains(""), nil) {
		if a.Worst < a.Before || a.After != a.Before {
			return "    " + a.numbers() + "\n"
		}
	}
	return ""
}

// fields returns the fields of the spec that change, in the order of their paths. It
// returns nothing for a DaemonSet that is created or deleted.
func (e effect) fields() []FieldChange {
	if e.action != ActionChanged || e.after == nil {
		return nil
	}
	return fieldChanges("spec", cluster.Default(e.before.object).Spec, cluster.Default(e.after.object).Spec)
}

func (e effect) admissionText() string {
	if e.after == nil {
		return ""
	}
	a := e.after.admission()
	if a == nil {
		return ""
	}
	var b strings.Builder
	if r := a.Refusal; r != nil {
		fmt.Fprintf(&b, "    the API server refuses the pod: %v\n", *r)
		return b.String()
	}
	b.WriteString("    admission changes the pod\n")
	for _, c := range a.Changes {
		fmt.Fprintf(&b, "      %s\n", c.line())
	}
	for _, turn := range []struct {
		sign, words string
		nodes       []string
	}{{"+", "placed only so", a.Gained}, {"!", "pending only so", a.Refused}} {
		if len(turn.nodes) > 0 {
			fmt.Fprintf(&b, "      %s %s: %s\n", turn.sign, turn.words, nameList(turn.nodes))
		}
	}
	return b.String()
}

// text lists the nodes by what happens to their pods.
func (p PodChanges) text() string {
	var b strings.Builder
	for _, x := range p.kinds() {
		if n := len(x.nodes); n > 0 {
			fmt.Fprintf(&b, "    pods %s: %d on %s\n", x.text, n, nameList(x.nodes))
		}
	}
	return b.String()
}

type podKind struct {
	text  string
	nodes []string
}

func (p PodChanges) kinds() []podKind {
	return []podKind{
		{"created", p.Created}, {"updated in waves", p.Updated}, {"deleted and created again at once", p.Recreated},
		{"deleted at once", p.Deleted}, {"lost by the rolling update", p.Dropped}, {"left as they are, with the old template", p.Outdated},
	}
}

// courseText returns the course of the simulation as text.
func (e effect) courseText() string {
	end := e.ending()
	if e.after == nil {
		return ""
	}
	s := fmt.Sprintf("    takes %v", e.plan.duration(end.last))
	if !e.completes() {
		s = fmt.Sprintf("    does not complete: %v", end.state)
	}
	if end.waves > 0 {
		s += fmt.Sprintf(" in %d waves", end.waves)
	}
	if low := e.worst(); low.of > 0 {
		s += fmt.Sprintf(", at worst %d of %d pods available on nodes that still want one", low.available, low.of)
	}
	s += "\n"
	if !e.completes() {
		for _, line := range waitLines(waitTexts(e.waits())) {
			s += fmt.Sprintf("      %s\n", line)
		}
	}
	return s
}

// waitLines merges waits that differ only in the node at their start.
func waitLines(waits []string) []string {
	var order []string
	nodes := map[string][]string{}
	for _, w := range waits {
		node, why, _ := strings.Cut(w, ": ")
		if _, known := nodes[why]; !known {
			order = append(order, why)
		}
		nodes[why] = append(nodes[why], node)
	}
	for i, why := range order {
		order[i] = strings.Join(capped(nodes[why], mostNodes, "%d more"), " ") + ": " + why
	}
	return capped(order, mostNames, "%d more")
}

// notes returns what to know beside the changes: what would have happened without the
// edits, what does not complete, what was refused, and what is not modelled. It runs
// the simulation.
func (p *Plan) notes() []string {
	var notes []string
	say := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if s := p.base.settled; s.created+s.deleted > 0 {
		say("before the edits the cluster settles: %d pods are created and %d deleted regardless of the edits", s.created, s.deleted)
	}
	if p.base.settled.unsettled {
		say("the cluster does not settle by itself within %v", p.base.config.Limit)
	}
	c := p.course()
	if c.unsettled {
		say("the rollouts that the edits cause have not completed after %v", p.duration(max(0, c.sim.Now()-c.start)).Truncate(time.Second))
	}
	notes = append(notes, p.baselineNotes()...)
	notes = append(notes, p.missingNotes()...)
	for _, e := range p.whole() {
		if e.after == nil || e.empty() {
			continue
		}
		for _, n := range e.after.NotModelled() {
			say("DaemonSet %s: not modelled: %s", e.key, n)
		}
	}
	return notes
}

// baselineNotes returns what happens without the edits as well.
func (p *Plan) baselineNotes() []string {
	b := p.base.baseline()
	made, gone := 0, 0
	for i := range b.trace {
		switch k := b.trace[i].Kind; {
		case k == rollout.EventCreated:
			made++
		case leaves(k):
			gone++
		}
	}
	var notes []string
	if made+gone > 0 {
		notes = append(notes, fmt.Sprintf("without the edits too %d pods are created and %d go: ongoing rollouts continue", made, gone))
	}
	var stuck []string
	for _, key := range slices.Sorted(maps.Keys(b.ends)) {
		if end := b.ends[key]; end.state == rollout.StateStuck {
			stuck = append(stuck, workloadName(key))
		}
	}
	if len(stuck) > 0 {
		notes = append(notes, "stuck without the edits too: "+strings.Join(capped(stuck, mostNames, "%d more"), ", "))
	}
	return notes
}

// unclearNodes returns the nodes that are not ready for a reason that berth does not
// know.
func unclearNodes(b *snapshot.Snapshot) []string {
	var names []string
	for i := range b.Len() {
		if kube.NotReadyCauseOf(b.At(i)).Unknown {
			names = append(names, b.Name(i))
		}
	}
	return names
}

// missingNotes returns what affects the result but is missing from the given cluster or
// not simulated.
func (p *Plan) missingNotes() []string {
	b := borrow.From(p.Before())
	owners, gated, foreign := map[string]int{}, 0, map[string]int{}
	for _, pod := range b.Pods() {
		if over(pod) {
			continue
		}
		if ref := metav1.GetControllerOfNoCopy(pod); ref != nil && !known(b, pod.Namespace, ref) {
			owners[ref.Kind]++
		}
		if len(pod.Spec.SchedulingGates) > 0 && pod.Spec.NodeName == "" {
			gated++
		}
		if name := pod.Spec.SchedulerName; name != "" && name != corev1.DefaultSchedulerName && pod.Spec.NodeName == "" {
			foreign[name]++
		}
	}
	var notes []string
	say := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if unclear := unclearNodes(b); len(unclear) > 0 {
		say("not ready, and why is not known: %s: the kubelets are assumed to start and stop pods", strings.Join(capped(unclear, mostNames, "%d more"), ", "))
	}
	if len(owners) > 0 {
		var kinds []string
		for _, kind := range slices.Sorted(maps.Keys(owners)) {
			kinds = append(kinds, fmt.Sprintf("%s of %d", kind, owners[kind]))
		}
		say("owners of pods that are not in the cluster that was given, or are not simulated: %s: where their pods would go is tried once everything else has settled", strings.Join(kinds, ", "))
	}
	if len(b.PodDisruptionBudgets()) == 0 && p.evicts() {
		say("there is no PodDisruptionBudget in the cluster that was given: no eviction is refused")
	}
	if gated > 0 {
		say("%d pods have schedulingGates: they are not bound", gated)
	}
	for _, name := range slices.Sorted(maps.Keys(foreign)) {
		say("%d pods are for the scheduler %s, which is not simulated: they are not bound", foreign[name], name)
	}
	return notes
}

// known reports whether the simulation has the owner of a pod.
func known(b *snapshot.Snapshot, namespace string, ref *metav1.OwnerReference) bool {
	switch ref.Kind {
	case "DaemonSet":
		_, ok := b.DaemonSet(namespace, ref.Name)
		return ok
	case "ReplicaSet":
		_, ok := b.ReplicaSet(namespace, ref.Name)
		return ok
	case "Node":
		return true // a mirror pod
	}
	return false
}

// evicts reports whether the plan has a drain or an eviction.
func (p *Plan) evicts() bool {
	return slices.ContainsFunc(p.inputs, func(in rollout.Input) bool {
		switch in.(type) {
		case rollout.Drain, rollout.EvictPods:
			return true
		}
		return false
	})
}

// summary returns the plan in one line.
func (p *Plan) summary() string {
	totals, deployed, touched := map[string]int{}, 0, 0
	var order []string
	for _, e := range p.whole() {
		for _, x := range e.pods().kinds() {
			if _, known := totals[x.text]; !known {
				order = append(order, x.text)
			}
			totals[x.text] += len(x.nodes)
		}
		if !e.empty() {
			touched++
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
			parts = append(parts, fmt.Sprintf("%d other pods %s", others[f], f.text()))
		}
	}
	for _, e := range p.effects() {
		if strings.HasPrefix(e.Key, kube.DeploymentKind) {
			deployed += len(e.Pods.Created)
		}
	}
	if deployed > 0 {
		parts = append(parts, fmt.Sprintf("%d of Deployments created", deployed))
	}
	if len(parts) == 0 {
		parts = []string{"no pod changes"}
	}
	return fmt.Sprintf("plan: pods: %s; %d DaemonSets of %d untouched (%s)", strings.Join(parts, ", "), len(p.whole())-touched, len(p.whole()), p.base.print())
}

package dryrun

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// OperationState is the result of an edit.
type OperationState string

const (
	OperationCompleted    OperationState = "Completed"    // everything that it caused has completed
	OperationAlreadyStuck OperationState = "AlreadyStuck" // it does not complete, and is no worse than without the edits: harmless
	OperationRefused      OperationState = "Refused"      // kubectl or the API server refuses it
	OperationStuck        OperationState = "Stuck"        // blocked by something that time alone does not remove
	OperationRunning      OperationState = "Running"      // not complete at Config.Limit
)

// operationStates lists the states from best to worst.
var operationStates = []OperationState{OperationCompleted, OperationAlreadyStuck, OperationRefused, OperationStuck, OperationRunning}

// worseThan reports whether s is worse than another state. The zero state is the best.
func (s OperationState) worseThan(t OperationState) bool {
	return slices.Index(operationStates, s) > slices.Index(operationStates, t)
}

// Operation is an edit and its result. An edit completes when everything that it
// touches completes: the DaemonSets and Deployments that it names, the drains in it,
// and the workloads that no edit names but that the edits affect.
type Operation struct {
	Edit  string         `json:"edit"`
	State OperationState `json:"state"`
	// After is the time until the last event of what it touches; for a drain, until the
	// node was drained.
	After time.Duration `json:"after"`
	// Reasons has the refusal by kubectl or the API server, or what blocks the edit, a
	// sentence for each workload and drain.
	Reasons   []string               `json:"reasons"`
	Diagnoses []*diagnosis.Diagnosis `json:"diagnoses"` // of the workloads and drains that are stuck
	Touched   []string               `json:"touched"`   // keys with their kind: "deployment/shop/web"
}

// Fails reports whether the operation neither completes nor is harmless.
func (o Operation) Fails() bool { return o.State.worseThan(OperationAlreadyStuck) }

// String returns the edit and its result: one line, then a line for each reason,
// blocking node and remedy.
func (o Operation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", shorter(o.Edit), o.outcome())
	blocking, remedies := o.blocking()
	for _, lines := range []struct {
		word string
		text []string
	}{{"", o.Reasons}, {"blocking ", blocking}, {"remedy ", remedies}} {
		for _, line := range grouped(lines.text) {
			fmt.Fprintf(&b, "      %s%s\n", lines.word, line)
		}
	}
	return b.String()
}

// blocking returns a line for each node or pod responsible, and for each remedy.
func (o Operation) blocking() (nodes, remedies []string) {
	for _, x := range o.Diagnoses {
		for _, w := range x.Blocking {
			if len(x.Blocking) > 1 || !strings.HasPrefix(x.Key, "node/") { // otherwise the cause already names it
				nodes = append(nodes, w.String())
			}
		}
		for _, r := range x.Remedies {
			remedies = append(remedies, r.String())
		}
	}
	return nodes, remedies
}

// mostLines limits the lines of a list in a text. The JSON form has all.
const mostLines = 50

// grouped merges lines that differ only in the node and pod at their start, "n1
// agent-22224: Exhausted: ...", and cuts a long list short.
func grouped(lines []string) []string {
	var order []string
	who := map[string][]string{}
	for _, line := range lines {
		name, why, ok := strings.Cut(line, ": ")
		if !ok || strings.Count(name, " ") > 1 {
			name, why = "", line
		}
		if _, known := who[why]; !known {
			order = append(order, why)
		}
		who[why] = append(who[why], name)
	}
	for i, why := range order {
		if who[why][0] != "" {
			order[i] = strings.Join(capped(who[why], 3, "%d more"), ", ") + ": " + why
		}
	}
	return capped(order, mostNames, "%d more")
}

// shorter cuts a text with many words, such as that of an edit of many nodes.
func shorter(text string) string {
	return strings.Join(capped(strings.Split(text, " "), maxEditWords, "%d more"), " ")
}

// maxEditWords limits the words in the text of an edit.
const maxEditWords = 24

func (o Operation) outcome() string {
	switch {
	case o.State == OperationRunning:
		return fmt.Sprintf("still running after %v", o.After)
	case o.State == OperationCompleted && o.After > 0:
		return fmt.Sprintf("completed after %v", o.After)
	case o.State == OperationAlreadyStuck:
		return "already stuck without it, and no worse"
	}
	return strings.ToLower(string(o.State))
}

// Operations returns the result of each edit, in the order of the edits. It runs the
// simulation. An operation that is stuck costs a diagnosis.
func (p *Plan) Operations() []Operation { return deepCopy(p.orNothing().operate()) }

// Err returns an error that lists every edit that fails, or nil if all complete or are
// harmless. Report.Err covers policies. It runs the simulation.
func (p *Plan) Err() error {
	var errs []error
	for _, o := range p.Operations() {
		if o.Fails() {
			errs = append(errs, errors.New(strings.TrimSuffix(o.String(), "\n")))
		}
	}
	return errors.Join(errs...)
}

// named is what the inputs of one edit refer to.
type named struct {
	keys   map[string]bool // workloads, with their kind
	drains []string        // nodes
}

func (p *Plan) operations() []Operation {
	names := make([]named, len(p.edits))
	taken := map[string]bool{}
	for i := range p.edits {
		names[i] = p.namedBy(p.parts[i])
		for key := range names[i].keys {
			taken[key] = true
		}
	}
	j := &judge{plan: p, course: p.course(), baseline: p.base.baseline(), known: map[string]verdict{}}
	var others []string
	for _, key := range j.changed() {
		if !taken[key] {
			others = append(others, key)
		}
	}
	all := make([]Operation, len(p.edits))
	for i, e := range p.edits {
		keys := slices.Sorted(maps.Keys(names[i].keys))
		all[i] = j.judge(Operation{
			Edit: e.String(), State: OperationCompleted, Reasons: []string{}, Diagnoses: []*diagnosis.Diagnosis{}, Touched: append(append([]string{}, keys...), others...),
		}, names[i], p.refusals(i))
	}
	return all
}

// namedBy returns what inputs refer to. A pause completes at once, whatever it
// interrupts.
func (p *Plan) namedBy(inputs []rollout.Input) named {
	n := named{keys: map[string]bool{}}
	for _, in := range inputs {
		switch x := in.(type) {
		case rollout.Apply:
			switch o := x.Object.(type) {
			case *appsv1.Deployment:
				n.keys[kube.DeploymentKey(kube.Key(o))] = true
			case *appsv1.DaemonSet:
				n.keys[kube.DaemonSetKey(kube.Key(o))] = true
			}
		case rollout.Undo:
			n.keys[p.withKind(x.Key)] = true
		case rollout.Scale:
			n.keys[p.withKind(x.Key)] = true
		case rollout.Resume:
			n.keys[p.withKind(x.Key)] = true
		case rollout.Delete:
			n.keys[p.withKind(x.Key)] = true
		case rollout.Drain:
			n.drains = append(n.drains, x.Node)
		}
	}
	return n
}

// withKind resolves a key as rollout.Sim does: if a DaemonSet and a Deployment share
// it, it is the DaemonSet's.
func (p *Plan) withKind(key string) string {
	if strings.Count(key, "/") > 1 {
		return key
	}
	for _, c := range []*course{p.course(), p.base.baseline()} {
		for _, of := range []func(string) string{kube.DaemonSetKey, kube.DeploymentKey} {
			if _, ok := c.ends[of(key)]; ok {
				return of(key)
			}
		}
	}
	return kube.DaemonSetKey(key)
}

// refusals returns why kubectl or the API server refuses an edit.
func (p *Plan) refusals(edit int) []string {
	all := slices.Clone(p.denied[edit])
	for _, in := range p.parts[edit] {
		words, drain := probe.Line(in)+": ", ""
		if d, ok := in.(rollout.Drain); ok {
			drain = d.Node
		}
		for i := range p.course().trace {
			switch e := &p.course().trace[i]; {
			case e.Kind == rollout.EventInputRefused && strings.HasPrefix(e.Detail, words):
				all = append(all, strings.TrimPrefix(e.Detail, words))
			case e.Kind == rollout.EventDrainFailed && e.Node == drain:
				all = append(all, strings.TrimSuffix(e.Detail, ", continuing command..."))
			}
		}
	}
	return all
}

// judge decides which operations complete.
type judge struct {
	plan             *Plan
	course, baseline *course
	known            map[string]verdict
}

// verdict is the result of one workload or drain.
type verdict struct {
	state OperationState
	ticks int
	why   string
	found *diagnosis.Diagnosis
}

// changed returns the workloads that the edits affect: something happens to them that
// would not happen without the edits.
func (j *judge) changed() []string {
	var keys []string
	for key, end := range j.course.ends {
		if was := j.baseline.ends[key]; end.print != was.print || end.state != was.state && end.last+was.last > 0 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (j *judge) judge(o Operation, n named, refused []string) Operation {
	if len(refused) > 0 {
		o.State, o.Reasons = OperationRefused, refused
		return o
	}
	var all []verdict
	for _, key := range o.Touched {
		all = append(all, j.workload(key))
	}
	drained := 0
	for _, node := range n.drains {
		v := j.drain(node)
		all, drained = append(all, v), max(drained, v.ticks)
	}
	ticks := 0
	for _, v := range all {
		if v.state.worseThan(o.State) {
			o.State = v.state
		}
		ticks = max(ticks, v.ticks)
	}
	for _, v := range all {
		if v.state == OperationCompleted {
			continue
		}
		o.Reasons = append(o.Reasons, v.why)
		if v.state.worseThan(OperationRefused) && v.found != nil {
			o.Diagnoses = append(o.Diagnoses, v.found)
		}
	}
	switch {
	case o.State == OperationRunning:
		o.After = j.plan.base.config.Limit
	case o.State == OperationCompleted && len(n.drains) > 0:
		o.After = j.plan.duration(drained)
	case o.State == OperationCompleted:
		o.After = j.plan.duration(ticks)
	}
	return o
}

// workload judges a DaemonSet or Deployment.
func (j *judge) workload(key string) verdict {
	if v, ok := j.known[key]; ok {
		return v
	}
	v := j.diagnose(key)
	j.known[key] = v
	return v
}

func (j *judge) diagnose(key string) verdict {
	end, there := j.course.ends[key]
	if !there || end.state == rollout.StateDone || end.state == rollout.StateUnknown {
		return verdict{state: OperationCompleted, ticks: end.last}
	}
	v := verdict{state: OperationStuck}
	v.found, _ = diagnosis.Diagnose(j.course.fork(), key)
	switch {
	case v.found != nil:
		v.why = v.found.Cause
	case end.state == rollout.StateStuck:
		v.why = workloadName(key) + " is not as desired: " + firstWaits(end.waiting)
	default:
		v.state, v.why = OperationRunning, workloadName(key)+" is still under way: "+firstWaits(end.waiting)
	}
	if v.state == OperationStuck && j.noWorse(key) {
		return verdict{state: OperationAlreadyStuck, why: v.why}
	}
	return v
}

func firstWaits(waits []diagnosis.Wait) string {
	var lines []string
	for _, w := range waits {
		lines = append(lines, w.String())
	}
	return cmp.Or(strings.Join(capped(lines, 3, "%d more"), "; "), "the cause is unknown")
}

// noWorse reports whether the workload would be just as stuck without the edits. An
// update that does not reach a pod is worse, unless no edit caused the update.
func (j *judge) noWorse(key string) bool {
	is, was := j.course.ends[key], j.baseline.ends[key]
	if was.state == rollout.StateDone || was.state == rollout.StateUnknown {
		return false
	}
	if strings.HasPrefix(key, kube.DaemonSetKind) {
		return len(newWaits(is.waiting, was.waiting)) == 0
	}
	pods, turns := countWaits(is.waiting)
	wasPods, wasTurns := countWaits(was.waiting)
	if j.plan.edited(key) {
		wasTurns = 0
	}
	return pods <= wasPods && turns <= wasTurns
}

// countWaits counts the waits of existing pods, and the others.
func countWaits(waits []diagnosis.Wait) (pods, turns int) {
	for _, w := range waits {
		if ofPod(w.Blocker) {
			pods++
		} else {
			turns++
		}
	}
	return pods, turns
}

// edited reports whether an edit names the workload.
func (p *Plan) edited(key string) bool {
	return slices.ContainsFunc(p.parts, func(part []rollout.Input) bool { return p.namedBy(part).keys[key] })
}

// drain judges the drain of a node.
func (j *judge) drain(node string) verdict {
	for i := range j.course.trace {
		if e := &j.course.trace[i]; e.Kind == rollout.EventDrained && e.Node == node {
			return verdict{state: OperationCompleted, ticks: e.Tick - j.course.start}
		}
	}
	f := j.course.fork()
	if x, _ := diagnosis.DiagnoseDrain(f, node); x != nil {
		return verdict{state: OperationStuck, why: x.Cause, found: x}
	}
	return verdict{state: OperationRunning, why: "the drain of " + node + " is still under way"}
}

// capped returns the first words, and how many more there are.
func capped(words []string, most int, more string) []string {
	if len(words) <= most {
		return words
	}
	return append(words[:most:most], "and "+fmt.Sprintf(more, len(words)-most))
}

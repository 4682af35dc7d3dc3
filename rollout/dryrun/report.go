package dryrun

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/kube"
)

// Outcome is the result of a policy.
type Outcome string

const (
	OutcomeSatisfied     Outcome = "Satisfied"     // it is met
	OutcomeBroken        Outcome = "Broken"        // it is violated
	OutcomeNotApplicable Outcome = "NotApplicable" // it is about no node or no DaemonSet, so nothing could violate it
	OutcomeInvalid       Outcome = "Invalid"       // the policy cannot be evaluated: an amount that does not parse
)

// Result is the result of a policy for one DaemonSet, or for several with ExactlyOne.
type Result struct {
	Policy       string      `json:"policy"`
	Workload     string      `json:"workload,omitempty"` // key with its kind: "daemonset/ops/agent"; empty if the policy is about none
	Outcome      Outcome     `json:"outcome"`
	AllowedEmpty bool        `json:"allowedEmpty"` // OutcomeNotApplicable, and AllowEmpty
	Message      string      `json:"message,omitempty"`
	Violations   []Violation `json:"violations"` // ascending by subject
	Hints        []string    `json:"hints"`      // the smallest changes that would get pods onto violating nodes, each tried alone on the cluster after the plan
}

// Fails reports whether the result fails the plan: it is neither satisfied nor allowed
// to be about nothing.
func (r Result) Fails() bool { return r.Outcome != OutcomeSatisfied && !r.AllowedEmpty }

// String returns the result with the violations. Nodes with the same reasons share a
// line.
func (r Result) String() string {
	word := map[bool]string{true: "FAIL", false: "ok  "}[r.Fails()]
	var b strings.Builder
	fmt.Fprintf(&b, "%s  ", word)
	if r.Workload != "" {
		fmt.Fprintf(&b, "%s: ", strings.ReplaceAll(r.Workload, kube.DaemonSetKind, ""))
	}
	b.WriteString(r.Policy)
	if r.Outcome == OutcomeNotApplicable || r.Outcome == OutcomeInvalid {
		fmt.Fprintf(&b, ": %v", r.Outcome)
	}
	if r.Message != "" {
		fmt.Fprintf(&b, ": %s", r.Message)
	}
	b.WriteString("\n")
	for _, line := range r.grouped() {
		fmt.Fprintf(&b, "      %s\n", line)
	}
	for _, h := range r.Hints {
		fmt.Fprintf(&b, "      hint: %s\n", h)
	}
	return b.String()
}

// mostNames limits the nodes in a line.
const mostNames = 12

// grouped returns a line for each group of violations with the same reasons, ordered by
// the first of each group.
func (r Result) grouped() []string {
	var order []string
	nodes := map[string][]string{}
	for _, o := range r.Violations {
		why := strings.TrimPrefix(o.line(), o.Subject)
		if nodes[why] == nil {
			order = append(order, why)
		}
		nodes[why] = append(nodes[why], o.Subject)
	}
	lines := make([]string, len(order))
	for i, why := range order {
		names := nodes[why]
		if more := len(names) - mostNames; more > 0 {
			names = append(names[:mostNames:mostNames], fmt.Sprintf("and %d more", more))
		}
		lines[i] = strings.Join(names, " ") + why
	}
	return lines
}

// Report is the result of policies on a plan: for each policy, in the order given, a
// result for every DaemonSet that it is about, ascending by key.
type Report struct {
	Version string   `json:"version"` // "berth.report/v1"
	Edits   []string `json:"edits"`
	Results []Result `json:"results"`
}

// reportVersion changes when the JSON form changes in a way that breaks readers.
const reportVersion = "berth.report/v1"

// String returns all results.
func (r Report) String() string {
	var b strings.Builder
	for _, result := range r.Results {
		b.WriteString(result.String())
	}
	return b.String()
}

// Err returns nil if nothing fails. Otherwise it returns an error with the edits and
// every result that fails, for use with t.Fatal.
func (r Report) Err() error {
	if !slices.ContainsFunc(r.Results, Result.Fails) {
		return nil
	}
	var b strings.Builder
	b.WriteString("the plan violates a policy\n")
	for _, e := range r.Edits {
		fmt.Fprintf(&b, "edit  %s\n", e)
	}
	for _, result := range r.Results {
		if result.Fails() {
			b.WriteString(result.String())
		}
	}
	return errors.New(strings.TrimSuffix(b.String(), "\n"))
}

// Check evaluates policies on the plan. A call without policies fails. Within runs the
// simulation, and so does Avoids if pods are kept.
func (p *Plan) Check(policies ...Policy) Report {
	p = p.orNothing()
	r := Report{Version: reportVersion, Edits: []string{}}
	for _, e := range p.edits {
		r.Edits = append(r.Edits, e.text)
	}
	if len(policies) == 0 {
		r.Results = append(r.Results, Result{Policy: "no policy", Outcome: OutcomeNotApplicable, Message: "Check was given none", Violations: []Violation{}, Hints: []string{}})
	}
	for _, policy := range policies {
		r.Results = append(r.Results, p.ask(policy)...)
	}
	return r
}

func (p *Plan) ask(policy Policy) []Result {
	blank := Result{Policy: policy.label(), Outcome: OutcomeSatisfied, AllowedEmpty: policy.vacuous, Violations: []Violation{}, Hints: []string{}}
	if policy.judge == nil && policy.together == nil && policy.ofWorkloads == nil && policy.wrong == nil {
		blank.Policy = "no policy"
		policy.wrong = errors.New("the zero Policy promises nothing: use a function such as Covers")
	}
	if policy.wrong != nil {
		blank.Outcome, blank.Message, blank.AllowedEmpty = OutcomeInvalid, policy.wrong.Error(), false
		return []Result{blank}
	}
	if policy.ofWorkloads != nil {
		return p.askWorkloads(policy, blank)
	}
	if policy.ofPods {
		return []Result{blank.of("", policy.together(p, nil))}
	}
	var about []effect
	for _, e := range p.whole() {
		if policy.about(e) {
			about = append(about, e)
		}
	}
	switch {
	case len(about) == 0:
		blank.Outcome, blank.Message = OutcomeNotApplicable, "it is for no DaemonSet of the cluster"
		return []Result{blank}
	case policy.together != nil:
		return []Result{blank.of(keysOf(about), policy.together(p, about))}
	}
	var all []Result
	for _, e := range about {
		r := blank.of(kube.DaemonSetKey(e.key), e.ruled(policy))
		if r.Outcome == OutcomeBroken && policy.hints {
			r.Hints = e.hints(r.Violations)
		}
		all = append(all, r)
	}
	return all
}

// ruled evaluates the policy, unless the DaemonSet cannot be judged at all.
func (e effect) ruled(policy Policy) evaluation {
	if e.wrong != nil {
		return evaluation{message: e.wrong.Error()}
	}
	return policy.judge(e)
}

// label returns the policy's text without the DaemonSets that it is for, which results
// name.
func (p Policy) label() string {
	p.patterns = nil
	return p.String()
}

// of returns the result for an evaluation.
func (r Result) of(key string, found evaluation) Result {
	r.Workload = key
	switch {
	case found.message != "":
		r.Outcome, r.Message, r.Violations, r.AllowedEmpty = OutcomeBroken, found.message, append([]Violation{}, found.offenders...), false
	case found.empty != "":
		r.Outcome, r.Message = OutcomeNotApplicable, found.empty
	default:
		r.AllowedEmpty = false
	}
	return r
}

func keysOf(effects []effect) string {
	keys := make([]string, len(effects))
	for i, e := range effects {
		keys[i] = kube.DaemonSetKey(e.key)
	}
	return strings.Join(keys, " + ")
}

// mostHints limits the hints of a result.
const mostHints = 3

// hints returns the smallest changes, each tried, that get pods onto violating nodes
// without one.
func (e effect) hints(offenders []Violation) []string {
	if e.after == nil {
		return []string{}
	}
	all := []string{}
	hints, _ := e.after.Hints() // it cannot fail: no node is named
	for _, h := range hints {
		gains := slices.ContainsFunc(offenders, func(o Violation) bool { return h.Gains.Has(o.Subject) })
		if gains && len(all) < mostHints {
			all = append(all, h.String())
		}
	}
	return all
}

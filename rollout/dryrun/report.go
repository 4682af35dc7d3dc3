package dryrun

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/enum"
)

// Outcome is the result of a policy.
type Outcome uint8

const (
	OutcomeSatisfied     Outcome = iota // it is met
	OutcomeBroken                       // it is violated
	OutcomeNotApplicable                // it is about no node or no DaemonSet, so nothing could violate it
	OutcomeInvalid                      // it is invalid: an amount that does not parse
)

var outcomeNames = enum.Of[Outcome]("Satisfied", "Broken", "NotApplicable", "Invalid")

// String returns the outcome in one word.
func (o Outcome) String() string { return outcomeNames.String(o) }

// MarshalText returns the word of an outcome.
func (o Outcome) MarshalText() ([]byte, error) { return outcomeNames.MarshalText(o) }

// UnmarshalText parses the word of an outcome.
func (o *Outcome) UnmarshalText(text []byte) error { return outcomeNames.UnmarshalText(o, text) }

// Result is the result of a policy for one DaemonSet, or for several with ExactlyOne.
type Result struct {
	Policy       string      `json:"policy"`
	DaemonSet    string      `json:"daemonSet,omitempty"` // namespace/name; empty if the policy is about none
	Outcome      Outcome     `json:"outcome"`
	AllowedEmpty bool        `json:"allowedEmpty,omitempty"` // OutcomeNotApplicable, and AllowEmpty
	Message      string      `json:"message,omitempty"`
	Violations   []Violation `json:"violations,omitempty"` // ascending by node
	Hints        []string    `json:"hints,omitempty"`      // the smallest changes that would get pods onto violating nodes, each tried alone on the cluster after the plan
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
	if r.DaemonSet != "" {
		fmt.Fprintf(&b, "%s: ", r.DaemonSet)
	}
	b.WriteString(r.Policy)
	if r.Outcome > OutcomeBroken {
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
		why := strings.TrimPrefix(o.String(), o.Node)
		if nodes[why] == nil {
			order = append(order, why)
		}
		nodes[why] = append(nodes[why], o.Node)
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
	Results []Result `json:"results"`
	edits   []string
}

// Failed reports whether any result fails.
func (r Report) Failed() bool { return slices.ContainsFunc(r.Results, Result.Fails) }

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
	if !r.Failed() {
		return nil
	}
	var b strings.Builder
	b.WriteString("the plan breaks a policy\n")
	for _, e := range r.edits {
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
	var r Report
	for _, e := range p.edits {
		r.edits = append(r.edits, e.text)
	}
	if len(policies) == 0 {
		r.Results = append(r.Results, Result{Policy: "no policy", Outcome: OutcomeNotApplicable, Message: "Check was given none"})
	}
	for _, policy := range policies {
		r.Results = append(r.Results, p.ask(policy)...)
	}
	return r
}

func (p *Plan) ask(policy Policy) []Result {
	blank := Result{Policy: policy.label(), AllowedEmpty: policy.vacuous}
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
	var about []Effect
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
		r := blank.of(e.Key, e.ruled(policy))
		if r.Outcome == OutcomeBroken && policy.hints {
			r.Hints = e.hints(r.Violations)
		}
		all = append(all, r)
	}
	return all
}

// ruled evaluates the policy, unless the DaemonSet cannot be judged at all.
func (e Effect) ruled(policy Policy) evaluation {
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
	r.DaemonSet = key
	switch {
	case found.message != "":
		r.Outcome, r.Message, r.Violations, r.AllowedEmpty = OutcomeBroken, found.message, found.offenders, false
	case found.empty != "":
		r.Outcome, r.Message = OutcomeNotApplicable, found.empty
	default:
		r.AllowedEmpty = false
	}
	return r
}

func keysOf(effects []Effect) string {
	keys := make([]string, len(effects))
	for i, e := range effects {
		keys[i] = e.Key
	}
	return strings.Join(keys, " + ")
}

// mostHints limits the hints of a result.
const mostHints = 3

// hints returns the smallest changes, each tried, that get pods onto violating nodes
// without one.
func (e Effect) hints(offenders []Violation) []string {
	if e.after == nil || e.after.admission != nil {
		return nil
	}
	var all []string
	hints, _ := e.after.Hints() // it cannot fail: no node is named
	for _, h := range hints {
		gains := slices.ContainsFunc(offenders, func(o Violation) bool { return h.Gains.Has(o.Node) })
		if gains && len(all) < mostHints {
			all = append(all, h.String())
		}
	}
	return all
}

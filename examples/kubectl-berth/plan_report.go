package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout/dryrun"
)

// report is the result, and its JSON form.
type report struct {
	Version    string          `json:"version"`    // "berth.dryrun/v1"
	DaemonSets []daemonSet     `json:"daemonSets"` // of -f
	Plan       json.RawMessage `json:"plan"`       // dryrun.Record
	Policies   []verdict       `json:"policies"`
	Notes      []string        `json:"notes,omitempty"` // of the files

	plan       string // as text
	operations []dryrun.Operation
	incomplete bool // edits need not complete
	locator    *locator
	made       *dryrun.Plan
}

type daemonSet struct {
	Name         string              `json:"name"` // namespace/name
	Summary      string              `json:"summary"`
	Wanted       int                 `json:"wanted"` // nodes that want a pod, whether or not it fits now
	Nodes        []placement.Verdict `json:"nodes"`
	Expectations []expectation       `json:"expectations,omitempty"`
	table        string
}

// expectation is a selector, and the selected nodes that get no running pod.
type expectation struct {
	Selector string              `json:"selector"`
	Nodes    int                 `json:"nodes"`
	Missing  []placement.Verdict `json:"missing,omitempty"`
}

// verdict is the result of a policy, with the policy's position.
type verdict struct {
	File string `json:"file"`
	Line int    `json:"line"`
	dryrun.Result
}

func (e expectation) holds() bool { return e.Nodes > 0 && len(e.Missing) == 0 }

// judge collects everything in the report on the plan.
func judge(plan *dryrun.Plan, in *inputs, expect []string, policies []policyEntry) (report, error) {
	r := report{Version: "berth.dryrun/v1", DaemonSets: []daemonSet{}, Policies: []verdict{}, Notes: in.notes, plan: plan.String(), operations: plan.Operations(), locator: &in.locator, made: plan}
	for _, note := range in.notes {
		r.plan += "\nnote: " + note + "\n"
	}
	for _, key := range in.keys {
		if err := r.add(key, plan, expect); err != nil {
			return r, err
		}
	}
	for _, p := range policies {
		policy, err := p.policy(plan)
		if err != nil {
			return r, err
		}
		for _, result := range plan.Check(policy).Results {
			r.Policies = append(r.Policies, verdict{p.file, p.line, result})
		}
	}
	return r, nil
}

func (r *report) add(key string, plan *dryrun.Plan, expect []string) error {
	effect, _ := plan.Effect(key)
	_, p := effect.Prediction()
	if p == nil { // --delete of what -f applies
		return nil
	}
	ds := daemonSet{
		Name: key, Summary: summary(p, effect), Wanted: p.Eligible().Len(),
		Nodes: slices.Collect(p.Verdicts()), table: p.Table(),
	}
	for _, selector := range expect {
		set, err := plan.After().Select(selector)
		if err != nil {
			return fmt.Errorf("--expect: %w", err)
		}
		e := expectation{Selector: selector, Nodes: set.Len()}
		for _, node := range set.Names() {
			if v, _ := p.Verdict(node); v.Decision < placement.Eligible {
				e.Missing = append(e.Missing, v)
			}
		}
		ds.Expectations = append(ds.Expectations, e)
	}
	r.DaemonSets = append(r.DaemonSets, ds)
	return nil
}

// summary returns the prediction in kube-scheduler's words, and the clashes with others
// of the plan.
func summary(p *placement.Prediction, effect dryrun.Effect) string {
	parts := []string{p.String()}
	for _, clash := range effect.Clashes {
		words, _, _ := strings.Cut(clash, " on ") // the nodes are in the plan
		parts = append(parts, words)
	}
	return strings.Join(parts, "; ")
}

// Failed reports whether an edit does not complete, or an expectation or a policy is
// violated. One about no node fails too, since nothing could violate it.
func (r report) Failed() bool {
	return !r.incomplete && slices.ContainsFunc(r.operations, dryrun.Operation.Fails) || slices.ContainsFunc(r.DaemonSets, func(ds daemonSet) bool {
		return slices.ContainsFunc(ds.Expectations, func(e expectation) bool { return !e.holds() })
	}) || slices.ContainsFunc(r.Policies, func(v verdict) bool { return v.Fails() })
}

// answer returns the report in a form. It makes only what the form shows.
func (r report) answer(format string, ticks int) (a answer, err error) {
	a = answer{note: r.plan, fails: r.Failed()}
	switch format {
	case "json", "yaml":
		r.Plan, err = json.Marshal(r.made)
		a.data = r
	case "table":
		a.text = r.table()
	case "html":
		a.page, err = r.page(ticks)
	default:
		a.claims = r.claims()
	}
	return a, err
}

func (r report) table() string {
	var b strings.Builder
	for _, ds := range r.DaemonSets {
		fmt.Fprintf(&b, "%s: %s\n\n%s\n", ds.Name, ds.Summary, ds.table)
	}
	b.WriteString(r.plan)
	for _, c := range r.claims() {
		if !c.printed {
			fmt.Fprintf(&b, "\n%s", c.text)
		}
	}
	return b.String()
}

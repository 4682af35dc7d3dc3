package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout/dryrun"
)

// policyEntry is an entry of a policy file.
type policyEntry struct {
	file string
	line int

	name       string
	keys       []string // of DaemonSets; of pods for reschedules
	edits      []string // for completes
	budgets    []string // for budgetsOpen
	kind       string   // covers, avoids, atLeast, within, exactlyOne, reschedules, completes, keepsAvailable, budgetsOpen
	set        set
	amount     string
	per        string
	duration   time.Duration
	except     int // domains, for keepsAvailable
	mayBeEmpty bool
}

// set selects nodes that meet all given conditions.
type set struct{ selector, tainted, without string }

const (
	fileFields   = "sets policies"
	setFields    = "selector tainted without"
	policyFields = "name for covers avoids atLeast of per within available exactlyOne reschedules completes edits keepsAvailable except budgetsOpen budgets allowEmpty"
	policyKinds  = "covers avoids atLeast within exactlyOne reschedules completes keepsAvailable budgetsOpen"
)

// readPolicies reads a policy file. It is strict: an unknown field, or a field that the
// policy's kind does not have, is an error with line and path. All errors are reported
// at once.
func readPolicies(file string, text []byte) ([]policyEntry, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	r := &policyReader{file: file, sets: map[string]set{}}
	if len(doc.Content) == 0 {
		r.wrong(&yaml.Node{Line: 1}, "policies", "is required")
		return nil, errors.Join(r.errs...)
	}
	fields := r.mapping(doc.Content[0], "", fileFields)
	if n := fields["sets"]; n != nil {
		r.readSets(n)
	}
	var all []policyEntry
	if n := fields["policies"]; n == nil || n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.wrong(doc.Content[0], "policies", "must be a list with at least one policy")
	} else {
		for i, item := range n.Content {
			all = append(all, r.policyEntry(item, fmt.Sprintf("policies[%d]", i)))
		}
	}
	return all, errors.Join(r.errs...)
}

type policyReader struct {
	file string
	sets map[string]set
	errs []error
}

func (r *policyReader) wrong(n *yaml.Node, path, format string, args ...any) {
	r.errs = append(r.errs, mistake{place{r.file, n.Line}, fmt.Sprintf("%s:%d: %s: %s", r.file, n.Line, path, fmt.Sprintf(format, args...))})
}

// mapping returns the values of a mapping by key. Duplicate keys and keys not in known
// are errors. If known is empty, all keys are allowed.
func (r *policyReader) mapping(n *yaml.Node, path, known string) map[string]*yaml.Node {
	fields := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		r.wrong(n, cmpOr(path, "the file"), "must be a mapping")
		return fields
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		switch {
		case known != "" && !slices.Contains(strings.Fields(known), key.Value):
			r.wrong(key, at, "unknown field; must be one of %s", strings.ReplaceAll(known, " ", ", "))
		case fields[key.Value] != nil:
			r.wrong(key, at, "is there twice")
		default:
			fields[key.Value] = n.Content[i+1]
		}
	}
	return fields
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (r *policyReader) scalar(n *yaml.Node, path string) string {
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		r.wrong(n, path, "must be a word")
	}
	return n.Value
}

// list reads a word or a list of words.
func (r *policyReader) list(n *yaml.Node, path string) []string {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return []string{r.scalar(n, path)}
	}
	var all []string
	for i, item := range n.Content {
		all = append(all, r.scalar(item, fmt.Sprintf("%s[%d]", path, i)))
	}
	return all
}

func (r *policyReader) readSets(n *yaml.Node) {
	for name, value := range r.mapping(n, "sets", "") { // any order: into a map
		r.sets[name] = r.set(value, "sets."+name)
	}
	slices.SortFunc(r.errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
}

func (r *policyReader) set(n *yaml.Node, path string) set {
	if n.Kind == yaml.ScalarNode {
		return r.checked(n, path, set{selector: n.Value})
	}
	fields := r.mapping(n, path, setFields)
	return r.checked(n, path, set{
		r.scalar(fields["selector"], path+".selector"), r.scalar(fields["tainted"], path+".tainted"), r.scalar(fields["without"], path+".without"),
	})
}

// checked returns the set. It records an error if a part of the set does not parse.
func (r *policyReader) checked(n *yaml.Node, path string, s set) set {
	empty, err := cluster.New()
	if err == nil {
		_, err = s.nodes(empty.Select, empty.Tainted)
	}
	if err != nil {
		r.wrong(n, path, "%v", err)
	}
	return s
}

// named returns a set by its name, or from a label selector with an operator in it.
func (r *policyReader) named(n *yaml.Node, path string) set {
	if n.Kind != yaml.ScalarNode {
		return r.set(n, path)
	}
	if s, ok := r.sets[n.Value]; ok {
		return s
	}
	if !strings.ContainsAny(n.Value, "=!(") {
		r.wrong(n, path, "%q: no such set; must be one of sets, or a label selector with an operator as in pool=gpu", n.Value)
		return set{}
	}
	return r.checked(n, path, set{selector: n.Value})
}

func (r *policyReader) policyEntry(n *yaml.Node, path string) policyEntry {
	fields := r.mapping(n, path, policyFields)
	p := policyEntry{file: r.file, line: n.Line, name: oneLine(r.scalar(fields["name"], path+".name")), keys: r.list(fields["for"], path+".for")}
	for _, kind := range strings.Fields(policyKinds) {
		if fields[kind] == nil {
			continue
		}
		if p.kind != "" {
			r.wrong(fields[kind], path+"."+kind, "cannot be used with %s: a policy has one of %s", p.kind, strings.ReplaceAll(policyKinds, " ", ", "))
			continue
		}
		p.kind = kind
	}
	if n := fields["allowEmpty"]; n != nil {
		if p.mayBeEmpty = n.Value == "true"; n.Value != "true" && n.Value != "false" {
			r.wrong(n, path+".allowEmpty", "must be true or false")
		}
	}
	r.fill(&p, n, fields, path)
	return p
}

// goesWith lists the additional fields of each kind.
var goesWith = map[string]string{"atLeast": "of per", "within": "available per", "completes": "edits", "keepsAvailable": "per except", "budgetsOpen": "budgets"}

// fill reads the fields of the policy's kind.
func (r *policyReader) fill(p *policyEntry, n *yaml.Node, fields map[string]*yaml.Node, path string) {
	for _, key := range []string{"of", "per", "available", "edits", "except", "budgets"} {
		if fields[key] != nil && !slices.Contains(strings.Fields(goesWith[p.kind]), key) {
			r.wrong(fields[key], path+"."+key, "cannot be used with %s", cmpOr(p.kind, "no kind of policy"))
		}
	}
	value := fields[p.kind]
	at := path + "." + p.kind
	switch p.kind {
	case "covers", "avoids", "exactlyOne":
		p.set = r.named(value, at)
	case "atLeast":
		p.amount, p.per = r.scalar(value, at), r.scalar(fields["per"], path+".per")
		if fields["of"] != nil {
			p.set = r.named(fields["of"], path+".of")
		}
		r.amount(value, at, p.amount)
	case "within":
		p.duration = r.duration(value, at)
		p.per = r.scalar(fields["per"], path+".per")
		if p.amount = r.scalar(fields["available"], path+".available"); p.amount == "" {
			r.wrong(n, path, "within needs available: a number or a percentage of pods")
			return
		}
		r.amount(fields["available"], path+".available", p.amount)
	case "completes":
		p.duration = r.duration(value, at)
		if fields["edits"] != nil {
			p.edits = r.list(fields["edits"], path+".edits")
		}
		if p.keys != nil {
			r.wrong(fields["for"], path+".for", "cannot be used with completes, which names edits")
		}
	case "budgetsOpen":
		p.duration = r.duration(value, at)
		if fields["budgets"] != nil {
			p.budgets = r.list(fields["budgets"], path+".budgets")
		}
		if p.keys != nil {
			r.wrong(fields["for"], path+".for", "cannot be used with budgetsOpen, which names budgets")
		}
	case "keepsAvailable":
		p.amount, p.per = r.scalar(value, at), r.scalar(fields["per"], path+".per")
		r.amount(value, at, p.amount)
		if n := fields["except"]; n != nil {
			var err error
			if p.except, err = strconv.Atoi(n.Value); err != nil || p.except < 0 {
				r.wrong(n, path+".except", "must be a number of domains")
			}
		}
	case "reschedules":
		if p.keys != nil {
			r.wrong(fields["for"], path+".for", "cannot be used with reschedules, which names pods itself")
		}
		if p.keys = r.list(value, at); slices.Equal(p.keys, []string{"*"}) {
			p.keys = []string{"*/*"}
		}
	default:
		r.wrong(n, path, "must have one of %s", strings.ReplaceAll(policyKinds, " ", ", "))
	}
}

func (r *policyReader) duration(n *yaml.Node, path string) time.Duration {
	d, err := time.ParseDuration(r.scalar(n, path))
	if err != nil || d <= 0 {
		r.wrong(n, path, "must be a duration as 10m or 1h30m")
	}
	return d
}

func (r *policyReader) amount(n *yaml.Node, path, text string) {
	if err := invalid(dryrun.AtLeast(text, "", cluster.NodeSet{})); err != nil {
		r.wrong(n, path, "%v", err)
	}
}

// nodes returns the set's nodes.
func (s set) nodes(choose, tainted func(string) (cluster.NodeSet, error)) (cluster.NodeSet, error) {
	nodes, err := choose(s.selector)
	if err == nil && s.tainted != "" {
		var with cluster.NodeSet
		with, err = tainted(s.tainted)
		nodes = nodes.And(with)
	}
	if err == nil && s.without != "" {
		var without cluster.NodeSet
		without, err = choose(s.without)
		nodes = nodes.Minus(without)
	}
	return nodes, err
}

// policy returns the policy of an entry on a plan.
func (p policyEntry) policy(plan *dryrun.Plan) (dryrun.Policy, error) {
	nodes, err := p.set.nodes(plan.Select, plan.After().Tainted)
	if err != nil {
		return dryrun.Policy{}, fmt.Errorf("%s:%d: %w", p.file, p.line, err)
	}
	made := map[string]func() dryrun.Policy{
		"covers":         func() dryrun.Policy { return dryrun.Covers(nodes) },
		"avoids":         func() dryrun.Policy { return dryrun.Avoids(nodes) },
		"atLeast":        func() dryrun.Policy { return dryrun.AtLeast(p.amount, p.per, nodes) },
		"within":         p.within,
		"exactlyOne":     func() dryrun.Policy { return dryrun.ExactlyOne(nodes) },
		"reschedules":    func() dryrun.Policy { return dryrun.Reschedules(p.keys...) },
		"budgetsOpen":    func() dryrun.Policy { return dryrun.BudgetsOpen(p.duration, p.budgets...) },
		"completes":      func() dryrun.Policy { return dryrun.Completes(p.duration, p.edits...) },
		"keepsAvailable": func() dryrun.Policy { return dryrun.KeepsAvailable(p.amount, p.per, p.except) },
	}[p.kind]()
	if p.kind != "reschedules" {
		made = made.For(p.keys...)
	}
	if p.name != "" {
		made = made.WithName(p.name)
	}
	if p.mayBeEmpty {
		made = made.AllowEmpty()
	}
	return made, invalid(made)
}

// invalid returns why a policy cannot be evaluated on any plan, or nil if it can.
func invalid(policy dryrun.Policy) error {
	var none *dryrun.Plan
	for _, r := range none.Check(policy).Results {
		if r.Outcome == dryrun.OutcomeInvalid {
			return errors.New(r.Message)
		}
	}
	return nil
}

// within returns the policy of an entry of kind within.
func (p policyEntry) within() dryrun.Policy {
	if p.per == "" {
		return dryrun.Within(p.duration, p.amount)
	}
	return dryrun.Within(p.duration, p.amount).Per(p.per)
}

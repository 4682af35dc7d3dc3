package dryrun

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/span"
)

// Completes requires that every edit of the plan completes within the duration, or is
// stuck already without the edits and no worse. A duration of 0 is no limit. Edits are
// named by their text, as "drain n1 --ignore-daemonsets", or with the wildcards of
// path.Match, as "drain *"; without names it applies to all. It is about no DaemonSet.
func Completes(within time.Duration, edits ...string) Policy {
	p := Policy{text: "edits complete", ofPods: true}
	if within > 0 {
		p.text += fmt.Sprintf(" within %v", within)
	}
	if len(edits) > 0 {
		p.text = word(strings.Join(edits, ", ")) + ": " + p.text
	}
	if err := span.Check("duration", within); err != nil {
		p.wrong = err
	}
	for _, pattern := range edits {
		if _, err := path.Match(pattern, ""); err != nil {
			p.wrong = errors.Join(p.wrong, fmt.Errorf("%q: %w", pattern, err))
		}
	}
	edits = slices.Clone(edits)
	p.together = func(plan *Plan, _ []effect) evaluation { return plan.completes(within, edits) }
	return p
}

func (p *Plan) completes(within time.Duration, patterns []string) evaluation {
	var r evaluation
	asked := 0
	for _, o := range p.Operations() {
		if len(patterns) > 0 && !slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, o.Edit) }) {
			continue
		}
		asked++
		switch {
		case o.Fails():
			r.offenders = append(r.offenders, Violation{Subject: o.Edit, Message: strings.Join(append([]string{o.outcome()}, o.Reasons...), ": ")})
		case within > 0 && o.After > within:
			r.offenders = append(r.offenders, Violation{Subject: o.Edit, Message: o.outcome()})
		}
	}
	switch {
	case asked == 0:
		r.empty = "the plan has no such edit"
	case len(r.offenders) > 0:
		r.message = fmt.Sprintf("%d of %d edits do not", len(r.offenders), asked)
	}
	return r
}

// matches is path.Match, except that "*" also matches slashes, as in "drain *" and
// "apply *".
func matches(pattern, text string) bool {
	ok, _ := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(text, "/", "\x00"))
	return ok
}

// KeepsAvailable requires that of the available pods of each DaemonSet and Deployment a
// number ("3") or a share ("90%", rounded up) stays available while the plan is carried
// out, in every topology domain except at most the given number at a time. A domain is
// all nodes with the same value of the label, such as "topology.kubernetes.io/zone". An
// empty key makes all nodes one domain. A share is of the pods that are available
// before, or that would be without the edits, whichever is larger. For a DaemonSet,
// nodes are counted. For narrows it to workloads of that namespace and name.
func KeepsAvailable(amount, topologyKey string, except int) Policy {
	share, err := parseAmount(amount)
	text := word(amount) + " stay available"
	if topologyKey != "" {
		text += " in each " + topologyKey
	}
	if except > 0 {
		text += fmt.Sprintf(" except %d at a time", except)
	}
	if except < 0 {
		err = errors.Join(err, fmt.Errorf("except %d: must not be negative", except))
	}
	return Policy{text: text, wrong: err, ofPods: true, ofWorkloads: func(p *Plan, key string) evaluation {
		return p.keepsAvailable(key, share, topologyKey, except)
	}}
}

// keepsAvailable counts the domains with too few pods at the end of each tick.
func (p *Plan) keepsAvailable(key string, share amount, topologyKey string, except int) evaluation {
	domain := p.domains(topologyKey)
	would := map[string]int{} // by domain: available at the end without the edits
	seen := map[string]bool{}
	for _, pod := range p.base.baseline().after[key] {
		name, ok := domain(pod.Node)
		if !ok || !pod.Available || pod.Terminating || strings.HasPrefix(key, kube.DaemonSetKind) && seen[pod.Node] {
			continue
		}
		seen[pod.Node] = true
		would[name]++
	}
	var worst evaluation
	below := 0
	p.availability(key, domain, func(tick int, now map[string]*Availability) {
		var found []Violation
		for _, name := range slices.Sorted(maps.Keys(now)) {
			a := now[name]
			if of := max(a.Before, would[name]); a.After < min(share.of(of), of) {
				found = append(found, Violation{Subject: orAll(name), Message: fmt.Sprintf("%d of %d available %v after the edits, %d are required", a.After, of, p.duration(tick-p.course().start), min(share.of(of), of))})
			}
		}
		if len(found) > max(below, except) {
			below, worst.offenders = len(found), found
		}
	})
	if below > 0 {
		worst.message = fmt.Sprintf("%d below at a time", below)
		if topologyKey == "" {
			worst.message = worst.offenders[0].Message
			worst.offenders = nil
		}
	}
	return worst
}

func orAll(domain string) string {
	if domain == "" {
		return "all nodes"
	}
	return domain
}

// askWorkloads evaluates a policy on every DaemonSet and Deployment that exists before
// or after the plan and that the policy is for.
func (p *Plan) askWorkloads(policy Policy, blank Result) []Result {
	keys := map[string]bool{}
	for _, c := range []*course{p.course(), p.base.baseline()} {
		for key := range c.ends {
			keys[key] = true
		}
	}
	var all []Result
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		_, plain, _ := strings.Cut(key, "/")
		if policy.about(effect{key: plain}) {
			all = append(all, blank.of(key, policy.ofWorkloads(p, key)))
		}
	}
	if len(all) == 0 {
		blank.Outcome, blank.Message = OutcomeNotApplicable, "it is for no DaemonSet or Deployment of the cluster"
		all = []Result{blank}
	}
	return all
}

package dryrun

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/span"
	"github.com/berthsim/berth/placement"
)

// Policy is a requirement that a plan meets or violates. Policies are made by Covers,
// Avoids, AtLeast, Within, ExactlyOne, KeepsAvailable, Completes, BudgetsOpen,
// Reschedules and Custom, and narrowed by For.
type Policy struct {
	name     string
	text     string
	patterns []string
	vacuous  bool // allowed to be about nothing
	hints    bool // a pod on a violating node would meet it
	wrong    error
	judge    func(e effect) evaluation
	together func(p *Plan, effects []effect) evaluation // judges all DaemonSets at once
	ofPods   bool                                       // is about no DaemonSet
	within   *within                                    // the requirement of Within, for Per
	// ofWorkloads judges a DaemonSet or Deployment, by its key with the kind.
	ofWorkloads func(p *Plan, key string) evaluation
}

// evaluation is the result of a policy.
type evaluation struct {
	message   string // what is violated; empty if nothing is
	empty     string // why it is about nothing
	offenders []Violation
}

// Covers requires a running pod on every node of the set: wanted and with room. Nodes
// of the set that do not exist after the plan are ignored.
func Covers(nodes cluster.NodeSet) Policy {
	return Policy{text: "covers " + short(nodes), hints: true, judge: func(e effect) evaluation {
		left := e.plan.After().Nodes().And(nodes)
		if left.Len() == 0 {
			return evaluation{empty: "no node of the set is in the cluster"}
		}
		missing := left.Minus(e.placed())
		return e.evaluation(fmt.Sprintf("%d of %d nodes get no running pod", missing.Len(), left.Len()), missing, unplaced)
	}}
}

// Avoids requires that no node of the set wants a pod, and that no pod is left on a
// node that only keeps it.
func Avoids(nodes cluster.NodeSet) Policy {
	return Policy{text: "avoids " + short(nodes), judge: func(e effect) evaluation {
		left := e.plan.After().Nodes().And(nodes)
		if left.Len() == 0 {
			return evaluation{empty: "no node of the set is in the cluster"}
		}
		there := e.wanted().And(left)
		if e.after != nil && e.after.Kept().And(left).Len() > 0 {
			there = there.Or(e.lastingNodes().And(left))
		}
		return e.evaluation(fmt.Sprintf("%d of %d nodes get or keep a pod", there.Len(), left.Len()), there, unexcluded)
	}}
}

// lastingNodes returns the kept nodes that still have a pod when the plan has settled.
func (e effect) lastingNodes() cluster.NodeSet {
	var names []string
	for _, pod := range e.course().after[e.key] {
		names = append(names, pod.Node)
	}
	return e.after.Kept().And(e.plan.After().Named(names...))
}

// AtLeast requires running pods on a number ("3") or a share ("90%", rounded up) of the
// nodes of the set in every topology domain. A domain is all nodes with the same value
// of the label, such as "topology.kubernetes.io/zone". An empty key makes the whole set
// one domain. Nodes without the label are in no domain.
func AtLeast(amount, topologyKey string, nodes cluster.NodeSet) Policy {
	share, err := parseAmount(amount)
	text := "at least " + word(amount) + " of " + short(nodes)
	if topologyKey != "" {
		text += " in each " + topologyKey
	}
	return Policy{text: text, wrong: err, hints: true, judge: func(e effect) evaluation {
		return e.atLeast(share, topologyKey, e.plan.After().Nodes().And(nodes))
	}}
}

func (e effect) atLeast(share amount, topologyKey string, nodes cluster.NodeSet) evaluation {
	names, domains := domainsOf(e.plan.After(), topologyKey, nodes)
	if len(domains) == 0 {
		empty := "no node of the set is in the cluster"
		if topologyKey != "" {
			empty += ", or none has the label " + topologyKey
		}
		return evaluation{empty: empty}
	}
	var broken []string
	var missing cluster.NodeSet
	for i, domain := range domains {
		placed := e.placed().And(domain).Len()
		if want := share.of(domain.Len()); placed < want {
			broken = append(broken, fmt.Sprintf("%s%d of %d nodes get a running pod, %d are required", names[i], placed, domain.Len(), want))
			missing = missing.Or(domain.Minus(e.placed()))
		}
	}
	return e.evaluation(strings.Join(broken, "; "), missing, unplaced)
}

// domainsOf splits nodes by the value of a label, ascending.
func domainsOf(c *cluster.Cluster, key string, nodes cluster.NodeSet) (names []string, domains []cluster.NodeSet) {
	if key == "" {
		if nodes.Len() == 0 {
			return nil, nil
		}
		return []string{""}, []cluster.NodeSet{nodes}
	}
	for _, value := range c.LabelValues(key) {
		if domain := nodes.And(c.Labeled(key, value)); domain.Len() > 0 {
			names, domains = append(names, key+"="+value+": "), append(domains, domain)
		}
	}
	return names, domains
}

// Within requires that the change finishes within d with every wanted pod available. At
// all times at least availability, a number ("3") or a share ("90%", rounded up), of
// the nodes that had an available pod and still want one must have one.
// Config.Rollout.Kubelet sets how long pods take to start and stop; without it they
// take no time. A DaemonSet that the plan does not touch meets the policy.
func Within(d time.Duration, availability string) Policy {
	share, err := parseAmount(availability)
	if d == 0 {
		err = errors.Join(err, errors.New("duration 0s: must be more than 0"))
	}
	err = errors.Join(err, span.Check("duration", d))
	return Policy{text: fmt.Sprintf("within %v, %s available", d, word(availability)), wrong: err}.as(within{d: d, share: share})
}

// as returns the policy with the requirement of Within.
func (p Policy) as(w within) Policy {
	p.within = &w
	p.judge = func(e effect) evaluation { return e.within(w) }
	return p
}

// Per has Within require its number or share in every topology domain at all times: of
// the nodes with the same value of a label, such as "topology.kubernetes.io/zone".
// Nodes without the label are in no domain. Other policies about domains take the label
// themselves; they are in error here.
func (p Policy) Per(topologyKey string) Policy {
	if p.within == nil || topologyKey == "" {
		p.wrong = errors.Join(p.wrong, fmt.Errorf("Per(%q): needs a label, and is for Within", topologyKey))
		return p
	}
	w := *p.within
	w.key = topologyKey
	p.text += " in each " + topologyKey
	return p.as(w)
}

// ExactlyOne requires that each node of the set gets a running pod of exactly one of
// the DaemonSets named by For. It is for one agent split over several DaemonSets, each
// for its kind of node.
func ExactlyOne(nodes cluster.NodeSet) Policy {
	return Policy{text: "exactly one on " + short(nodes), together: func(p *Plan, effects []effect) evaluation {
		return exactlyOne(effects, p.After().Nodes().And(nodes))
	}}
}

func exactlyOne(effects []effect, nodes cluster.NodeSet) evaluation {
	if nodes.Len() == 0 {
		return evaluation{empty: "no node of the set is in the cluster"}
	}
	var wanted, several, placed cluster.NodeSet
	for _, e := range effects {
		several = several.Or(wanted.And(e.wanted()))
		wanted, placed = wanted.Or(e.wanted()), placed.Or(e.placed())
	}
	gaps, overlaps := nodes.Minus(placed).Minus(several), several.And(nodes)
	var r evaluation
	for _, name := range gaps.Names() {
		r.offenders = append(r.offenders, Violation{Subject: name, Message: "no DaemonSet has a running pod there"})
	}
	for _, name := range overlaps.Names() {
		var by []string
		for _, e := range effects {
			if e.wanted().Has(name) {
				by = append(by, e.key)
			}
		}
		r.offenders = append(r.offenders, Violation{Subject: name, Message: "wanted by " + strings.Join(by, " and ")})
	}
	if len(r.offenders) > 0 {
		r.message = fmt.Sprintf("of %d nodes %d have none and %d several", nodes.Len(), gaps.Len(), overlaps.Len())
	}
	return r
}

// Reschedules requires that every evicted pod is replaced on another node, unless no
// controller recreates it. Pods of DaemonSets do not count. A pod that tolerates what
// evicted it may come back to the same node; that is a violation. Pods are named as
// "research/train-0" or with the wildcards of path.Match; without names it applies to
// all.
func Reschedules(pods ...string) Policy {
	names := Policy{}.For(pods...)
	text := "displaced pods find another node"
	if len(pods) > 0 {
		text = word(strings.Join(pods, ", ")) + ": " + text
	}
	return Policy{text: text, wrong: names.wrong, together: func(p *Plan, _ []effect) evaluation {
		var r evaluation
		for _, e := range p.Evictions() {
			if (e.homeless() || e.returns()) && names.about(effect{key: e.Pod}) {
				r.offenders = append(r.offenders, Violation{Subject: e.Node, Message: strings.Replace(e.line(), " on "+e.Node, "", 1)})
			}
		}
		if len(r.offenders) > 0 {
			r.message = fmt.Sprintf("%d pods find none", len(r.offenders))
		}
		return r
	}, ofPods: true}
}

// Custom returns a policy of the caller's own. The function returns the nodes that
// violate it, with reasons, or nil if it is met. Effect.Violation makes a Violation of
// a node with all known reasons.
func Custom(text string, broken func(e Effect) []Violation) Policy {
	p := Policy{text: word(text)}
	if broken == nil {
		p.wrong = errors.New("no function")
		return p
	}
	p.judge = func(e effect) evaluation {
		offenders := broken(e.record())
		if len(offenders) == 0 {
			return evaluation{}
		}
		return evaluation{message: fmt.Sprintf("%d nodes violate it", len(offenders)), offenders: offenders}
	}
	return p
}

// For narrows the policy to DaemonSets: "monitoring/dcgm-exporter", or with the
// wildcards of path.Match "monitoring/*". Without it a policy applies to all DaemonSets
// that exist before or after the plan.
func (p Policy) For(keys ...string) Policy {
	p.patterns = append(slices.Clone(p.patterns), keys...)
	for _, k := range keys {
		if _, err := path.Match(k, ""); err != nil || strings.Count(k, "/") != 1 {
			p.wrong = errors.Join(p.wrong, fmt.Errorf("%q: must be namespace/name, with * for any", k))
		}
	}
	return p
}

// WithName returns the policy with a name, which its results carry.
func (p Policy) WithName(name string) Policy {
	p.name = name
	return p
}

// AllowEmpty returns a copy of the policy that also passes if it applies to no node or
// no DaemonSet.
func (p Policy) AllowEmpty() Policy {
	p.vacuous = true
	return p
}

// String returns the policy in one line.
func (p Policy) String() string {
	s := p.text
	if len(p.patterns) > 0 {
		s = word(strings.Join(p.patterns, ", ")) + ": " + s
	}
	if p.name != "" {
		s = p.name + " (" + s + ")"
	}
	return s
}

// word returns text, or two quotes if it is empty.
func word(text string) string { return cmp.Or(text, `""`) }

func (p Policy) about(e effect) bool {
	return len(p.patterns) == 0 || slices.ContainsFunc(p.patterns, func(pattern string) bool {
		ok, _ := path.Match(pattern, e.key)
		return ok
	})
}

// Violation is what violates a policy: a node, or for a policy that is about no node an
// edit, a PodDisruptionBudget or a topology domain.
type Violation struct {
	Subject string             `json:"subject"`
	Verdict *placement.Verdict `json:"verdict,omitempty"` // on the node after the plan
	Before  bool               `json:"before"`            // whether it violated the policy before the plan too
	Message string             `json:"message,omitempty"` // in addition to the verdict
}

// line returns the subject and the reasons in one line.
func (v Violation) line() string {
	s := v.Subject + ": " + v.Message
	if v.Message == "" && v.Verdict != nil {
		s = v.Verdict.String()
	}
	if v.Before {
		s += " (already so before)"
	}
	return s
}

// violation returns a Violation of a node, with its verdict after the plan.
func (e effect) violation(node, why string) Violation {
	verdict := e.after.verdict(node)
	return Violation{Subject: node, Verdict: &verdict, Message: why}
}

func unplaced(d placement.Decision) bool   { return d < placement.Placed }
func unexcluded(d placement.Decision) bool { return d > placement.Excluded }

// evaluation finds the nodes that violate a policy: those whose decision is bad. The
// policy is met if there are none.
func (e effect) evaluation(message string, nodes cluster.NodeSet, bad func(placement.Decision) bool) evaluation {
	if nodes.Len() == 0 {
		return evaluation{}
	}
	r := evaluation{message: message}
	for _, name := range nodes.Names() {
		o := e.violation(name, "")
		if e.after == nil {
			o.Message = "there is no such DaemonSet after the plan"
		}
		_, there := borrow.From(e.plan.Before()).Node(name)
		o.Before = there && e.before != nil && bad(e.before.verdict(name).Decision)
		r.offenders = append(r.offenders, o)
	}
	return r
}

// short returns a set in a few words.
func short(nodes cluster.NodeSet) string {
	const most = 4
	names := nodes.Names()
	if len(names) > most {
		return fmt.Sprintf("%d nodes (%s, ...)", len(names), strings.Join(names[:most-1], " "))
	}
	return nodes.String()
}

// MarshalJSON returns an error: a policy has no JSON form. Its results have: Report.
func (p Policy) MarshalJSON() ([]byte, error) {
	return nil, errors.New("dryrun.Policy has no JSON form: marshal the Report of Plan.Check")
}

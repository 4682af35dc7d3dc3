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
	"github.com/berthsim/berth/placement"
)

// Policy is a promise about DaemonSets that a plan keeps or breaks. It is made by
// Covers, Avoids, AtLeast, Within, ExactlyOne and Custom, and narrowed by For.
type Policy struct {
	name     string
	text     string
	patterns []string
	vacuous  bool // may be
	hints    bool // a pod on an offender would keep it
	wrong    error
	judge    func(e Effect) evaluation
	together func(p *Plan, effects []Effect) evaluation // judges all DaemonSets at once
	ofPods   bool                                       // is about no DaemonSet
}

// evaluation is what a policy finds.
type evaluation struct {
	message   string // what is broken; empty if nothing is
	empty     string // why it is about nothing
	offenders []Violation
}

// Covers promises a running pod on every node of the set: placed, so wanted and with
// room. Nodes of the set that are gone after the plan are not missed.
func Covers(nodes cluster.NodeSet) Policy {
	return Policy{text: "covers " + short(nodes), hints: true, judge: func(e Effect) evaluation {
		left := e.plan.After().Nodes().And(nodes)
		if left.Len() == 0 {
			return evaluation{empty: "no node of the set is in the cluster"}
		}
		missing := left.Minus(e.Placed())
		return e.evaluation(fmt.Sprintf("%d of %d nodes get no running pod", missing.Len(), left.Len()), missing, unplaced)
	}}
}

// Avoids promises that no node of the set wants a pod, and that none which a node
// only keeps is left there.
func Avoids(nodes cluster.NodeSet) Policy {
	return Policy{text: "avoids " + short(nodes), judge: func(e Effect) evaluation {
		left := e.plan.After().Nodes().And(nodes)
		if left.Len() == 0 {
			return evaluation{empty: "no node of the set is in the cluster"}
		}
		there := e.Wanted().And(left)
		if e.after != nil && e.after.Kept().And(left).Len() > 0 {
			there = there.Or(e.lastingNodes().And(left))
		}
		return e.evaluation(fmt.Sprintf("%d of %d nodes get or keep a pod", there.Len(), left.Len()), there, unexcluded)
	}}
}

// lastingNodes gives the kept nodes that still have a pod when the plan has settled.
func (e Effect) lastingNodes() cluster.NodeSet {
	var names []string
	for _, pod := range e.course().after[e.Key] {
		names = append(names, pod.Node)
	}
	return e.after.Kept().And(e.plan.After().Named(names...))
}

// AtLeast promises running pods on a number ("3") or a share ("90%", rounded up) of
// the nodes of the set in every topology domain: all nodes with one value of the
// label key, as "topology.kubernetes.io/zone". An empty key makes the whole set one
// domain; nodes without the key are in none.
func AtLeast(amount, topologyKey string, nodes cluster.NodeSet) Policy {
	share, err := parseAmount(amount)
	text := "at least " + word(amount) + " of " + short(nodes)
	if topologyKey != "" {
		text += " in each " + topologyKey
	}
	return Policy{text: text, wrong: err, hints: true, judge: func(e Effect) evaluation {
		return e.atLeast(share, topologyKey, e.plan.After().Nodes().And(nodes))
	}}
}

func (e Effect) atLeast(share amount, topologyKey string, nodes cluster.NodeSet) evaluation {
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
		placed := e.Placed().And(domain).Len()
		if want := share.of(domain.Len()); placed < want {
			broken = append(broken, fmt.Sprintf("%s%d of %d nodes get a running pod, %d are promised", names[i], placed, domain.Len(), want))
			missing = missing.Or(domain.Minus(e.Placed()))
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

// Within promises that what the plan sets off is through after the duration, every
// wanted pod available, and that meanwhile of the nodes that had an available pod
// before and go on wanting one a number ("3") or a share ("90%", rounded up) always
// has one. How long pods take to start and stop is for Config.Rollout.Kubelet to say:
// without it they take none. A DaemonSet that the plan does not touch keeps it.
func Within(d time.Duration, availability string) Policy {
	share, err := parseAmount(availability)
	if d <= 0 {
		err = errors.Join(err, fmt.Errorf("duration %v: must be more than 0", d))
	}
	return Policy{text: fmt.Sprintf("within %v, %s available", d, word(availability)), wrong: err, judge: func(e Effect) evaluation {
		return e.within(d, share)
	}}
}

// ExactlyOne promises that each node of the set gets a running pod of one, and only
// one, of the DaemonSets that it is For: one agent split over several DaemonSets,
// each for its kind of node.
func ExactlyOne(nodes cluster.NodeSet) Policy {
	return Policy{text: "exactly one on " + short(nodes), together: func(p *Plan, effects []Effect) evaluation {
		return splitOf(p, effects).exactlyOne(p.After().Nodes().And(nodes))
	}}
}

// Reschedules promises that every pod which no DaemonSet owns and which has to go finds
// another node, or is one that nothing makes anew: of the pods of these names,
// "research/train-0" or with the wildcards of path.Match; of all, if there are none.
// It is about no DaemonSet.
func Reschedules(pods ...string) Policy {
	names := Policy{}.For(pods...)
	text := "pods that have to go find another node"
	if len(pods) > 0 {
		text = word(strings.Join(pods, ", ")) + ": " + text
	}
	return Policy{text: text, wrong: names.wrong, together: func(p *Plan, _ []Effect) evaluation {
		var r evaluation
		for _, e := range p.Evictions() {
			if e.Unschedulable != "" && e.Disposition != DispositionWithoutNode && names.about(Effect{Key: e.Pod}) {
				r.offenders = append(r.offenders, Violation{Node: e.Node, Message: strings.Replace(e.String(), " on "+e.Node, "", 1)})
			}
		}
		if len(r.offenders) > 0 {
			r.message = fmt.Sprintf("%d pods find none", len(r.offenders))
		}
		return r
	}, ofPods: true}
}

// Custom is a promise of one's own: the function gives the nodes that break it, with
// reasons, nil if it is kept. Violation makes a Violation of a node with all reasons
// that are known.
func Custom(text string, broken func(e Effect) []Violation) Policy {
	p := Policy{text: word(text)}
	if broken == nil {
		p.wrong = errors.New("no function")
		return p
	}
	p.judge = func(e Effect) evaluation {
		offenders := broken(e)
		if len(offenders) == 0 {
			return evaluation{}
		}
		return evaluation{message: fmt.Sprintf("%d nodes break it", len(offenders)), offenders: offenders}
	}
	return p
}

// For narrows the policy to DaemonSets: "monitoring/dcgm-exporter", or with the
// wildcards of path.Match "monitoring/*". Without it a policy is about all
// DaemonSets that there are before or after the plan.
func (p Policy) For(keys ...string) Policy {
	p.patterns = append(slices.Clone(p.patterns), keys...)
	for _, k := range keys {
		if _, err := path.Match(k, ""); err != nil || strings.Count(k, "/") != 1 {
			p.wrong = errors.Join(p.wrong, fmt.Errorf("%q: must be namespace/name, with * for any", k))
		}
	}
	return p
}

// WithName gives the policy a name, which its results carry.
func (p Policy) WithName(name string) Policy {
	p.name = name
	return p
}

// AllowEmpty lets the policy be about nothing: about no node, or no DaemonSet.
func (p Policy) AllowEmpty() Policy {
	p.vacuous = true
	return p
}

// String is the policy in one line.
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

// word shows an empty one.
func word(text string) string { return cmp.Or(text, `""`) }

func (p Policy) about(e Effect) bool {
	return len(p.patterns) == 0 || slices.ContainsFunc(p.patterns, func(pattern string) bool {
		ok, _ := path.Match(pattern, e.Key)
		return ok
	})
}

// Violation is a node that breaks a policy.
type Violation struct {
	Node    string            `json:"node"`
	Verdict placement.Verdict `json:"verdict"`           // after the plan
	Before  bool              `json:"before,omitempty"`  // it broke the policy before the plan already
	Message string            `json:"message,omitempty"` // beside the verdict
}

// String is the node and why in one line.
func (o Violation) String() string {
	s := o.Verdict.String()
	if o.Message != "" {
		s = o.Node + ": " + o.Message
	}
	if o.Before {
		s += " (already so before)"
	}
	return s
}

// Violation makes a Violation of a node, with its verdict after the plan.
func (e Effect) Violation(node, why string) Violation {
	return Violation{Node: node, Verdict: e.Verdict(node), Message: why}
}

func unplaced(d placement.Decision) bool   { return d < placement.Placed }
func unexcluded(d placement.Decision) bool { return d > placement.Excluded }

// evaluation is about nodes that break a policy, as decisions do that are bad; it is
// kept if there are none.
func (e Effect) evaluation(message string, nodes cluster.NodeSet, bad func(placement.Decision) bool) evaluation {
	if nodes.Len() == 0 {
		return evaluation{}
	}
	r := evaluation{message: message}
	for _, name := range nodes.Names() {
		o := e.Violation(name, "")
		if e.after == nil {
			o.Message = "there is no such DaemonSet after the plan"
		}
		_, there := e.plan.Before().Borrow().Node(name)
		o.Before = there && e.before != nil && bad(e.before.verdict(name).Decision)
		r.offenders = append(r.offenders, o)
	}
	return r
}

// short is a set in a few words.
func short(nodes cluster.NodeSet) string {
	const most = 4
	names := nodes.Names()
	if len(names) > most {
		return fmt.Sprintf("%d nodes (%s, ...)", len(names), strings.Join(names[:most-1], " "))
	}
	return nodes.String()
}

// Err says what is wrong with the policy itself: an amount, a duration or a pattern
// that makes no sense; nil if nothing is. Check reports it too, as OutcomeInvalid.
func (p Policy) Err() error { return p.wrong }

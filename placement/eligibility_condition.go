package placement

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/snapshot"
)

// Cost describes the nodes that one condition costs a workload. A condition is
// a requirement on nodes, a term, or a taint that is not tolerated.
type Cost struct {
	Path         string          `json:"path,omitempty"`  // of the condition in the spec; empty for a condition of the node: a taint, spec.unschedulable
	Condition    string          `json:"condition"`       // the condition in words
	Unmet        cluster.NodeSet `json:"unmet"`           // nodes that do not meet it
	SoleObstacle cluster.NodeSet `json:"soleObstacle"`    // nodes that would be wanted if it were always met
	Fault        string          `json:"fault,omitempty"` // why a term matches no node at all
}

// String returns the cost in one line.
func (c Cost) String() string {
	s := strings.TrimSuffix(c.Path+": "+c.Condition, ": ")
	if c.Path == "" {
		s = c.Condition
	}
	s += fmt.Sprintf(": not met by %s, the sole obstacle on %d", number(c.Unmet.Len(), "node"), c.SoleObstacle.Len())
	if c.Fault != "" {
		s += ": " + c.Fault
	}
	return s
}

// Costs returns every condition on eligibility that some node does not meet.
// The conditions of the pod are in the order of the spec: spec.nodeName, each
// requirement of the nodeSelector, each term of the required affinity and each
// requirement in it. The conditions of nodes follow: spec.unschedulable, which
// DaemonSets ignore, and the untolerated taints, ascending. Fit is not
// considered. Costs takes some word operations per 64 nodes for each pair of
// conditions.
func (p *Prediction) Costs() []Cost {
	p = p.orNothing()
	b := p.bill()
	all := borrow.From(p.cluster).Nodes()
	var costs []Cost
	for _, c := range b.conditions {
		if c.Unmet = cluster.NodeSet(all.Minus(c.met)); c.Unmet.Len() == 0 {
			continue
		}
		c.SoleObstacle = cluster.NodeSet(b.wanted(c.aside, c.terms)).Minus(p.wanted)
		costs = append(costs, c.Cost)
	}
	return costs
}

// bill lists the conditions of a workload's eligibility: a node must meet every
// condition outside the terms, and one of the terms.
type bill struct {
	conditions []condition
	aside      []snapshot.Set // nodes that meet each condition outside the terms
}

// condition is a Cost under construction.
type condition struct {
	Cost
	met   snapshot.Set
	aside int          // its place in the bill's list; -1 for a term and its requirements
	terms snapshot.Set // nodes that would match one of the terms if this were always met
}

// wanted returns the nodes that meet all conditions outside the terms, except
// one.
func (b *bill) wanted(but int, terms snapshot.Set) snapshot.Set {
	for i, met := range b.aside {
		if i != but {
			terms = terms.And(met)
		}
	}
	return terms
}

func (b *bill) add(path, what string, met, terms snapshot.Set) {
	b.conditions = append(b.conditions, condition{Cost{Path: path, Condition: what}, met, len(b.aside), terms})
	b.aside = append(b.aside, met)
}

func (p *Prediction) bill() *bill {
	w, c := p.workload, borrow.From(p.cluster)
	b, all := &bill{}, c.Nodes()
	open := all
	if w.affinity.required {
		open = w.affinity.termNodes(c, -1, all)
	}
	if w.pod.Spec.NodeName != "" {
		b.add("spec.nodeName", w.pod.Spec.NodeName, w.named(c), open)
	}
	for i := range w.affinity.selector {
		r := &w.affinity.selector[i]
		b.add(r.path, r.text(), r.nodes(c), open)
	}
	if w.affinity.required && len(w.affinity.terms) == 0 {
		none := Cost{Path: w.affinity.path, Fault: noTerms}
		b.conditions = append(b.conditions, condition{none, open, -1, all})
	}
	for i := range w.affinity.terms {
		b.addTerm(&w.affinity, i, c)
	}
	b.add("", "spec.unschedulable", all.Minus(w.unschedulable(c)), open)
	for _, t := range c.Taints() {
		if keepsAway(&t) && !w.tolerations.tolerate(&t) {
			b.add("", "taint "+t.ToString(), all.Minus(c.WithTaint(t)), open)
		}
	}
	return b
}

// addTerm adds a term and, if there are several, each requirement in it.
func (b *bill) addTerm(a *affinity, i int, c *snapshot.Snapshot) {
	t, all := &a.terms[i], c.Nodes()
	whole := Cost{Path: t.path, Condition: t.text(), Fault: t.fault}
	b.conditions = append(b.conditions, condition{whole, t.nodes(c, -1), -1, all})
	if t.fault != "" || len(t.requirements) == 1 {
		return
	}
	for j := range t.requirements {
		r := &t.requirements[j]
		b.conditions = append(b.conditions, condition{Cost{Path: r.path, Condition: r.text()}, r.nodes(c), -1, a.termNodes(c, i, t.nodes(c, j))})
	}
}

// termNodes returns the nodes that match a term, where given replaces the nodes
// of the i-th term.
func (a *affinity) termNodes(c *snapshot.Snapshot, i int, given snapshot.Set) snapshot.Set {
	var any snapshot.Set
	for k := range a.terms {
		if k == i {
			any = any.Or(given)
		} else {
			any = any.Or(a.terms[k].nodes(c, -1))
		}
	}
	return any
}

// nodes returns the nodes that match the term, with one requirement left out.
func (t *term) nodes(c *snapshot.Snapshot, but int) snapshot.Set {
	if t.fault != "" {
		return snapshot.Set{}
	}
	m := newNodeBits(c, c.Nodes())
	for j := range t.requirements {
		if j != but {
			m.narrow(&t.requirements[j])
		}
	}
	return m.set()
}

func (r *requirement) nodes(c *snapshot.Snapshot) snapshot.Set {
	m := newNodeBits(c, c.Nodes())
	m.narrow(r)
	return m.set()
}

// text returns the requirements of a term in words.
func (t *term) text() string {
	all := make([]string, len(t.requirements))
	for i := range t.requirements {
		all[i] = t.requirements[i].text()
	}
	return strings.Join(all, " and ")
}

func (r *requirement) text() string {
	return Mismatch{Key: r.Key, Operator: r.Operator, Values: r.Values}.requirement()
}

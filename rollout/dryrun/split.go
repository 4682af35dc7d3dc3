package dryrun

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/cluster"
)

// Split describes how several DaemonSets share the nodes of a cluster, as when one
// agent is split over DaemonSets for different kinds of nodes. The sets are disjoint.
type Split struct {
	DaemonSets []string        `json:"daemonSets"` // namespace/name, ascending
	One        cluster.NodeSet `json:"one"`        // nodes that get a running pod of exactly one
	Gaps       cluster.NodeSet `json:"gaps"`       // nodes that get none
	Overlaps   []Overlap       `json:"overlaps"`   // nodes that want a pod of several, ascending
}

// Overlap is a node that wants a pod of several DaemonSets.
type Overlap struct {
	Node       string   `json:"node"`
	DaemonSets []string `json:"daemonSets"`
}

// Split returns the overlaps and gaps, after the plan, of the DaemonSets that match a
// pattern as in Policy.For.
func (p *Plan) Split(keys ...string) Split {
	about := Policy{}.For(keys...)
	var of []Effect
	for _, e := range p.orNothing().whole() {
		if e.after != nil && about.about(e) {
			of = append(of, e)
		}
	}
	return splitOf(p, of)
}

func splitOf(p *Plan, of []Effect) Split {
	var s Split
	var wanted, several, placed cluster.NodeSet
	for _, e := range of {
		if e.after == nil {
			continue
		}
		s.DaemonSets = append(s.DaemonSets, e.Key)
		several = several.Or(wanted.And(e.Wanted()))
		wanted, placed = wanted.Or(e.Wanted()), placed.Or(e.Placed())
	}
	for _, node := range several.Names() {
		o := Overlap{Node: node}
		for _, e := range of {
			if e.Wanted().Has(node) {
				o.DaemonSets = append(o.DaemonSets, e.Key)
			}
		}
		s.Overlaps = append(s.Overlaps, o)
	}
	s.One = placed.Minus(several)
	s.Gaps = p.After().Nodes().Minus(placed).Minus(several)
	return s
}

// String returns a line for the nodes with exactly one, then the gaps and each overlap.
func (s Split) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d nodes have exactly one, %d none, %d several\n", strings.Join(s.DaemonSets, " + "), s.One.Len(), s.Gaps.Len(), len(s.Overlaps))
	if s.Gaps.Len() > 0 {
		fmt.Fprintf(&b, "  none: %s\n", strings.Join(s.Gaps.Names(), " "))
	}
	for _, o := range s.Overlaps {
		fmt.Fprintf(&b, "  %s: %s\n", o.Node, strings.Join(o.DaemonSets, ", "))
	}
	return b.String()
}

func (s Split) exactlyOne(nodes cluster.NodeSet) evaluation {
	switch {
	case nodes.Len() == 0:
		return evaluation{empty: "no node of the set is in the cluster"}
	case len(s.DaemonSets) == 0:
		return evaluation{empty: "there is no such DaemonSet"}
	}
	var r evaluation
	gaps := s.Gaps.And(nodes)
	for _, name := range gaps.Names() {
		r.offenders = append(r.offenders, Violation{Node: name, Message: "no DaemonSet has a running pod there"})
	}
	overlaps := 0
	for _, o := range s.Overlaps {
		if nodes.Has(o.Node) {
			overlaps++
			r.offenders = append(r.offenders, Violation{Node: o.Node, Message: "wanted by " + strings.Join(o.DaemonSets, " and ")})
		}
	}
	if len(r.offenders) > 0 {
		r.message = fmt.Sprintf("of %d nodes %d have none and %d several", nodes.Len(), gaps.Len(), overlaps)
	}
	return r
}

package placement

import (
	"iter"

	"github.com/berthsim/berth/cluster"
)

// transition is the change of a node's decision between two predictions. A node
// missing from one of the snapshots counts as Excluded there.
type transition uint8

const (
	unchanged          transition = iota // the decision is the same
	gained                               // Placed; no pod was wanted there
	pendingToPlaced                      // Placed; was Pending or Refused
	newlyPending                         // Pending; was Placed or Refused, or no pod was wanted there
	newlyRefused                         // Refused; was not
	excludedToKept                       // Kept: a running pod stays; it would have been deleted
	eligibleToKept                       // Kept: a running pod stays, but no new one comes; one was wanted
	keptToExcluded                       // Excluded: a running pod is deleted; it would have stayed
	eligibleToExcluded                   // Excluded: a running pod is deleted; one was wanted
	transitions
)

// transitionOf returns the transition between two decisions, by row before and
// by column after.
var transitionOf = [...][Placed + 1]transition{
	Excluded: {Excluded: unchanged, Kept: excludedToKept, Refused: newlyRefused, Pending: newlyPending, Eligible: gained, Placed: gained},
	Kept:     {Excluded: keptToExcluded, Kept: unchanged, Refused: newlyRefused, Pending: newlyPending, Eligible: gained, Placed: gained},
	Refused:  {Excluded: eligibleToExcluded, Kept: eligibleToKept, Refused: unchanged, Pending: newlyPending, Eligible: pendingToPlaced, Placed: pendingToPlaced},
	Pending:  {Excluded: eligibleToExcluded, Kept: eligibleToKept, Refused: newlyRefused, Pending: unchanged, Eligible: pendingToPlaced, Placed: pendingToPlaced},
	Eligible: {Excluded: eligibleToExcluded, Kept: eligibleToKept, Refused: newlyRefused, Pending: newlyPending, Eligible: unchanged, Placed: unchanged},
	Placed:   {Excluded: eligibleToExcluded, Kept: eligibleToKept, Refused: newlyRefused, Pending: newlyPending, Eligible: unchanged, Placed: unchanged},
}

// Changes is the set of nodes where two predictions differ. The zero Changes
// is empty.
type Changes struct {
	before, after *Prediction
	was, now      side
	turned        [transitions]cluster.NodeSet
	added         cluster.NodeSet
	removed       cluster.NodeSet
}

// Diff compares two predictions node by node: one workload on two snapshots,
// two versions of a workload on one snapshot, or both. A nil prediction stands
// for a workload that does not exist: it wants no pod anywhere.
//
// Between snapshots with the same node names Diff costs a few word operations
// per 64 nodes, plus what the predictions have not computed yet. Otherwise it
// also merges the two lists of names. Reasons are computed on request.
func Diff(before, after *Prediction) Changes {
	b, a := sideOf(before), sideOf(after)
	c := Changes{before: before, after: after, was: b, now: a}
	if before != nil && after != nil {
		c.added, c.removed = a.nodes.Minus(b.nodes), b.nodes.Minus(a.nodes)
	}
	wasWanted, isWanted := b.wanted(), a.wanted()
	c.turned[gained] = a.placed.Minus(wasWanted)
	c.turned[pendingToPlaced] = a.placed.And(b.pending.Or(b.refused))
	c.turned[newlyPending] = a.pending.Minus(b.pending)
	c.turned[newlyRefused] = a.refused.Minus(b.refused)
	c.turned[excludedToKept] = a.kept.Minus(b.kept).Minus(wasWanted)
	c.turned[eligibleToKept] = a.kept.And(wasWanted)
	c.turned[keptToExcluded] = b.kept.Minus(a.kept).Minus(isWanted)
	c.turned[eligibleToExcluded] = wasWanted.Minus(isWanted).Minus(a.kept)
	return c
}

// side is a prediction as sets.
type side struct{ nodes, placed, pending, refused, kept cluster.NodeSet }

func sideOf(p *Prediction) side {
	if p == nil {
		return side{}
	}
	return side{p.cluster.Nodes(), p.Placed(), p.Pending(), p.Refused(), p.Kept()}
}

func (s side) wanted() cluster.NodeSet { return s.placed.Or(s.pending).Or(s.refused) }

// with returns the nodes, of all, that have a decision.
func (s side) with(d Decision, all cluster.NodeSet) cluster.NodeSet {
	switch d {
	case Excluded:
		return all.Minus(s.wanted()).Minus(s.kept)
	case Kept:
		return s.kept
	case Refused:
		return s.refused
	case Pending:
		return s.pending
	case Eligible:
		return s.wanted()
	case Placed:
		return s.placed
	}
	return cluster.NodeSet{}
}

// Nodes returns the nodes whose decision was one and is now another. A node
// missing from one of the snapshots counts as Excluded there. Eligible stands for
// Refused, Pending and Placed: Nodes(Eligible, Excluded) are the nodes that lose their pod.
// Names are from the later snapshot if it has the node.
func (c Changes) Nodes(was, now Decision) cluster.NodeSet {
	all := c.now.nodes.Or(c.was.nodes)
	found := c.now.with(now, all).And(c.was.with(was, all))
	for _, d := range []Decision{Excluded, Kept, Refused, Pending, Placed} {
		found = found.Minus(c.now.with(d, all).And(c.was.with(d, all)))
	}
	return found
}

// Empty reports whether both snapshots have the same nodes and every node has
// the same decision in both predictions.
func (c Changes) Empty() bool {
	if c.added.Len()+c.removed.Len() > 0 {
		return false
	}
	for t := range transitions {
		if c.turned[t].Len() > 0 {
			return false
		}
	}
	return true
}

// DecisionChange is a node whose decision differs, with its verdicts before and after.
// A verdict is nil, and the decision is Excluded, if the snapshot does not have
// the node or the prediction is nil.
type DecisionChange struct {
	Node   string   `json:"node"`
	Was    Decision `json:"was"`
	Now    Decision `json:"now"`
	Before *Verdict `json:"before,omitempty"`
	After  *Verdict `json:"after,omitempty"`
}

func (c DecisionChange) transition() transition { return transitionOf[c.Was][c.Now] }

// All returns an iterator over the nodes whose decision differs, ascending by
// name.
func (c Changes) All() iter.Seq[DecisionChange] {
	return func(yield func(DecisionChange) bool) {
		var changed cluster.NodeSet
		for t := range transitions {
			changed = changed.Or(c.turned[t])
		}
		for _, name := range changed.Names() {
			if !yield(c.change(name)) {
				return
			}
		}
	}
}

func (c Changes) change(node string) DecisionChange {
	change := DecisionChange{Node: node, Before: verdictOf(c.before, node), After: verdictOf(c.after, node)}
	change.Was, change.Now = decisionOf(change.Before), decisionOf(change.After)
	return change
}

func verdictOf(p *Prediction, node string) *Verdict {
	if p == nil {
		return nil
	}
	v, ok := p.Verdict(node)
	if !ok {
		return nil
	}
	return &v
}

func decisionOf(v *Verdict) Decision {
	if v == nil {
		return Excluded
	}
	return v.Decision
}

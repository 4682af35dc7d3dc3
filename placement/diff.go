package placement

import (
	"iter"

	"github.com/berthsim/berth/cluster"
)

// Transition is the change of a node's decision between two predictions. A node
// missing from one of the snapshots counts as Excluded there.
type Transition uint8

const (
	TransitionNone               Transition = iota // the decision is the same
	TransitionGained                               // Placed; no pod was wanted there
	TransitionPendingToPlaced                      // Placed; was Pending
	TransitionNewlyPending                         // Pending; was Placed, or no pod was wanted there
	TransitionExcludedToKept                       // Kept: a running pod stays; it would have been deleted
	TransitionEligibleToKept                       // Kept: a running pod stays, but no new one comes; one was wanted
	TransitionKeptToExcluded                       // Excluded: a running pod is deleted; it would have stayed
	TransitionEligibleToExcluded                   // Excluded: a running pod is deleted; one was wanted
	turns
)

// transitionOf returns the transition between two decisions, by row before and
// by column after.
var transitionOf = [...][Placed + 1]Transition{
	Excluded: {Excluded: TransitionNone, Kept: TransitionExcludedToKept, Pending: TransitionNewlyPending, Eligible: TransitionGained, Placed: TransitionGained},
	Kept:     {Excluded: TransitionKeptToExcluded, Kept: TransitionNone, Pending: TransitionNewlyPending, Eligible: TransitionGained, Placed: TransitionGained},
	Pending:  {Excluded: TransitionEligibleToExcluded, Kept: TransitionEligibleToKept, Pending: TransitionNone, Eligible: TransitionPendingToPlaced, Placed: TransitionPendingToPlaced},
	Eligible: {Excluded: TransitionEligibleToExcluded, Kept: TransitionEligibleToKept, Pending: TransitionNewlyPending, Eligible: TransitionNone, Placed: TransitionNone},
	Placed:   {Excluded: TransitionEligibleToExcluded, Kept: TransitionEligibleToKept, Pending: TransitionNewlyPending, Eligible: TransitionNone, Placed: TransitionNone},
}

// Changes is the set of nodes on which two predictions differ. The zero Changes
// is empty.
type Changes struct {
	before, after *Prediction
	turned        [turns]cluster.NodeSet
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
	c := Changes{before: before, after: after}
	if before != nil && after != nil {
		c.added, c.removed = a.nodes.Minus(b.nodes), b.nodes.Minus(a.nodes)
	}
	wasWanted, isWanted := b.placed.Or(b.pending), a.placed.Or(a.pending)
	c.turned[TransitionGained] = a.placed.Minus(wasWanted)
	c.turned[TransitionPendingToPlaced] = a.placed.And(b.pending)
	c.turned[TransitionNewlyPending] = a.pending.Minus(b.pending)
	c.turned[TransitionExcludedToKept] = a.kept.Minus(b.kept).Minus(wasWanted)
	c.turned[TransitionEligibleToKept] = a.kept.And(wasWanted)
	c.turned[TransitionKeptToExcluded] = b.kept.Minus(a.kept).Minus(isWanted)
	c.turned[TransitionEligibleToExcluded] = wasWanted.Minus(isWanted).Minus(a.kept)
	return c
}

// side is a prediction as sets.
type side struct{ nodes, placed, pending, kept cluster.NodeSet }

func sideOf(p *Prediction) side {
	if p == nil {
		return side{}
	}
	return side{p.cluster.Nodes(), p.Placed(), p.Pending(), p.Kept()}
}

// Nodes returns the nodes with a transition. The names are those of the later
// snapshot where it has the node. Nodes returns nothing for TransitionNone.
func (c Changes) Nodes(t Transition) cluster.NodeSet {
	if t >= turns {
		return cluster.NodeSet{}
	}
	return c.turned[t]
}

// Added returns the nodes that only the later snapshot has, whatever their
// decision.
func (c Changes) Added() cluster.NodeSet { return c.added }

// Removed returns the nodes that only the earlier snapshot has.
func (c Changes) Removed() cluster.NodeSet { return c.removed }

// Empty reports whether both snapshots have the same nodes and every node has
// the same decision in both predictions.
func (c Changes) Empty() bool {
	if c.added.Len()+c.removed.Len() > 0 {
		return false
	}
	for t := range turns {
		if c.turned[t].Len() > 0 {
			return false
		}
	}
	return true
}

// Change is a node whose decision differs, with its verdicts before and after.
// A verdict is nil if the snapshot does not have the node or the prediction is
// nil.
type Change struct {
	Node       string     `json:"node"`
	Transition Transition `json:"transition"`
	Before     *Verdict   `json:"before,omitempty"`
	After      *Verdict   `json:"after,omitempty"`
}

// All returns an iterator over the nodes whose decision differs, ascending by
// name.
func (c Changes) All() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		var changed cluster.NodeSet
		for t := range turns {
			changed = changed.Or(c.turned[t])
		}
		for _, name := range changed.Names() {
			if !yield(c.change(name)) {
				return
			}
		}
	}
}

func (c Changes) change(node string) Change {
	change := Change{Node: node, Before: verdictOf(c.before, node), After: verdictOf(c.after, node)}
	change.Transition = transitionOf[decisionOf(change.Before)][decisionOf(change.After)]
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

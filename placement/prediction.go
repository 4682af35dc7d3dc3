package placement

import (
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// Prediction is where a workload may run in one snapshot. It is immutable and
// safe for concurrent use. Predict computes eligibility. Fit is computed on
// first use, and reasons each time a verdict is requested. A nil Prediction and
// the zero Prediction have no nodes.
type Prediction struct {
	given    *Workload // as it was compiled
	workload *Workload // by which a pod is wanted: a DaemonSet's template, or the pod as the scheduler sees it
	cluster  *cluster.Cluster
	wanted   cluster.NodeSet
	kept     cluster.NodeSet

	asked   sync.Once
	outcome admitted

	judged   sync.Once
	room     *room // what is left for the workload
	live     bool  // of a room that changes between predictions, and serves one at a time
	question *question
	placed   cluster.NodeSet

	ranked sync.Once
	scores *board
}

// orNothing returns a prediction without nodes for a nil Prediction and for the
// zero Prediction, and p otherwise.
func (p *Prediction) orNothing() *Prediction {
	if p == nil || p.workload == nil {
		return idle().Predict(nil)
	}
	return p
}

// Predict judges every node of the snapshot. The pods that run there count,
// except the workload's own: the pods of this DaemonSet, or the pod of this
// name.
//
// Eligibility costs a few word operations per 64 nodes for each requirement and
// each distinct taint. The first question about a label key, on a snapshot and
// the snapshots edited from it, also costs one map lookup per node. Fit costs a
// few ns per node, and about a µs per own pod. The first question about the fit
// on a snapshot and the snapshots edited from it also costs some µs per pod.
//
// The API server of the cluster admits the pod first, unless it is stored (see
// Admitted). A DaemonSet wants pods by its template, whatever admission does with them;
// its pods are admitted when their fit is first asked for.
func (w *Workload) Predict(c *cluster.Cluster) *Prediction {
	p := &Prediction{given: w.orNothing(), cluster: c}
	p.workload = p.given
	if p.given.daemonSet == nil {
		p.workload = p.scheduled()
	}
	p.wanted, p.kept = p.workload.eligible(c)
	return p
}

// eligible returns the nodes that Check decides to be Eligible, and Kept.
func (w *Workload) eligible(c *cluster.Cluster) (eligible, keeping cluster.NodeSet) {
	b := borrow.From(c)
	indexed, edited := b.Indexed(w.affinity.keys)
	wanted, kept := w.decisions(indexed)
	for _, position := range edited {
		decision := w.decide(b.At(position))
		wanted.put(position, decision == Eligible)
		kept.put(position, decision == Kept)
	}
	wanted.nodes, kept.nodes = b, b
	return cluster.NodeSet(wanted.set()), cluster.NodeSet(kept.set())
}

// Eligible returns the nodes where a pod is wanted: the decision is Refused, Pending,
// Eligible or Placed.
func (p *Prediction) Eligible() cluster.NodeSet { return p.orNothing().wanted }

// Placed returns the nodes where a pod is wanted and the scheduler would
// bind it now. It considers the filters NodePorts, NodeResourcesFit,
// PodTopologySpread and InterPodAffinity, for one pod and each node by itself.
func (p *Prediction) Placed() cluster.NodeSet {
	p = p.orNothing()
	p.left()
	return p.placed
}

// Pending returns the nodes where a pod is wanted but the scheduler would
// not bind it now.
func (p *Prediction) Pending() cluster.NodeSet {
	if p = p.orNothing(); p.refused() != nil {
		return cluster.NodeSet{}
	}
	return p.wanted.Minus(p.Placed())
}

// Refused returns the nodes where a pod is wanted but the API server refuses it: all
// nodes of Eligible, or none.
func (p *Prediction) Refused() cluster.NodeSet {
	if p = p.orNothing(); p.refused() == nil {
		return cluster.NodeSet{}
	}
	return p.wanted
}

// Kept returns the nodes where a DaemonSet wants no pod but lets a running one
// stay.
func (p *Prediction) Kept() cluster.NodeSet { return p.orNothing().kept }

// Excluded returns the nodes where no pod is wanted and a running one is
// deleted.
func (p *Prediction) Excluded() cluster.NodeSet {
	p = p.orNothing()
	return p.cluster.Nodes().Minus(p.wanted).Minus(p.kept)
}

// Verdict returns the verdict for one node. It returns false if the snapshot
// does not have the node.
func (p *Prediction) Verdict(node string) (Verdict, bool) {
	p = p.orNothing()
	i, ok := borrow.From(p.cluster).Position(node)
	if !ok {
		return Verdict{}, false
	}
	return p.at(i), true
}

// Verdicts returns an iterator over the verdicts for all nodes, ascending by
// name.
func (p *Prediction) Verdicts() iter.Seq[Verdict] {
	return func(yield func(Verdict) bool) {
		p := p.orNothing()
		for i := range borrow.From(p.cluster).Len() {
			if !yield(p.at(i)) {
				return
			}
		}
	}
}

// MarshalJSON returns an error: a Prediction has no JSON form. A Verdict has.
func (p *Prediction) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a Prediction has no JSON form: marshal its verdicts, slices.Collect(p.Verdicts())")
}

func (p *Prediction) at(position int) Verdict {
	const mostly = 4 // reasons of both kinds
	node := borrow.From(p.cluster).At(position)
	v := p.workload.judge(node, mostly)
	refusal := p.refused()
	switch {
	case v.Decision == Eligible && refusal != nil:
		v.Decision, v.Reasons = Refused, append(v.Reasons, *refusal)
		return v
	case v.Decision == Eligible && p.scheduled() != p.workload:
		v.Reasons = p.scheduled().judge(node, mostly).Reasons
	}
	p.order(v.Reasons)
	v.Reasons = p.left().why(v.Reasons, p.scheduled(), p.question, position)
	if v.Decision == Eligible {
		v.Decision = Placed
		if len(v.Reasons) > 0 {
			v.Decision = Pending
		}
	}
	return v
}

// why returns why the scheduler rejects a node where a pod is wanted.
func (p *Prediction) why(position int) []FilterReason {
	var rs []FilterReason
	if p.scheduled() != p.workload {
		rs = p.scheduled().judge(borrow.From(p.cluster).At(position), 1).Reasons
		p.order(rs)
	}
	return p.left().why(rs, p.scheduled(), p.question, position)
}

// left returns the room that the workload is judged in.
func (p *Prediction) left() *room {
	p.judged.Do(p.judge)
	return p.room
}

func (p *Prediction) judge() {
	account := snapshotOf(p.cluster)
	own := account.own(p.workload, borrow.From(p.cluster))
	if p.given.beside {
		p.judgeIn(account.among(p.toCome(own), nil, p.cluster))
	} else {
		p.judgeIn(account.without(own, p.cluster))
	}
}

// toCome returns the DaemonSet's pods that are wanted but do not exist yet.
func (p *Prediction) toCome(own []resident) []ownPods {
	if p.workload.daemonSet == nil || p.refused() != nil {
		return nil
	}
	on := slices.Clone(borrow.Words(p.cluster, p.wanted))
	for _, r := range own {
		on[r.position>>6] &^= 1 << (r.position & 63)
	}
	return []ownPods{{p.scheduled().load(), on}}
}

// in returns the prediction for the nodes and pods of a room (internal/room:
// Predict).
func (p *Prediction) in(room *room) *Prediction {
	p, room = p.orNothing(), room.orNothing()
	if room.len() != borrow.From(p.cluster).Len() { // of other nodes
		return idle().Predict(nil)
	}
	now := &Prediction{given: p.given, workload: p.workload, cluster: p.cluster, wanted: p.wanted, kept: p.kept}
	now.live = true
	now.asked.Do(func() { now.outcome = *p.admitted() })
	now.judged.Do(func() { now.judgeIn(room) })
	return now
}

func (p *Prediction) judgeIn(room *room) {
	p.room = room
	w := p.scheduled()
	p.question = p.room.question(w)
	if p.refused() != nil {
		return
	}
	placed := slices.Clone(borrow.Words(p.cluster, p.lets(p.wanted)))
	for k, word := range placed {
		placed[k] = p.room.fitting(w, p.question, k, word)
	}
	p.placed = borrow.Set(p.cluster, placed)
}

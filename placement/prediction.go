package placement

import (
	"iter"
	"slices"
	"sync"

	"github.com/berthsim/berth/cluster"
)

// Prediction is where a workload may run in one snapshot. It is immutable and
// safe for concurrent use. Where a pod is wanted was worked out by Predict; where
// it fits is when first asked for, and a verdict's reasons whenever they are. A
// nil Prediction and the zero one are of no nodes.
type Prediction struct {
	workload *Workload
	cluster  *cluster.Cluster
	wanted   cluster.NodeSet
	kept     cluster.NodeSet

	judged   sync.Once
	room     *Room // what is left for the workload
	question *question
	placed   cluster.NodeSet

	ranked sync.Once
	scores *board
}

// orNothing lets a nil Prediction and the zero one be of no nodes.
func (p *Prediction) orNothing() *Prediction {
	if p == nil || p.workload == nil {
		return idle().Predict(nil)
	}
	return p
}

// Predict judges every node of the snapshot, with the pods that run there counted
// in and the workload's own left out: those of this DaemonSet, or the pod of this
// name. Where a pod is wanted costs a few word operations per 64 nodes for each
// requirement and each distinct taint; the first question about a label key, on a
// snapshot and those edited from it, also one map look-up a node. Where it fits
// costs a few ns a node, and for each own pod a change to the account; the first
// such question to a snapshot also what NewRoom says.
func (w *Workload) Predict(c *cluster.Cluster) *Prediction {
	w = w.orNothing()
	b := c.Borrow()
	indexed, edited := b.Indexed(w.affinity.keys)
	wanted, kept := w.decisions(indexed)
	for _, position := range edited {
		decision := w.decide(b.At(position))
		wanted.put(position, decision == Eligible)
		kept.put(position, decision == Kept)
	}
	wanted.nodes, kept.nodes = b, b
	return &Prediction{workload: w, cluster: c, wanted: wanted.set(), kept: kept.set()}
}

// Eligible gives the nodes on which a pod is wanted: Pending, Eligible and Placed together.
func (p *Prediction) Eligible() cluster.NodeSet { return p.orNothing().wanted }

// Placed gives the nodes on which a pod is wanted and the scheduler would bind
// it now, as far as its filters NodePorts, NodeResourcesFit, PodTopologySpread
// and InterPodAffinity go: each node by itself, for one pod.
func (p *Prediction) Placed() cluster.NodeSet {
	p = p.orNothing()
	p.left()
	return p.placed
}

// Pending gives the nodes on which a pod is wanted that the scheduler would not bind now.
func (p *Prediction) Pending() cluster.NodeSet { return p.Eligible().Minus(p.Placed()) }

// Kept gives the nodes on which a DaemonSet wants no pod but lets a running one be.
func (p *Prediction) Kept() cluster.NodeSet { return p.orNothing().kept }

// Excluded gives the nodes on which no pod is wanted nor left running.
func (p *Prediction) Excluded() cluster.NodeSet {
	p = p.orNothing()
	return p.cluster.Nodes().Minus(p.wanted).Minus(p.kept)
}

// Verdict gives the answer for one node; false if the snapshot does not have it.
func (p *Prediction) Verdict(node string) (Verdict, bool) {
	p = p.orNothing()
	i, ok := p.cluster.Borrow().Position(node)
	if !ok {
		return Verdict{}, false
	}
	return p.at(i), true
}

// Verdicts gives the answer for every node, ascending by name.
func (p *Prediction) Verdicts() iter.Seq[Verdict] {
	return func(yield func(Verdict) bool) {
		p := p.orNothing()
		for i := range p.cluster.Borrow().Len() {
			if !yield(p.at(i)) {
				return
			}
		}
	}
}

func (p *Prediction) at(position int) Verdict {
	const mostly = 4 // reasons of both kinds
	v := p.workload.judge(p.cluster.Borrow().At(position), mostly)
	v.Reasons = p.left().why(v.Reasons, p.workload, p.question, position)
	if v.Decision == Eligible {
		v.Decision = Placed
		if len(v.Reasons) > 0 {
			v.Decision = Pending
		}
	}
	return v
}

// why gives what the filters say that look at the pods on the nodes.
func (p *Prediction) why(position int) []FilterReason {
	return p.left().why(nil, p.workload, p.question, position)
}

// left gives the account that the workload is judged by.
func (p *Prediction) left() *Room {
	p.judged.Do(p.judge)
	return p.room
}

func (p *Prediction) judge() {
	account := snapshotOf(p.cluster)
	own := account.own(p.workload, p.cluster.Borrow())
	if p.workload.beside {
		p.judgeIn(account.among(p.toCome(own), nil, p.cluster))
	} else {
		p.judgeIn(account.without(own, p.cluster))
	}
}

// toCome gives the DaemonSet's pods that are wanted and not there.
func (p *Prediction) toCome(own []resident) []ownPods {
	if p.workload.daemonSet == nil {
		return nil
	}
	on := slices.Clone(p.cluster.Borrow().Words(p.wanted))
	for _, r := range own {
		on[r.position>>6] &^= 1 << (r.position & 63)
	}
	return []ownPods{{p.workload.Load(), on}}
}

// In gives the prediction for another account of the same nodes, as it is now:
// what happens to the room afterwards does not reach what was asked before, and
// must not happen while something is asked. Where a pod is wanted is not judged
// again. A room with more or fewer nodes gives a prediction of no nodes.
func (p *Prediction) In(room *Room) *Prediction {
	p, room = p.orNothing(), room.orNothing()
	if room.Len() != p.cluster.Borrow().Len() { // of other nodes
		return idle().Predict(nil)
	}
	now := &Prediction{workload: p.workload, cluster: p.cluster, wanted: p.wanted, kept: p.kept}
	now.judged.Do(func() { now.judgeIn(room) })
	return now
}

func (p *Prediction) judgeIn(room *Room) {
	b := p.cluster.Borrow()
	p.room = room
	p.question = p.room.question(p.workload)
	placed := slices.Clone(b.Words(p.wanted))
	for k, word := range placed {
		placed[k] = p.room.fitting(p.workload, p.question, k, word)
	}
	p.placed = b.Set(placed)
}

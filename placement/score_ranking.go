package placement

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/berthsim/berth/internal/borrow"
)

// NodeScore is a node that a pod could be bound to, and its score.
type NodeScore struct {
	Rank   int           `json:"rank"` // from 1; nodes with the same total have the same rank, and the scheduler picks one at random
	Node   string        `json:"node"`
	Total  int64         `json:"total"`  // the sum of the weighted scores
	Scores []PluginScore `json:"scores"` // in the order of the default profile, without plugins that skip the pod
}

// String returns the node's rank and the shares of its total, in one line.
func (r NodeScore) String() string {
	shares := make([]string, len(r.Scores))
	for i, s := range r.Scores {
		shares[i] = s.text()
	}
	return fmt.Sprintf("%d. %s %d = %s", r.Rank, r.Node, r.Total, strings.Join(shares, " + "))
}

// Ranking returns the nodes of Placed as kube-scheduler's default profile
// orders them: by total, best first. Nodes with equal totals,
// where the scheduler picks at random, are ordered by name. Ranking
// returns nil for a DaemonSet, whose pods are made for one node each, and if
// ScoreError is not nil.
//
// The scores depend on all candidates: each plugin normalises over the nodes
// that passed the filters. The first question costs some ten ns per node, the
// ranking itself several words per node and plugin.
func (p *Prediction) Ranking() []NodeScore {
	p = p.orNothing()
	b := p.board()
	if b == nil || b.err != nil {
		return nil
	}
	names, nodes := p.rankedNames(b), make([]NodeScore, 0, b.n)
	for _, place := range b.order() {
		r := b.ranked(int(place))
		r.Node = names[place]
		if last := len(nodes) - 1; last >= 0 && nodes[last].Total == r.Total {
			r.Rank = nodes[last].Rank
		} else {
			r.Rank = len(nodes) + 1
		}
		nodes = append(nodes, r)
	}
	return nodes
}

// ScoreError returns the reason why a pod accepted by the API server has no
// ranking. The scheduler reports this error and keeps retrying. (If only
// one node passes the filters, it is not scored and takes the pod.)
func (p *Prediction) ScoreError() error {
	if b := p.board(); b != nil {
		return b.err
	}
	return nil
}

// sampled reports whether the scheduler would stop looking for nodes before it
// has seen all of Placed, and after how many nodes. From 100 nodes on it looks
// for only some, with percentageOfNodesToScore at its default, and starts where
// it stopped the last time (pkg/scheduler/schedule_one.go:
// numFeasibleNodesToFind). The best node of the ranking is then often not among
// them, and scores normalised over fewer nodes differ. Each pod of a DaemonSet
// names its node, so none is missed.
func (p *Prediction) sampled() (nodes int, sampled bool) {
	p = p.orNothing()
	if p.workload.daemonSet != nil {
		return p.Placed().Len(), false
	}
	searched := p.cluster.Nodes()
	if aim := newPreFilterResult(&p.workload.pod.Spec, borrow.From(p.cluster).Release()); len(aim.plugins) > 0 {
		searched = p.cluster.Named(aim.names...)
	}
	nodes = enough(searched.Len())
	return nodes, p.Placed().Len() > nodes
}

func enough(all int) int {
	if all < 100 {
		return all
	}
	percentage := max(50-all/125, 5)
	return max(all*percentage/100, 100)
}

// board returns the scores, or nil for a DaemonSet.
func (p *Prediction) board() *board {
	p = p.orNothing()
	if p.workload.daemonSet != nil {
		return nil
	}
	p.ranked.Do(func() {
		p.scores = p.left().score(p.scheduled(), borrow.Words(p.cluster, p.Placed()), p.live)
	})
	return p.scores
}

func (p *Prediction) rankedNames(b *board) []string {
	names, nodes := make([]string, 0, b.n), borrow.From(p.cluster)
	for position := range nodes.Len() {
		if _, ok := b.place(position); ok {
			names = append(names, nodes.Name(position))
		}
	}
	return names
}

func (b *board) ranked(place int) NodeScore {
	total := b.totals[place]
	r := NodeScore{Total: int64(total), Scores: make([]PluginScore, len(b.columns))}
	for i := range b.columns {
		r.Scores[i] = b.columns[i].at(place)
	}
	return r
}

// printRanking prints the ranking as a table: a line for each node with a rank of
// at most 10, with each plugin's weighted score. A note follows if the scheduler
// would not look at all of the nodes.
func (p *Prediction) printRanking(b *strings.Builder) {
	if err := p.ScoreError(); err != nil {
		fmt.Fprintf(b, "no ranking: %v\n", err)
		return
	}
	ranking := p.Ranking()
	shown := ranking
	if i := slices.IndexFunc(ranking, func(r NodeScore) bool { return r.Rank > 10 }); i >= 0 {
		shown = ranking[:i]
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for i, r := range shown {
		if i == 0 {
			fmt.Fprintln(t, header(r))
		}
		tied := i > 0 && shown[i-1].Rank == r.Rank || i+1 < len(shown) && shown[i+1].Rank == r.Rank
		fmt.Fprintln(t, line(r, tied))
	}
	t.Flush()
	if rest := len(ranking) - len(shown); rest > 0 {
		fmt.Fprintf(b, "and %d more\n", rest)
	}
	if n, sampled := p.sampled(); sampled {
		fmt.Fprintf(b, "The scheduler stops after %d of these %d nodes, whichever it finds first.\n", n, len(ranking))
	}
}

func header(r NodeScore) string {
	cells := []string{"RANK", "NODE", "TOTAL"}
	for _, s := range r.Scores {
		cells = append(cells, s.Plugin)
	}
	return strings.Join(cells, "\t")
}

// line marks a rank that several nodes have.
func line(r NodeScore, tied bool) string {
	rank := fmt.Sprint(r.Rank)
	if tied {
		rank += "="
	}
	cells := []string{rank, r.Node, fmt.Sprint(r.Total)}
	for _, s := range r.Scores {
		cells = append(cells, fmt.Sprintf("%d*%d", s.Weight, s.Normalized))
	}
	return strings.Join(cells, "\t")
}

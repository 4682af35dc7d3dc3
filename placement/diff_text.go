package placement

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/cluster"
)

// sign returns the character printed before the transition in a plan.
func (t transition) sign() string {
	return [transitions]string{" ", "+", "+", "!", "!", "~", "~", "-", "-"}[t]
}

// text describes the transition of nodes.
func (t transition) text() string {
	return [transitions]string{
		"the same", "gained", "no longer pending", "newly pending", "newly refused", "kept: a running pod stays, that would have been deleted",
		"kept only: a running pod stays, but no new one comes", "dropped: a running pod is deleted, that would have stayed", "lost",
	}[t]
}

// String returns the plan of the changes: the counts before and after, the
// nodes added and removed, and the nodes of each transition, best first. Nodes
// with the same reasons share an entry. String returns "" if there are no
// changes. A line starts with
//
//	"+"  a pod is wanted, and the scheduler would bind it now
//	"!"  a pod is wanted, but the API server refuses it or the scheduler would not bind it
//	"~"  a running pod stays, but no new one comes
//	"-"  no pod is wanted, and a running one is deleted
func (c Changes) String() string {
	if c.Empty() {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", c.before.counts(), c.after.counts())
	nodes := func(words string, set cluster.NodeSet) {
		if set.Len() > 0 {
			fmt.Fprintf(&b, "  nodes %s: %s\n", words, strings.Join(set.Names(), " "))
		}
	}
	nodes("added", c.added)
	nodes("removed", c.removed)
	for _, g := range c.groups() {
		fmt.Fprintf(&b, "%s %s: %s\n", g.turn.sign(), g.turn.text(), strings.Join(g.nodes, " "))
		for _, line := range g.why {
			fmt.Fprintf(&b, "      %s\n", line)
		}
	}
	return b.String()
}

// counts summarises a prediction in one line.
func (p *Prediction) counts() string {
	if p == nil {
		return "nothing"
	}
	s := fmt.Sprintf("%d placed", p.Placed().Len())
	count := func(nodes cluster.NodeSet, word string) {
		if n := nodes.Len(); n > 0 {
			s += fmt.Sprintf(", %d %s", n, word)
		}
	}
	count(p.Pending(), "pending")
	count(p.Refused(), "refused")
	count(p.Kept(), "kept")
	return s + fmt.Sprintf(" of %d nodes", p.cluster.Nodes().Len())
}

// transitionGroup is a group of nodes with the same transition and reasons.
type transitionGroup struct {
	turn  transition
	nodes []string
	why   []string
}

func (c Changes) groups() []*transitionGroup {
	known := map[string]*transitionGroup{}
	var all []*transitionGroup
	for change := range c.All() {
		why := c.why(change)
		turn := change.transition()
		id := strings.Join(append([]string{turn.text()}, why...), "\n")
		g := known[id]
		if g == nil {
			g = &transitionGroup{turn: turn, why: why}
			known[id], all = g, append(all, g)
		}
		g.nodes = append(g.nodes, change.Node)
	}
	slices.SortStableFunc(all, func(a, b *transitionGroup) int { return int(a.turn) - int(b.turn) })
	return all
}

// why returns the reasons before and after the change.
func (c Changes) why(change DecisionChange) []string {
	var lines []string
	if c.added.Has(change.Node) {
		lines = append(lines, "the node is new")
	}
	if c.removed.Has(change.Node) {
		lines = append(lines, "the node is gone")
	}
	return append(lines, change.why()...)
}

func (c DecisionChange) why() []string {
	var lines []string
	say := func(when string, v *Verdict) {
		if v == nil {
			return
		}
		for _, r := range v.Reasons {
			lines = append(lines, fmt.Sprintf("%s %v: %v", when, v.Decision, r))
		}
	}
	say("was", c.Before)
	say("now", c.After)
	return lines
}

// changesVersion is raised when the JSON form changes in a way that breaks readers.
const changesVersion = "berth.changes/v1"

// MarshalJSON returns {"version", "before", "after", "added", "removed",
// "changes"}: counts, names of nodes, and a DecisionChange for every node whose
// decision differs, ascending by name. The result depends only on the two
// predictions.
func (c Changes) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Version string           `json:"version"`
		Before  *tallied         `json:"before,omitempty"`
		After   *tallied         `json:"after,omitempty"`
		Added   cluster.NodeSet  `json:"added"`
		Removed cluster.NodeSet  `json:"removed"`
		Changes []DecisionChange `json:"changes"`
	}{changesVersion, c.before.tallied(), c.after.tallied(), c.added, c.removed, slices.AppendSeq([]DecisionChange{}, c.All())})
}

// UnmarshalJSON returns an error: changes are computed by Diff. The list "changes" reads
// back as []DecisionChange.
func (c *Changes) UnmarshalJSON([]byte) error {
	return errors.New("placement.Changes are computed by Diff and do not read back: read the list \"changes\" as []placement.DecisionChange")
}

// tallied is the number of nodes with each decision.
type tallied struct {
	Nodes    int `json:"nodes"`
	Placed   int `json:"placed"`
	Pending  int `json:"pending"`
	Refused  int `json:"refused"`
	Kept     int `json:"kept"`
	Excluded int `json:"excluded"`
}

func (p *Prediction) tallied() *tallied {
	if p == nil {
		return nil
	}
	return &tallied{p.cluster.Nodes().Len(), p.Placed().Len(), p.Pending().Len(), p.Refused().Len(), p.Kept().Len(), p.Excluded().Len()}
}

package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table formats the prediction as a table: a line for each group of nodes with
// the same verdict, the best decision first, and a line for each further
// reason. Where no pod is wanted the table shows only why not. Where the pod
// does not fit, nodes that lack the same resources form one group, whatever the
// amounts. What was ignored follows.
//
// For an ordinary pod that fits on several nodes a second table follows: the
// best ten ranks of Ranking with each plugin's weighted score ("=" marks ranks
// that several nodes have), and from 100 nodes on after how many nodes the
// scheduler stops looking. It then often does not see the best node, and scores normalised over fewer nodes differ.
func (p *Prediction) Table() string {
	p = p.orNothing()
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "DECISION\tCOUNT\tNODES\tWHY")
	for _, g := range fold(p) {
		why, names := g.lines(), wrapNames(g.nodes)
		lines := max(len(why), 1)
		for i := range max(lines, len(names)) {
			decision, count, name, reason := "", "", "", ""
			if i == 0 {
				decision, count = g.decision.String(), fmt.Sprint(len(g.nodes))
			}
			if i < len(names) {
				name = names[i]
			}
			if i < len(why) {
				reason = why[i]
			}
			fmt.Fprintln(t, strings.TrimRight(decision+"\t"+count+"\t"+name+"\t"+reason, "\t"))
		}
	}
	t.Flush()
	for _, change := range p.admissionChanges() {
		fmt.Fprintln(&b, "admission: "+change)
	}
	for _, what := range p.NotModelled() {
		fmt.Fprintln(&b, "not modelled: "+what)
	}
	if p.workload.daemonSet == nil && p.Placed().Len() > 1 {
		b.WriteByte('\n')
		p.printRanking(&b)
	}
	return b.String()
}

// group is the nodes with one verdict.
type group struct {
	decision Decision
	nodes    []string
	reasons  []FilterReason // of the first node
	differ   []bool         // by reason: the evidence is not the same on all nodes
}

func fold(p *Prediction) []*group {
	groups := map[string]*group{}
	var all []*group
	for v := range p.Verdicts() {
		reasons := v.shown()
		id := v.Decision.String()
		for _, r := range reasons {
			id += "\n" + r.like()
		}
		g := groups[id]
		if g == nil {
			g = &group{decision: v.Decision, reasons: reasons, differ: make([]bool, len(reasons))}
			groups[id], all = g, append(all, g)
		}
		for i, r := range reasons {
			g.differ[i] = g.differ[i] || r.String() != g.reasons[i].String()
		}
		g.nodes = append(g.nodes, v.Node)
	}
	slices.SortStableFunc(all, func(a, b *group) int { return -cmp.Compare(a.decision, b.decision) })
	return all
}

// shown returns the reasons to print: where no pod is wanted, only why not.
func (v Verdict) shown() []FilterReason {
	if v.Decision >= Refused {
		return v.Reasons
	}
	return slices.DeleteFunc(slices.Clone(v.Reasons), FilterReason.aboutPods)
}

// aboutPods reports whether the reason concerns the pods on the nodes rather
// than the node itself.
func (r FilterReason) aboutPods() bool {
	switch r.Plugin {
	case pluginPorts, pluginResources, pluginSpread, pluginRelations:
		return true
	}
	return false
}

// like returns a key that is equal for reasons that are printed together.
func (r FilterReason) like() string {
	if r.aboutPods() {
		return r.Plugin + ": " + r.Message
	}
	return r.String()
}

func (g *group) lines() []string {
	lines := make([]string, len(g.reasons))
	for i, r := range g.reasons {
		lines[i] = r.String()
		if g.differ[i] {
			lines[i] = fmt.Sprintf("%s [%s: %s; likewise the others]", r.like(), g.nodes[0], strings.Join(r.evidence(), "; "))
		}
	}
	return lines
}

// wrapNames formats names in lines of about 40 characters, five at the most.
func wrapNames(names []string) []string {
	const width, most = 40, 5
	var lines []string
	for i, name := range names {
		last := len(lines) - 1
		switch {
		case last >= 0 && len(lines[last])+1+len(name) <= width:
			lines[last] += " " + name
		case len(lines) == most:
			return append(lines, fmt.Sprintf("and %d more", len(names)-i))
		default:
			lines = append(lines, name)
		}
	}
	return lines
}

// number returns "1 node" or "2 nodes".
func number(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprint(n, " ", noun)
}

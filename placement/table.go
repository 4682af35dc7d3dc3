package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table is the prediction for people: a line for every group of nodes with the
// same verdict, the best decision first, with each further reason on a line of
// its own.
func (p *Prediction) Table() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "DECISION\tCOUNT\tNODES\tWHY")
	for _, g := range fold(p) {
		lines := max(len(g.why), 1)
		names := wrapNames(g.nodes)
		for i := range max(lines, len(names)) {
			decision, count, name, why := "", "", "", ""
			if i == 0 {
				decision, count = g.decision.String(), fmt.Sprint(len(g.nodes))
			}
			if i < len(names) {
				name = names[i]
			}
			if i < len(g.why) {
				why = g.why[i]
			}
			fmt.Fprintln(t, strings.TrimRight(decision+"\t"+count+"\t"+name+"\t"+why, "\t"))
		}
	}
	t.Flush()
	return b.String()
}

// group is the nodes with one verdict.
type group struct {
	decision Decision
	nodes    []string
	why      []string
}

func fold(p *Prediction) []*group {
	groups := map[string]*group{}
	var all []*group
	for v := range p.Verdicts() {
		why := make([]string, len(v.Reasons))
		for i, r := range v.Reasons {
			why[i] = r.String()
		}
		id := v.Decision.String() + "\n" + strings.Join(why, "\n")
		g := groups[id]
		if g == nil {
			g = &group{decision: v.Decision, why: why}
			groups[id], all = g, append(all, g)
		}
		g.nodes = append(g.nodes, v.Node)
	}
	slices.SortStableFunc(all, func(a, b *group) int { return -cmp.Compare(a.decision, b.decision) })
	return all
}

// wrapNames puts names into lines of about 40 characters, five at the most.
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

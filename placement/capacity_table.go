package placement

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// capacityVersion is raised when the JSON form changes in a way that breaks readers.
const capacityVersion = "berth.capacity/v1"

// MarshalJSON returns {"version", "overloaded", "conflicting", "nodes",
// "minimumNodes"}: names of nodes, a NodeUsage for every node, ascending by
// name, and each MinimumNode.
func (l *CapacityReport) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Version      string          `json:"version"`
		Overloaded   cluster.NodeSet `json:"overloaded"`
		Conflicting  cluster.NodeSet `json:"conflicting"`
		Nodes        []NodeUsage     `json:"nodes"`
		MinimumNodes []MinimumNode   `json:"minimumNodes"`
	}{capacityVersion, l.Overloaded(), l.Conflicting(), slices.AppendSeq([]NodeUsage{}, l.Nodes()), l.MinimumNodes()})
}

// UnmarshalJSON returns an error: a report is computed by NewCapacityReport. Its lists
// read back as []NodeUsage and []MinimumNode.
func (l *CapacityReport) UnmarshalJSON([]byte) error {
	return errors.New("placement.CapacityReport is computed by NewCapacityReport and does not read back: read \"nodes\" as []placement.NodeUsage and \"minimumNodes\" as []placement.MinimumNode")
}

// String summarises the report in one line.
func (l *CapacityReport) String() string {
	return fmt.Sprintf("%s on %s: %d overloaded, %d conflicting",
		number(len(l.daemons), "DaemonSet"), number(l.all.Len(), "node"), l.Overloaded().Len(), l.Conflicting().Len())
}

// Table formats the report as a table. It has a line for each resource that
// DaemonSets request, for each group of nodes that can allocate the same amount
// and have pods of the same DaemonSets. The line shows what the fullest of
// these nodes has left. The smallest node for each set of DaemonSets follows,
// with the conflicts that no node solves.
func (l *CapacityReport) Table() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NODES\tCOUNT\tRESOURCE\tALLOCATABLE\tDAEMONSETS\tOTHERS\tFREE")
	for _, p := range l.pools() {
		p.print(t)
	}
	t.Flush()
	for _, s := range l.MinimumNodes() {
		fmt.Fprintf(&b, "\nsmallest node for %s, wanted together on %s: %s\n",
			number(len(s.DaemonSets), "DaemonSet"), number(s.Nodes.Len(), "node"), amountsText(s.Allocatable))
		for _, name := range s.DaemonSets {
			fmt.Fprintf(&b, "  %s\n", name)
		}
		for _, c := range s.Conflicts {
			fmt.Fprintf(&b, "  on no node: %s\n", c.text())
		}
	}
	return b.String()
}

// pool is a group of nodes that can allocate the same and have the same shares.
type pool struct {
	nodes []string
	sums  []sum // the fullest, each resource for itself
}

func (l *CapacityReport) pools() []*pool {
	known := map[string]*pool{}
	var all []*pool
	for position := range l.all.Len() {
		sums := slices.DeleteFunc(l.sums(position), func(s sum) bool { return s.daemons == 0 && s.name != corev1.ResourcePods })
		id := l.likeness(position, sums)
		p := known[id]
		if p == nil {
			p = &pool{sums: sums}
			known[id], all = p, append(all, p)
		}
		p.nodes = append(p.nodes, borrow.From(l.cluster).Name(position))
		p.fill(sums)
	}
	return all
}

// likeness returns a key that is equal for nodes of one pool.
func (l *CapacityReport) likeness(position int, sums []sum) string {
	var b strings.Builder
	for _, d := range l.wantedOn(position) {
		fmt.Fprintf(&b, "%s\n", d.load().name)
	}
	for _, s := range sums {
		fmt.Fprintf(&b, "%s %d %d\n", s.name, s.has, s.daemons)
	}
	return b.String()
}

func (p *pool) fill(sums []sum) {
	for i, s := range sums {
		if s.free < p.sums[i].free {
			p.sums[i] = s
		}
	}
}

func (p *pool) print(t *tabwriter.Writer) {
	names := wrapNames(p.nodes)
	for i := range max(len(names), len(p.sums)) {
		name, count, line := "", "", ""
		if i == 0 {
			count = fmt.Sprint(len(p.nodes))
		}
		if i < len(names) {
			name = names[i]
		}
		if i < len(p.sums) {
			line = p.sums[i].row()
		}
		fmt.Fprintln(t, strings.TrimRight(name+"\t"+count+"\t"+line, "\t"))
	}
}

func (s sum) row() string {
	q := func(amount int64) string { return new(quantity(s.name, amount)).String() }
	row := fmt.Sprintf("%s\t%s\t%s\t%s\t%s", s.name, q(s.has), q(s.daemons), q(s.others), q(s.free))
	if s.over() {
		row += "\toverloaded"
	}
	return row
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// report is the answer, and its JSON form.
type report struct {
	Version    int         `json:"version"`
	DaemonSets []daemonSet `json:"daemonSets"`
}

type daemonSet struct {
	Name         string              `json:"name"` // namespace/name
	Summary      string              `json:"summary"`
	Wanted       int                 `json:"wanted"` // nodes that get a pod, whether or not it fits now
	Nodes        []placement.Verdict `json:"nodes"`
	Expectations []expectation       `json:"expectations,omitempty"`
	table        string
}

// expectation is a selector, and the nodes it names that get no running pod.
type expectation struct {
	Selector string              `json:"selector"`
	Nodes    int                 `json:"nodes"`
	Missing  []placement.Verdict `json:"missing,omitempty"`
}

func (e expectation) holds() bool { return e.Nodes > 0 && len(e.Missing) == 0 }

func (r *report) add(name string, p *placement.Prediction, c *cluster.Cluster, expect []string) error {
	ds := daemonSet{
		Name: name, Summary: p.String(), Wanted: p.Eligible().Len(),
		Nodes: slices.Collect(p.Verdicts()), table: p.Table(),
	}
	for _, selector := range expect {
		set, err := c.Select(selector)
		if err != nil {
			return fmt.Errorf("-expect: %w", err)
		}
		e := expectation{Selector: selector, Nodes: set.Len()}
		for _, node := range set.Names() {
			if v, _ := p.Verdict(node); v.Decision < placement.Eligible {
				e.Missing = append(e.Missing, v)
			}
		}
		ds.Expectations = append(ds.Expectations, e)
	}
	r.DaemonSets = append(r.DaemonSets, ds)
	return nil
}

// Failed says whether an expectation does not hold. One that names no node at
// all fails too: it would hold whatever happens.
func (r report) Failed() bool {
	return slices.ContainsFunc(r.DaemonSets, func(ds daemonSet) bool {
		return slices.ContainsFunc(ds.Expectations, func(e expectation) bool { return !e.holds() })
	})
}

func (r report) print(out io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	for i, ds := range r.DaemonSets {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s: %s\n\n%s", ds.Name, ds.Summary, ds.table)
		for _, e := range ds.Expectations {
			e.print(out)
		}
	}
	return nil
}

func (e expectation) print(out io.Writer) {
	switch {
	case e.Nodes == 0:
		fmt.Fprintf(out, "\nFAIL  -expect %s: names no node of the cluster\n", e.Selector)
	case e.holds():
		fmt.Fprintf(out, "\nok    -expect %s: all %d nodes\n", e.Selector, e.Nodes)
	default:
		fmt.Fprintf(out, "\nFAIL  -expect %s: %d of %d nodes get no pod\n", e.Selector, len(e.Missing), e.Nodes)
		for _, v := range e.Missing {
			fmt.Fprintln(out, "      "+v.String())
		}
	}
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

func newWhereCommand(env environment) *cobra.Command {
	var in source
	var out output
	cmd := &cobra.Command{
		Use:   "where [WORKLOAD|FILE]...",
		Short: "Show on which nodes the pods of workloads run, and why not on the others",
		Long: `Show on which nodes the pods of DaemonSets, Deployments, StatefulSets and ReplicaSets
run, and why not on the others. The pods of a Deployment are placed one by one, as if it
had just been created. Without arguments it shows the workloads of -f, or else all
DaemonSets and Deployments; the word of a kind, as in ds or pods, shows all of it.

WORKLOAD is NAME, KIND/NAME or KIND/NAMESPACE/NAME, as in ds/agent. FILE is short for
-f FILE. -o wide has a line for each node.
` + exits("every wanted pod fits", "a wanted pod fits nowhere, or not on its node"),
		Example: `  # Where does the agent run?
  kubectl berth where ds/log-collector --cluster dump.yaml

  # Where would this one run, node by node?
  kubectl berth where -f daemonset.yaml --cluster dump.yaml -o wide

  # All DaemonSets of a namespace
  kubectl berth where -n logging --cluster dump.yaml`,
		RunE: func(_ *cobra.Command, args []string) error {
			names := in.takeFiles(args)
			return respond(env, &in, &out, func(w *world) (answer, error) { return where(w, &in, names) })
		},
	}
	in.addFlags(cmd.Flags(), "objects to add to the cluster")
	in.addNamespace(cmd.Flags())
	in.addSelector(cmd.Flags(), "workloads")
	out.addFlag(cmd, "table", "wide", "json", "yaml")
	return cmd
}

// whereabouts is a workload in the answer of where.
type whereabouts struct {
	Workload string                      `json:"workload"`
	Message  string                      `json:"message"`
	Nodes    []placement.Verdict         `json:"nodes,omitempty"`    // of a DaemonSet
	Replicas *placement.ReplicaPlacement `json:"replicas,omitempty"` // of another

	table string
	short bool // a wanted pod does not fit
}

func where(w *world, in *source, names []string) (answer, error) {
	c, err := w.whole()
	if err != nil {
		return answer{}, err
	}
	chosen, err := in.choose(w, c.Manifest(), names, "DaemonSet", "Deployment", "StatefulSet", "ReplicaSet", "Pod")
	if err != nil {
		return answer{}, err
	}
	all := []whereabouts{}
	for _, load := range chosen {
		at, err := locate(c, load)
		if err != nil {
			return answer{}, err
		}
		all = append(all, at)
	}
	return whereAnswer(all), nil
}

func locate(c *cluster.Cluster, load workload) (whereabouts, error) {
	at := whereabouts{Workload: load.key()}
	if load.kind != "DaemonSet" && load.kind != "Pod" {
		placed, err := placement.Replicas(c, load.object, 1, placement.AtVersion(c.Version()))
		at.Replicas, at.table, at.short = &placed, placed.String(), len(placed.Pending) > 0
		at.Message = fmt.Sprintf("%d replicas bound", len(placed.Bound))
		return at, err
	}
	compiled, err := compile(c, load)
	if err != nil {
		return at, err
	}
	p := compiled.Predict(c)
	at.Message, at.table, at.Nodes = p.String(), p.Table(), slices.Collect(p.Verdicts())
	at.short = p.Eligible().Minus(p.Placed()).Len() > 0 || load.kind == "Pod" && p.Placed().Len() == 0
	return at, nil
}

func whereAnswer(all []whereabouts) answer {
	a := answer{data: map[string]any{"version": "berth.where/v1", "workloads": all}}
	var table, wide strings.Builder
	rows := tabwriter.NewWriter(&wide, 0, 0, 3, ' ', 0)
	fmt.Fprintln(rows, "WORKLOAD\tNODE\tDECISION\tWHY")
	for i, at := range all {
		if i > 0 {
			table.WriteString("\n")
		}
		fmt.Fprintf(&table, "%s: %s\n\n%s", at.Workload, at.Message, at.table)
		at.rows(rows)
		a.fails = a.fails || at.short
	}
	rows.Flush()
	if len(all) == 0 {
		table.WriteString("No DaemonSet or Deployment found.\n")
	}
	a.text, a.wide = table.String(), wide.String()
	return a
}

// rows writes a line for each node, or pod, and further reasons below it.
func (at whereabouts) rows(w *tabwriter.Writer) {
	for _, v := range at.Nodes {
		reasons := []string{""}
		if len(v.Reasons) > 0 {
			reasons = nil
		}
		for _, r := range v.Reasons {
			reasons = append(reasons, r.String())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", at.Workload, v.Node, v.Decision, reasons[0])
		for _, r := range reasons[1:] {
			fmt.Fprintf(w, "\t\t\t%s\n", r)
		}
	}
	if at.Replicas == nil {
		return
	}
	for _, r := range at.Replicas.Bound {
		fmt.Fprintf(w, "%s\t%s\tPlaced\t%s\n", at.Workload, r.Node, r.Pod)
	}
	for _, p := range at.Replicas.Pending {
		fmt.Fprintf(w, "%s\t<none>\tPending\t%d: %s\n", at.Workload, p.Count, p.Message)
	}
}

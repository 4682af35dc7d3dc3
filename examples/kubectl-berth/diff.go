package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

func newDiffCommand(env environment) *cobra.Command {
	var in source
	var out output
	cmd := &cobra.Command{
		Use:   "diff DUMP1 DUMP2",
		Short: "Compare two dumps: objects, and where each DaemonSet runs",
		Long: `Compare two dumps of a cluster, or of two clusters: which objects were added, removed and
changed, field by field, and which nodes each DaemonSet gained and lost, with the
reasons. What a cluster changes all the time is left out: status except what nodes can
allocate and whether they are ready, versions, uids and times.
` + exits("the dumps are equal", "they differ, as diff does"),
		Example: `  # What changed since yesterday?
  kubectl berth diff yesterday.yaml today.yaml

  # Only in one namespace
  kubectl berth diff yesterday.yaml today.yaml -n logging`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			before := in
			before.dumps, in.dumps = args[:1], args[1:]
			return respond(env, &in, &out, func(w *world) (answer, error) { return compare(env, &before, &in, w) })
		},
	}
	in.addNamespace(cmd.Flags())
	in.addSelector(cmd.Flags(), "objects")
	out.addFlag(cmd, "table", "json", "yaml")
	return cmd
}

// differences is the answer of diff in its JSON form.
type differences struct {
	Version    string          `json:"version"` // "berth.diff/v1"
	Objects    []difference    `json:"objects"`
	DaemonSets []daemonSetDiff `json:"daemonSets"`
}

type daemonSetDiff struct {
	DaemonSet string            `json:"daemonSet"` // namespace/name
	Changes   placement.Changes `json:"changes"`
}

func compare(env environment, in, to *source, w *world) (answer, error) {
	if err := in.check(); err != nil {
		return answer{}, err
	}
	old, err := in.read(env)
	if err != nil {
		return answer{}, err
	}
	d := differences{Version: "berth.diff/v1", DaemonSets: []daemonSetDiff{}}
	if d.Objects, err = objectDiff(in, old.cluster.Manifest(), w.cluster.Manifest()); err != nil {
		return answer{}, err
	}
	before, err := predictions(in, old.cluster)
	if err != nil {
		return answer{}, err
	}
	after, err := predictions(in, w.cluster)
	if err != nil {
		return answer{}, err
	}
	for _, key := range keysOfBoth(before, after) {
		if changes := placement.Diff(before[key], after[key]); !changes.Empty() {
			d.DaemonSets = append(d.DaemonSets, daemonSetDiff{key, changes})
		}
	}
	return d.answer(), nil
}

// predictions returns where each DaemonSet of a cluster runs.
func predictions(in *source, c *cluster.Cluster) (map[string]*placement.Prediction, error) {
	all := map[string]*placement.Prediction{}
	for _, load := range workloads(c.Manifest(), in.namespace, in.labels, "DaemonSet") {
		compiled, err := placement.ForDaemonSet(load.object.(*appsv1.DaemonSet), placement.AtVersion(c.Version()))
		if err != nil {
			return nil, err
		}
		all[load.meta.GetNamespace()+"/"+load.meta.GetName()] = compiled.Predict(c)
	}
	return all, nil
}

func (d differences) answer() answer {
	a := answer{data: d, fails: len(d.Objects)+len(d.DaemonSets) > 0}
	var b strings.Builder
	for _, o := range d.Objects {
		b.WriteString(o.text())
	}
	for _, ds := range d.DaemonSets {
		fmt.Fprintf(&b, "\nDaemonSet %s\n%s", ds.DaemonSet, ds.Changes)
	}
	if !a.fails {
		b.WriteString("The dumps are equal.\n")
	}
	a.text = b.String()
	return a
}

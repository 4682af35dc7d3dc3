package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

type options struct {
	files, cluster, expect, policies, edits, inputs, deletes []string

	config     dryrun.Config
	incomplete bool // edits need not complete
	strict     bool
	output     string
}

var outputs = []string{"table", "json", "junit", "github"}

func newPlanCommand(env environment) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "plan [-f FILE]... [--edit EDIT]... [--delete KEY]... [--do INPUT]...",
		Short: "Show what files, edits and inputs would do to a cluster, and whether policies hold",
		Long: `Show what a change would do to a cluster before anybody makes it, and whether it meets
the policies of a policy file. The plan starts from the cluster as it is; --settle lets
it settle first.

A dump for --cluster has all kinds that affect the result:

  kubectl get nodes,namespaces,pods,daemonsets,controllerrevisions,deployments,replicasets,statefulsets,services,poddisruptionbudgets,priorityclasses -A -o yaml > dump.yaml

Without PodDisruptionBudgets no eviction is refused, without ReplicaSets nothing
recreates an evicted pod. The output notes what a dump lacks.

The exit status is 0 if every edit completes (or is harmless: it was stuck before and is
no worse) and every policy and expectation holds, 1 if not, and 2 on bad input. With
--allow-incomplete, for plans that inject faults, edits need not complete.`,
		Example: `  # A changed DaemonSet, and the policies that it must meet
  kubectl berth plan --cluster dump.yaml -f daemonset.yaml --policy policies.yaml

  # A taint on a pool, as annotations of a pull request
  kubectl berth plan --cluster dump.yaml --edit 'pool=gpu: taint dedicated=gpu:NoSchedule' -o github

  # A drain
  kubectl berth plan --cluster dump.yaml --do 'drain node-1 --ignore-daemonsets'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(env) },
	}
	o.addFlags(cmd)
	return cmd
}

func (o *options) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVarP(&o.files, "filename", "f", nil, "`file` with objects of any kind to apply, - for standard input; may be repeated")
	flags.StringArrayVar(&o.cluster, "cluster", nil, "`file` with the cluster as it is, - for standard input; may be repeated; without it, it is what -f holds beside DaemonSets and Deployments")
	flags.StringArrayVar(&o.edits, "edit", nil, "an `edit` of nodes, by a label selector or their names: 'pool=gpu: taint k=v:NoSchedule, label a=b, cordon' or 'node-1,node-2: remove'; may be repeated")
	flags.StringArrayVar(&o.deletes, "delete", nil, "`namespace/name` of a DaemonSet or Deployment to delete, or deployment/namespace/name; may be repeated")
	flags.StringArrayVar(&o.inputs, "do", nil, "an `input` of a simulation: 'undo ns/name', 'restart ns/name', 'scale ns/name to 3', 'drain node-1 --ignore-daemonsets', 'node-down node-1'; may be repeated")
	flags.StringArrayVar(&o.expect, "expect", nil, "label `selector` of nodes that must get a pod of every DaemonSet of -f; may be repeated")
	flags.StringArrayVar(&o.policies, "policy", nil, "`file` with policies; may be repeated")
	flags.BoolVar(&o.strict, "strict", false, "unknown and repeated fields are errors, as for kubectl")
	flags.StringVarP(&o.output, "output", "o", "table", "`format` of the output: "+strings.Join(outputs, ", "))
	flags.BoolVar(&o.config.Settle, "settle", false, "let the cluster settle before the edits are made")
	flags.BoolVar(&o.incomplete, "allow-incomplete", false, "end with 0 although an edit does not complete: for plans that inject faults")
	kubelet := &o.config.Rollout.Kubelet
	flags.DurationVar(&kubelet.Start, "start", 0, "how long a pod takes from being bound to running")
	flags.DurationVar(&kubelet.Ready, "ready", 0, "how long a pod takes from running to ready")
	flags.DurationVar(&kubelet.Stop, "stop", 0, "how long a pod takes to stop, at most its grace period")
	flags.DurationVar(&o.config.Limit, "limit", 24*time.Hour, "how long rollouts are simulated if they do not complete before")
}

func (o *options) run(env environment) error {
	if err := o.check(); err != nil {
		return err
	}
	r, err := answer(*o, env.stdin, env.stderr)
	if err != nil {
		return err
	}
	if err := r.print(env.stdout, o.output); err != nil {
		return err
	}
	if r.Failed() {
		return errFails
	}
	return nil
}

func (o *options) check() error {
	var errs []error
	if len(o.files)+len(o.edits)+len(o.deletes)+len(o.inputs) == 0 {
		errs = append(errs, errors.New("-f is required, or --edit, --delete or --do: what is to be done"))
	}
	if len(o.expect) > 0 && len(o.files) == 0 {
		errs = append(errs, errors.New("--expect is about the DaemonSets of -f; --policy is about all"))
	}
	if !slices.Contains(outputs, o.output) {
		errs = append(errs, fmt.Errorf("-o %s: must be one of %s", o.output, strings.Join(outputs, ", ")))
	}
	if o.config.Limit <= 0 {
		errs = append(errs, fmt.Errorf("--limit %v: must be more than 0", o.config.Limit))
	}
	return errors.Join(errs...)
}

// answer reads the input, makes the plan, and evaluates the policies.
func answer(o options, stdin io.Reader, stderr io.Writer) (report, error) {
	promises, err := readPromises(o.policies)
	if err != nil {
		return report{}, err
	}
	in, err := readInputs(o, stdin, stderr)
	if err != nil {
		return report{}, err
	}
	base, err := dryrun.NewBaseline(in.cluster, o.config)
	if err != nil {
		return report{}, err
	}
	edits, err := in.edits(o)
	if err != nil {
		return report{}, err
	}
	plan, err := base.Plan(edits...)
	if err != nil {
		return report{}, err
	}
	r, err := judge(plan, in, o.expect, promises)
	r.incomplete = o.incomplete
	return r, err
}

func readPromises(files []string) ([]promise, error) {
	var all []promise
	var errs []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			var some []promise
			some, err = readPolicies(file, text)
			all = append(all, some...)
		}
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

// choose returns the nodes that a text names, separated by commas or blanks, or
// otherwise the nodes that it selects as a label selector.
func choose(c *cluster.Cluster, text string) (cluster.NodeSet, error) {
	names := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	if set := c.Named(names...); len(names) > 0 && set.Len() == len(names) {
		return set, nil
	}
	return c.Select(text)
}

// editOf parses 'SELECTOR: EDITS' for nodes of the cluster.
func (in *inputs) editOf(text string) (dryrun.Edit, error) {
	selector, words, ok := strings.Cut(text, ": ")
	if !ok {
		return dryrun.Edit{}, fmt.Errorf("--edit %q: must be 'SELECTOR: EDITS', as in 'pool=gpu: cordon'", text)
	}
	nodes, err := choose(in.cluster, selector)
	switch {
	case err != nil:
		return dryrun.Edit{}, fmt.Errorf("--edit %q: %w", text, err)
	case nodes.Len() == 0:
		return dryrun.Edit{}, fmt.Errorf("--edit %q: no node matches", text)
	case strings.TrimSpace(words) == "remove":
		return dryrun.RemoveNodes(nodes), nil
	}
	parsed, err := rollout.ParseInput("edit-node any: " + words)
	edit, ok := parsed.(rollout.EditNode)
	if err != nil || !ok {
		return dryrun.Edit{}, fmt.Errorf("--edit %q: %w", text, err)
	}
	return dryrun.EditNodes(nodes, edit.Edits...), nil
}

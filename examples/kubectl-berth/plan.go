package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// options are the flags of plan.
type options struct {
	source
	output
	timing
	expect, policies, edits, inputTexts, deletes, ignored []string

	settle     bool
	incomplete bool // edits need not complete
}

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
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return respond(env, &o.source, &o.output, func(w *world) (answer, error) { return o.answer(env, w) })
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (o *options) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.source.addFlags(flags, "objects of any kind to apply")
	o.addNamespace(flags)
	o.addSelector(flags, "objects of -f to apply")
	flags.StringArrayVar(&o.edits, "edit", nil, "an `edit` of nodes, by a label selector or their names: 'pool=gpu: taint k=v:NoSchedule, label a=b, cordon' or 'node-1,node-2: remove'; may be repeated")
	flags.StringArrayVar(&o.deletes, "delete", nil, "`namespace/name` of a DaemonSet or Deployment to delete, or deployment/namespace/name; may be repeated")
	flags.StringArrayVar(&o.inputTexts, "do", nil, "a kubectl `command` or another input of a simulation: 'drain node-1 --ignore-daemonsets', 'cordon node-1', 'scale deploy/web --replicas=3 -n shop', 'rollout restart ds/agent', 'rollout undo deploy/web', 'delete node node-1', 'node-down node-1'; may be repeated")
	flags.StringArrayVar(&o.expect, "expect", nil, "label `selector` of nodes that must get a pod of every DaemonSet of -f; may be repeated")
	flags.StringArrayVar(&o.policies, "policy", nil, "`file` with policies; may be repeated")
	addIgnore(flags, &o.ignored)
	flags.BoolVar(&o.settle, "settle", false, "let the cluster settle before the edits are made")
	flags.BoolVar(&o.incomplete, "allow-incomplete", false, "end with 0 although an edit does not complete: for plans that inject faults")
	o.timing.addFlags(flags)
	o.addFlag(cmd, "table", "json", "yaml", "junit", "github", "sarif", "html")
}

func (o *options) check() error {
	var errs []error
	if len(o.files)+len(o.kustomize)+len(o.edits)+len(o.deletes)+len(o.inputTexts) == 0 {
		errs = append(errs, errors.New("-f is required, or --edit, --delete or --do: what is to be done"))
	}
	if len(o.expect) > 0 && len(o.files)+len(o.kustomize) == 0 {
		errs = append(errs, errors.New("--expect is about the DaemonSets of -f; --policy is about all"))
	}
	return errors.Join(append(errs, o.timing.check(), o.output.check())...)
}

// answer makes the plan, and evaluates the policies.
func (o *options) answer(env environment, w *world) (answer, error) {
	policies, err := readPolicyFiles(o.policies)
	if err != nil {
		return answer{}, err
	}
	in, err := o.inputs(env, w)
	if err != nil {
		return answer{}, err
	}
	base, err := dryrun.NewBaseline(in.cluster, dryrun.Config{Rollout: o.config, Limit: o.limit, Settle: o.settle, Ignore: o.ignored})
	if err != nil {
		return answer{}, err
	}
	edits, err := in.edits(o)
	if err != nil {
		return answer{}, err
	}
	plan, err := base.Plan(edits...)
	if err != nil && (plan == nil || !errors.Is(err, dryrun.ErrRefused)) { // otherwise the plan says what is refused
		return answer{}, err
	}
	r, err := judge(plan, in, o.expect, policies)
	if err != nil {
		return answer{}, err
	}
	r.incomplete = o.incomplete
	return r.answer(o.format, o.ticks())
}

func readPolicyFiles(files []string) ([]policyEntry, error) {
	var all []policyEntry
	var errs []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			var some []policyEntry
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

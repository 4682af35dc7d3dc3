// Dryrun prints what a change would do to a cluster before anybody makes it, and
// whether it meets the policies of a policy file:
//
//	kubectl get nodes,namespaces,pods,daemonsets,controllerrevisions,deployments,replicasets,statefulsets,services,poddisruptionbudgets,priorityclasses -A -o yaml > dump.yaml
//	dryrun -cluster dump.yaml -f daemonset.yaml -policy policies.yaml
//	dryrun -cluster dump.yaml -edit 'pool=gpu: taint dedicated=gpu:NoSchedule' -policy policies.yaml -o github
//	dryrun -cluster dump.yaml -do 'drain node-1 --ignore-daemonsets'
//
// Each of these kinds affects the result: without PodDisruptionBudgets no eviction is
// refused, without ReplicaSets nothing recreates an evicted pod. The output notes what
// a dump lacks. The plan starts from the cluster as it is; -settle lets it settle
// first.
//
// The exit code is 0 if every edit completes (or is harmless: it was stuck before and
// is no worse) and every policy and expectation holds, 1 if not, and 2 on bad input.
// With -allow-incomplete, for plans that inject faults, edits need not complete.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

const (
	exitHolds = iota
	exitFails
	exitBadInput
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the program without its environment.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitHolds
	}
	var r report
	if err == nil {
		r, err = answer(o, stdin, stderr)
	}
	if err == nil {
		err = r.print(stdout, o.output)
	}
	switch {
	case errors.Is(err, dryrun.ErrRefused):
		fmt.Fprintln(stderr, "dryrun: refused:", err)
		return exitFails
	case err != nil:
		fmt.Fprintln(stderr, "dryrun:", err)
		return exitBadInput
	case r.Failed():
		return exitFails
	}
	return exitHolds
}

type options struct {
	files, cluster, expect, policies, edits, inputs, deletes list

	config     dryrun.Config
	incomplete bool // edits need not complete
	strict     bool
	output     string
}

// list is a flag that can be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

var outputs = []string{"table", "json", "junit", "github"}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("dryrun", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Var(&o.files, "f", "`file` with objects of any kind to apply, - for standard input; may be repeated")
	flags.Var(&o.cluster, "cluster", "`file` with the cluster as it is, - for standard input; may be repeated; without it, it is what -f holds beside DaemonSets and Deployments")
	flags.Var(&o.edits, "edit", "an `edit` of nodes, by a label selector or their names: 'pool=gpu: taint k=v:NoSchedule, label a=b, cordon' or 'node-1,node-2: remove'; may be repeated")
	flags.Var(&o.deletes, "delete", "`namespace/name` of a DaemonSet or Deployment to delete, or deployment/namespace/name; may be repeated")
	flags.Var(&o.inputs, "do", "an `input` of a simulation: 'undo ns/name', 'restart ns/name', 'scale ns/name to 3', 'drain node-1 --ignore-daemonsets', 'node-down node-1'; may be repeated")
	flags.Var(&o.expect, "expect", "label `selector` of nodes that must get a pod of every DaemonSet of -f; may be repeated")
	flags.Var(&o.policies, "policy", "`file` with policies; may be repeated")
	flags.BoolVar(&o.strict, "strict", false, "unknown and repeated fields are errors, as for kubectl")
	flags.StringVar(&o.output, "o", "table", "`format` of the output: "+strings.Join(outputs, ", "))
	flags.BoolVar(&o.config.Settle, "settle", false, "let the cluster settle before the edits are made")
	flags.BoolVar(&o.incomplete, "allow-incomplete", false, "end with 0 although an edit does not complete: for plans that inject faults")
	kubelet := &o.config.Rollout.Kubelet
	flags.DurationVar(&kubelet.Start, "start", 0, "how long a pod takes from being bound to running")
	flags.DurationVar(&kubelet.Ready, "ready", 0, "how long a pod takes from running to ready")
	flags.DurationVar(&kubelet.Stop, "stop", 0, "how long a pod takes to stop, at most its grace period")
	flags.DurationVar(&o.config.Limit, "limit", 24*time.Hour, "how long rollouts are simulated if they do not complete before")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

func (o *options) check(rest []string) error {
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q", rest[0]))
	}
	if len(o.files)+len(o.edits)+len(o.deletes)+len(o.inputs) == 0 {
		errs = append(errs, errors.New("-f is required, or -edit, -delete or -do: what is to be done"))
	}
	if len(o.expect) > 0 && len(o.files) == 0 {
		errs = append(errs, errors.New("-expect is about the DaemonSets of -f; -policy is about all"))
	}
	if !slices.Contains(outputs, o.output) {
		errs = append(errs, fmt.Errorf("-o %s: must be one of %s", o.output, strings.Join(outputs, ", ")))
	}
	if o.config.Limit <= 0 {
		errs = append(errs, fmt.Errorf("-limit %v: must be more than 0", o.config.Limit))
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
		return dryrun.Edit{}, fmt.Errorf("-edit %q: must be 'SELECTOR: EDITS', as in 'pool=gpu: cordon'", text)
	}
	nodes, err := choose(in.cluster, selector)
	switch {
	case err != nil:
		return dryrun.Edit{}, fmt.Errorf("-edit %q: %w", text, err)
	case nodes.Len() == 0:
		return dryrun.Edit{}, fmt.Errorf("-edit %q: no node matches", text)
	case strings.TrimSpace(words) == "remove":
		return dryrun.RemoveNodes(nodes), nil
	}
	parsed, err := rollout.ParseInput("edit-node any: " + words)
	edit, ok := parsed.(rollout.EditNode)
	if err != nil || !ok {
		return dryrun.Edit{}, fmt.Errorf("-edit %q: %w", text, err)
	}
	return dryrun.EditNodes(nodes, edit.Edits...), nil
}

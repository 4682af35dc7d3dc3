package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/placement"
)

func newWhyCommand(env environment) *cobra.Command {
	var in source
	var out output
	cmd := &cobra.Command{
		Use:   "why WORKLOAD [NODE]",
		Short: "Explain why a pod runs on a node or not, and what would change that",
		Long: `Explain why a DaemonSet, Deployment, StatefulSet, ReplicaSet or pod gets a pod on a node
or not: every reason, in kube-scheduler's words, and the smallest changes that would get
a pod there, each tried. Without NODE it is about all nodes.

WORKLOAD is NAME, KIND/NAME or KIND/NAMESPACE/NAME, as in ds/agent or pod/shop/web-1, or
as for kubectl get two words. A pod is judged as if it were created now.
` + exits("the pod runs there (without NODE: somewhere)", "it does not"),
		Example: `  # Why does the agent not run on gpu-1, and what would change that?
  kubectl berth why ds/log-collector gpu-1 --cluster dump.yaml

  # Why is this pod pending?
  kubectl berth why pod web-1 -n shop --cluster dump.yaml

  # The same about a manifest that nobody has applied yet
  kubectl berth why ds/log-collector gpu-1 --cluster dump.yaml -f daemonset.yaml`,
		Args: cobra.RangeArgs(1, 4),
		RunE: func(_ *cobra.Command, args []string) error {
			return respond(env, &in, &out, func(w *world) (answer, error) { return why(w, in.namespace, args) })
		},
	}
	in.addFlags(cmd.Flags(), "objects to add to the cluster")
	in.addNamespace(cmd.Flags())
	out.addFlag(cmd, "table", "json", "yaml")
	return cmd
}

// whyArgs returns the workload and the node of "ds agent n1", "ds/agent n1" or less.
func whyArgs(args []string) (name, node string, err error) {
	if len(args) > 1 && kindOf(args[0]) != "" {
		args = append([]string{args[0] + "/" + args[1]}, args[2:]...)
	}
	switch len(args) {
	case 1:
		return args[0], "", nil
	case 2:
		return args[0], nodeName(args[1]), nil
	case 3:
		if nodeName(args[1]+"/") == "" { // why ds/agent node n1
			return args[0], args[2], nil
		}
	}
	return "", "", fmt.Errorf("%s: must be WORKLOAD and NODE", strings.Join(args, " "))
}

// reasons is the answer of why in its JSON form.
type reasons struct {
	Workload string              `json:"workload"`
	Message  string              `json:"message"` // kube-scheduler's
	Verdicts []placement.Verdict `json:"verdicts"`
	Fixes    []placement.Hint    `json:"fixes"`
	Typos    []placement.Typo    `json:"typos"`
}

func why(w *world, namespace string, args []string) (answer, error) {
	name, node, err := whyArgs(args)
	if err != nil {
		return answer{}, err
	}
	c, err := w.whole()
	if err != nil {
		return answer{}, err
	}
	n, err := parseName(name, namespace)
	if err != nil {
		return answer{}, err
	}
	load, err := find(c.Manifest(), n, "DaemonSet", "Deployment", "StatefulSet", "ReplicaSet", "Pod")
	if err != nil {
		return answer{}, err
	}
	compiled, err := compile(c, load)
	if err != nil {
		return answer{}, err
	}
	p := compiled.Predict(c)
	if node == "" {
		return whyNowhere(load, p)
	}
	return whyNot(load, p, node)
}

// whyNot answers for one node.
func whyNot(load workload, p *placement.Prediction, node string) (answer, error) {
	v, ok := p.Verdict(node)
	if !ok {
		return answer{}, notFound("node", node, p.Eligible().Or(p.Excluded()).Or(p.Kept()).Names())
	}
	hints, err := p.Hints(node)
	if err != nil {
		return answer{}, err
	}
	r := newReasons(load, p, []placement.Verdict{v}, hints)
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s: %s\n", r.Workload, v.Node, v.Decision)
	fmt.Fprintf(&b, "  %s\n", means[v.Decision])
	for _, reason := range v.Reasons {
		fmt.Fprintf(&b, "  %s\n", reason)
	}
	r.fixes(&b, v.Decision)
	return answer{text: b.String(), data: r, fails: v.Decision < placement.Eligible}, nil
}

// means are the decisions in words.
var means = map[placement.Decision]string{
	placement.Excluded: "no pod is wanted there, and a running one is deleted",
	placement.Kept:     "no pod is wanted there, but a running one stays",
	placement.Refused:  "a pod is wanted there, but the API server refuses it",
	placement.Pending:  "a pod is wanted there, but the scheduler would not bind it now",
	placement.Eligible: "a pod is wanted there",
	placement.Placed:   "a pod is wanted there, and the scheduler would bind it now",
}

// whyNowhere answers for all nodes.
func whyNowhere(load workload, p *placement.Prediction) (answer, error) {
	hints, err := p.Hints()
	if err != nil {
		return answer{}, err
	}
	r := newReasons(load, p, slices.Collect(p.Verdicts()), hints)
	placed := p.Placed().Len() > 0
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n%s", r.Workload, r.Message, p.Table())
	r.fixes(&b, map[bool]placement.Decision{true: placement.Placed}[placed])
	return answer{text: b.String(), data: r, fails: !placed}, nil
}

func newReasons(load workload, p *placement.Prediction, verdicts []placement.Verdict, fixes []placement.Hint) reasons {
	message, failed := p.FailedScheduling()
	if !failed {
		message = p.String()
	}
	return reasons{Workload: load.key(), Message: message, Verdicts: verdicts, Fixes: append([]placement.Hint{}, fixes...), Typos: append([]placement.Typo{}, p.Typos()...)}
}

// fixes writes what would change the answer.
func (r reasons) fixes(b *strings.Builder, now placement.Decision) {
	for _, t := range r.Typos {
		fmt.Fprintf(b, "  misspelt? %s\n", t)
	}
	if len(r.Fixes) == 0 && now < placement.Eligible {
		fmt.Fprintf(b, "\nNo small change to the pod or to nodes was found that gets a pod there.\n")
	}
	for i, h := range r.Fixes {
		if i == 0 {
			fmt.Fprintf(b, "\nWhat would get a pod there (each was tried; the smallest change first):\n")
		}
		fmt.Fprintf(b, "  %s\n", h)
		for _, command := range h.Commands {
			fmt.Fprintf(b, "    %s\n", command)
		}
	}
}

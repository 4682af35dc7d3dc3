package dryrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

const (
	tolerationsPath = "spec.template.spec.tolerations"
	strategyPath    = "spec.updateStrategy.rollingUpdate."
)

func (x *inspector) inspectNodes() {
	x.inspectLoss()
	x.inspectSurge()
	x.inspectVirtual()
	x.inspectSystems()
	x.inspectSelector()
}

// inspectLoss finds pods that a rollout would lose. On a node that is only kept the old
// pod is updated like any other and never replaced (pkg/controller/daemon/update.go:
// rollingUpdate; pkg/controller/daemon/daemon_controller.go: podsShouldBeOnNode).
func (x *inspector) inspectLoss() {
	var lost []string
	for _, n := range x.prediction.Kept().Names() {
		if x.runs[n] {
			lost = append(lost, n)
		}
	}
	if x.rolls() == nil || len(lost) == 0 {
		return
	}
	for _, g := range alike(x.prediction, lost) {
		x.find("LosesPods", SeverityProblem, tolerationsPath, g.nodes,
			fmt.Sprintf("the next rollout deletes the pods on %s and none come back: %s", kube.FirstNames(g.nodes), g.words),
			x.hint(g.nodes[0], "tolerate the taints, or take them off the nodes, before the rollout"))
	}
}

// nodeGroup is nodes with the same reasons.
type nodeGroup struct {
	nodes []string
	words string
}

// alike groups nodes by the reasons against them, in the order of their first nodes.
// Amounts make no difference; the words of a group are those of its first node.
func alike(p *placement.Prediction, nodes []string) []*nodeGroup {
	var all []*nodeGroup
	known := map[string]*nodeGroup{}
	for _, n := range nodes {
		v, _ := p.Verdict(n)
		key := ""
		for _, r := range v.Reasons {
			if r.Shortfall != nil || len(r.Conflicts) > 0 {
				key += r.Plugin + ": " + r.Message + "\n"
			} else {
				key += r.String() + "\n"
			}
		}
		g := known[key]
		if g == nil {
			g = &nodeGroup{words: reasonText(v.Reasons)}
			known[key], all = g, append(all, g)
		}
		g.nodes = append(g.nodes, n)
	}
	return all
}

func reasonText(reasons []placement.FilterReason) string {
	var all []string
	for _, r := range reasons {
		all = append(all, r.String())
	}
	return strings.Join(all, "; ")
}

// hint returns the smallest change that would get the pod placed on a node, or
// otherwise if there is none.
func (x *inspector) hint(node, otherwise string) string {
	hints, _ := x.prediction.Hints(node) // it cannot fail: the node is one of the prediction's
	for _, h := range hints {
		if h.Nodes.Len() == 0 {
			return strings.TrimSuffix(h.String(), ": gains "+strings.Join(h.Gains.Names(), " "))
		}
	}
	return otherwise
}

// inspectSurge finds surges whose two pods exclude each other. Validation accepts them,
// but the new pod stays pending.
func (x *inspector) inspectSurge() {
	r := x.rolls()
	if r == nil || x.scaled(r.MaxSurge) == 0 {
		return
	}
	surging := room.WithSurge(x.workload).Predict(x.cluster)
	stuck := surging.Pending().And(x.prediction.Placed()).Names()
	if len(stuck) == 0 {
		return
	}
	for _, g := range alike(surging, stuck) {
		x.find("SurgeCannotWork", SeverityProblem, strategyPath+"maxSurge", g.nodes,
			fmt.Sprintf("on %s the new pod does not fit beside the old one: %s", kube.FirstNames(g.nodes), g.words),
			"set maxSurge to 0 and maxUnavailable to 1 or more")
	}
}

// inspectVirtual finds pods on virtual nodes. A pod that tolerates everything also runs
// there, where an agent for machines has nothing to do.
func (x *inspector) inspectVirtual() {
	all := everything(x.set.Spec.Template.Spec.Tolerations)
	if all < 0 {
		return
	}
	virtual := map[string][]string{} // by the label that marks them
	severity := SeverityWarning
	for n := range borrow.Nodes(x.prediction.Eligible()) {
		if label := virtualLabel(n); label != "" {
			virtual[label] = append(virtual[label], n.Name)
			if x.prediction.Pending().Has(n.Name) {
				severity = SeverityProblem
			}
		}
	}
	for _, label := range []string{fargateLabel, virtualKubelet} {
		if nodes := virtual[label]; len(nodes) > 0 {
			key, value, _ := strings.Cut(label, "=")
			x.find("OnVirtualNodes", severity, fmt.Sprintf("%s[%d]", tolerationsPath, all), nodes,
				fmt.Sprintf("it tolerates everything, and so is wanted on %s, no machines of yours", kube.FirstNames(nodes)),
				fmt.Sprintf("require %s NotIn %s by node affinity", key, value))
		}
	}
}

const (
	fargateLabel   = "eks.amazonaws.com/compute-type=fargate"
	virtualKubelet = "type=virtual-kubelet"
)

// virtualLabel returns the label that marks a node as virtual, or "" if it is a
// machine.
func virtualLabel(n *corev1.Node) string {
	for _, label := range []string{fargateLabel, virtualKubelet} {
		if key, value, _ := strings.Cut(label, "="); n.Labels[key] == value {
			return label
		}
	}
	return ""
}

// inspectSelector finds DaemonSets that no node accepts. It names the requirements that
// no node meets and the taints that all nodes have. If the cause differs between nodes,
// the finding has what the scheduler would report. A node that keeps a pod counts as
// accepting.
func (x *inspector) inspectSelector() {
	nodes, never := x.cluster.Nodes(), "no pod is ever created"
	keeps := slices.ContainsFunc(x.prediction.Kept().Names(), func(n string) bool { return x.runs[n] })
	if nodes.Len() == 0 || x.prediction.Eligible().Len() > 0 || keeps {
		return
	}
	costs := slices.DeleteFunc(x.prediction.Costs(), func(c placement.Cost) bool { return c.Unmet.Len() < nodes.Len() })
	costs, told := x.inspectTerms(costs)
	for _, c := range costs {
		if slices.ContainsFunc(costs, func(o placement.Cost) bool { return strings.HasPrefix(o.Path, c.Path+".") }) {
			continue // a part of the requirement is more specific
		}
		if taint, ok := strings.CutPrefix(c.Condition, "taint "); ok && c.Path == "" {
			x.find("SelectsNothing", SeverityNote, tolerationsPath, nil,
				fmt.Sprintf("each of %d nodes has the taint %s, which it does not tolerate: %s", nodes.Len(), taint, never),
				"tolerate it, or take it off nodes, if the DaemonSet is to run here")
			continue
		}
		severity, remedy := SeverityNote, "label nodes, or leave it out, if the DaemonSet is to run here"
		if typo := x.typoIn(c.Path); typo != "" {
			severity, remedy = SeverityProblem, typo
		}
		x.find("SelectsNothing", severity, c.Path, nil, fmt.Sprintf("none of %d nodes meets %s: %s", nodes.Len(), cmp.Or(c.Condition, "it, since "+c.Fault), never), remedy)
	}
	if len(costs) == 0 && !told {
		x.find("SelectsNothing", SeverityNote, "spec.template.spec", nil, fmt.Sprintf("%s: %s", never, strings.TrimSuffix(x.prediction.String(), ".")),
			"label nodes, tolerate taints, or leave requirements out, if the DaemonSet is to run here")
	}
}

const termsPath = "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"

// inspectTerms takes the conditions of ORed terms from the costs of all nodes. Only if
// no node meets any of the terms is it they that keep nodes out, and that is one
// finding.
func (x *inspector) inspectTerms(costs []placement.Cost) (rest []placement.Cost, told bool) {
	terms := x.terms()
	if terms < 2 {
		return costs, false
	}
	var unmet []string
	for _, c := range costs {
		switch place, ok := strings.CutPrefix(c.Path, termsPath); {
		case !ok:
			rest = append(rest, c)
		case !strings.Contains(place, "."):
			unmet = append(unmet, cmp.Or(c.Condition, c.Fault))
		}
	}
	if len(unmet) < terms {
		return rest, false
	}
	severity, remedy := SeverityNote, "label nodes to meet one of them, or leave them out, if the DaemonSet is to run here"
	if typo := x.typoIn(termsPath); typo != "" {
		severity, remedy = SeverityProblem, typo
	}
	x.find("SelectsNothing", severity, termsPath, nil,
		fmt.Sprintf("none of %d nodes meets one of the %d terms (%s): no pod is ever created", x.cluster.Nodes().Len(), terms, strings.Join(unmet, "; ")), remedy)
	return rest, true
}

// typoIn returns the first misspelling at the path or in what it contains.
func (x *inspector) typoIn(path string) string {
	for _, t := range x.prediction.Typos() {
		if rest, ok := strings.CutPrefix(t.Path, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return t.String()
		}
	}
	return ""
}

// terms returns the number of terms of the required node affinity.
func (x *inspector) terms() int {
	a := x.set.Spec.Template.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return 0
	}
	return len(a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms)
}

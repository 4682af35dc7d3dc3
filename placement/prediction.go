package placement

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

// Prediction is where a workload may run in one snapshot. It is immutable and
// safe for concurrent use. The sets were made by Predict; a verdict's reasons
// are made when they are asked for.
type Prediction struct {
	workload *Workload
	cluster  *cluster.Cluster
	failed   []failure // in the order of the scheduler's default profile
	wanted   cluster.NodeSet
	kept     cluster.NodeSet
}

// failure is the nodes that a plugin turns down with one message.
type failure struct {
	plugin, message string
	nodes           cluster.NodeSet
}

// Predict judges every node of the snapshot. It costs a few word operations per
// 64 nodes for each requirement and each distinct taint; the first question
// about a label key, on a snapshot and those edited from it, also one map
// look-up a node.
func (w *Workload) Predict(c *cluster.Cluster) *Prediction {
	all := c.Nodes()
	noSchedule, noExecute := w.taintedAway(c)
	named, affine := w.named(c), w.affinity.nodes(c)
	p := &Prediction{workload: w, cluster: c}
	p.fail(pluginNodeName, wrongNodeName, all.Minus(named))
	p.fail(pluginUnschedulable, isUnschedulable, w.unschedulable(c))
	p.fail(pluginTaints, hasTaints, noSchedule.Or(noExecute))
	p.fail(pluginAffinity, wrongAffinity, all.Minus(affine))
	p.wanted = all
	for _, f := range p.failed {
		p.wanted = p.wanted.Minus(f.nodes)
	}
	if w.daemonSet != nil {
		p.kept = noSchedule.And(named).And(affine).Minus(noExecute)
	}
	return p
}

func (p *Prediction) fail(plugin, message string, nodes cluster.NodeSet) {
	if nodes.Len() > 0 {
		p.failed = append(p.failed, failure{plugin, message, nodes})
	}
}

func (w *Workload) named(c *cluster.Cluster) cluster.NodeSet {
	if w.pod.Spec.NodeName == "" {
		return c.Nodes()
	}
	return c.Named(w.pod.Spec.NodeName)
}

// taintedAway gives the nodes with an untolerated taint, by effect.
func (w *Workload) taintedAway(c *cluster.Cluster) (noSchedule, noExecute cluster.NodeSet) {
	for _, s := range c.Taints() {
		switch {
		case !keepsAway(&s.Taint) || w.tolerations.tolerate(&s.Taint):
		case s.Taint.Effect == corev1.TaintEffectNoExecute:
			noExecute = noExecute.Or(s.Nodes)
		default:
			noSchedule = noSchedule.Or(s.Nodes)
		}
	}
	return noSchedule, noExecute
}

func (w *Workload) unschedulable(c *cluster.Cluster) cluster.NodeSet {
	if w.daemonSet != nil || w.tolerations.tolerate(&unschedulable) {
		return cluster.NodeSet{}
	}
	return c.Unschedulable()
}

// Eligible gives the nodes on which a pod is wanted: Pending, Eligible and Placed together.
func (p *Prediction) Eligible() cluster.NodeSet { return p.wanted }

// Kept gives the nodes on which a DaemonSet wants no pod but lets a running one be.
func (p *Prediction) Kept() cluster.NodeSet { return p.kept }

// Excluded gives the nodes on which no pod is wanted nor left running.
func (p *Prediction) Excluded() cluster.NodeSet {
	return p.cluster.Nodes().Minus(p.wanted).Minus(p.kept)
}

// Verdict gives the answer for one node; false if the snapshot does not have it.
func (p *Prediction) Verdict(node string) (Verdict, bool) {
	i, ok := p.cluster.Borrow().Position(node)
	if !ok {
		return Verdict{}, false
	}
	return p.at(i), true
}

// Verdicts gives the answer for every node, ascending by name.
func (p *Prediction) Verdicts() iter.Seq[Verdict] {
	return func(yield func(Verdict) bool) {
		for i := range p.cluster.Borrow().Len() {
			if !yield(p.at(i)) {
				return
			}
		}
	}
}

func (p *Prediction) at(position int) Verdict {
	return p.workload.Check(p.cluster.Borrow().At(position))
}

// String is the scheduler's sentence (pkg/scheduler/framework, FitError.Error):
// how many nodes would take the pod, and each other node under its first
// failing plugin, as the default profile orders them.
func (p *Prediction) String() string {
	open := p.cluster.Nodes()
	total := open.Len()
	var reasons []string
	for i, f := range p.failed {
		if n := open.And(f.nodes).Len(); n > 0 {
			reasons = append(reasons, fmt.Sprintf("%d %s", n, f.message))
		}
		if i+1 == len(p.failed) || p.failed[i+1].plugin != f.plugin {
			open = open.Minus(p.turnedDown(f.plugin))
		}
	}
	slices.Sort(reasons)
	s := fmt.Sprintf("%d/%d nodes are available", open.Len(), total)
	if len(reasons) > 0 {
		s += ": " + strings.Join(reasons, ", ")
	}
	return s + "."
}

func (p *Prediction) turnedDown(plugin string) cluster.NodeSet {
	var s cluster.NodeSet
	for _, f := range p.failed {
		if f.plugin == plugin {
			s = s.Or(f.nodes)
		}
	}
	return s
}

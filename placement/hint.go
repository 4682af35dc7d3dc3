package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
)

// Hint is a small set of changes that turns nodes to Placed. It has been tried: a
// prediction with the changes made gives Gains, and no node has a worse decision
// than before, so that no running pod is lost by it.
type Hint struct {
	Steps []HintStep      `json:"steps"` // to be taken together: none can be left out
	Nodes cluster.NodeSet `json:"nodes"` // that the steps on nodes are taken on; empty if there are none
	Gains cluster.NodeSet `json:"gains"` // the nodes that become Placed
}

// HintsFor gives the nearest ways to have the pod Placed on a node: the smallest
// set of changes to the pod, and that to the node; or, where neither is enough,
// one of changes to both. There is none for a node that is Placed or unknown, nor
// against what only other pods can change (spread constraints, pod affinity).
//
// A change is as narrow as it can be: a toleration of this taint and not of all,
// one more value and not the whole requirement, as much cpu as is short. What a
// node is (its name, os, architecture, zone) and taints that the control plane
// would set again are not changed.
//
// It costs a prediction for each set of changes that is tried, and for each step of
// those that work.
func (p *Prediction) HintsFor(node string) []Hint {
	p = p.orNothing()
	v, ok := p.Verdict(node)
	if !ok || v.Decision == Placed {
		return nil
	}
	return p.try((&hinter{p: p}).remedy(v), p.cluster.Named(node))
}

// Hints gives the nearest ways to have the pod Placed on more nodes, the smallest
// first and, of those, the one that gains most. Nodes that take the same changes
// share a hint.
//
// It costs a verdict for each node that is not placed and a few predictions for
// each distinct set of changes.
func (p *Prediction) Hints() []Hint {
	p = p.orNothing()
	var hints []Hint
	for _, g := range p.alike() {
		hints = append(hints, p.try(g.remedy, p.cluster.Named(g.nodes...))...)
	}
	slices.SortStableFunc(hints, compareHints)
	return slices.CompactFunc(hints, func(a, b Hint) bool { return a.text() == b.text() && a.Nodes.Equal(b.Nodes) })
}

func compareHints(a, b Hint) int {
	return cmp.Or(
		cmp.Compare(len(a.Steps), len(b.Steps)),
		cmp.Compare(b.Gains.Len(), a.Gains.Len()),
		cmp.Compare(a.Nodes.Len(), b.Nodes.Len()),
		cmp.Compare(a.text(), b.text()),
	)
}

// afflicted is nodes for which the same changes would do.
type afflicted struct {
	nodes  []string
	remedy remedy
}

// alike groups the nodes that are not placed by what would change that.
func (p *Prediction) alike() []*afflicted {
	known := map[string]*afflicted{}
	var all []*afflicted
	m := &hinter{p: p}
	for _, name := range p.cluster.Nodes().Minus(p.Placed()).Names() {
		v, _ := p.Verdict(name)
		r := m.remedy(v)
		g := known[r.text()]
		if g == nil {
			g = &afflicted{remedy: r}
			known[r.text()], all = g, append(all, g)
		}
		g.nodes = append(g.nodes, name)
	}
	return all
}

// remedy is the sets of changes that may turn a node to Placed: of each list the
// first that works is enough. An empty set is none.
type remedy struct{ pod, node, both [][]HintStep }

func (r remedy) text() string {
	var b strings.Builder
	for _, list := range [][][]HintStep{r.pod, r.node, r.both} {
		for _, steps := range list {
			b.WriteString(textOf(steps) + "\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// hinter looks for changes that turn a node.
type hinter struct {
	p     *Prediction
	node  *corev1.Node
	words *vocabulary // once they have been asked for
}

// remedy collects, for everything that is against the node, what would change it.
func (m *hinter) remedy(v Verdict) remedy {
	m.node, _ = m.p.cluster.Borrow().Node(v.Node)
	return remedy{
		pod:  [][]HintStep{m.steps(v, m.podStrictly, nil), m.steps(v, m.podWidely, nil)},
		node: [][]HintStep{m.steps(v, m.onNode, nil)},
		both: [][]HintStep{m.steps(v, m.podWidely, m.onNode)},
	}
}

// steps gives what one way of changing things, or else another, finds against each
// reason; none if there is a reason that neither finds anything against.
func (m *hinter) steps(v Verdict, way, other func(FilterReason) []HintStep) []HintStep {
	var all []HintStep
	for _, r := range v.Reasons {
		steps := way(r)
		if len(steps) == 0 && other != nil {
			steps = other(r)
		}
		if len(steps) == 0 {
			return nil
		}
		for _, s := range steps {
			if !slices.ContainsFunc(all, func(t HintStep) bool { return t.String() == s.String() }) {
				all = append(all, s)
			}
		}
	}
	return all
}

// try gives the hints that turn out to work on all of the nodes.
func (p *Prediction) try(r remedy, nodes cluster.NodeSet) []Hint {
	var hints []Hint
	first := func(list [][]HintStep) {
		for _, steps := range list {
			if h, ok := p.verified(steps, nodes); ok {
				hints = append(hints, p.shortened(h, nodes))
				return
			}
		}
	}
	first(r.pod)
	first(r.node)
	if len(hints) == 0 {
		first(r.both)
	}
	return hints
}

// shortened leaves out the steps that others have made needless, as two labels of
// one key.
func (p *Prediction) shortened(h Hint, nodes cluster.NodeSet) Hint {
	for i := 0; i < len(h.Steps) && len(h.Steps) > 1; i++ {
		if less, ok := p.verified(slices.Delete(slices.Clone(h.Steps), i, i+1), nodes); ok {
			return p.shortened(less, nodes)
		}
	}
	return h
}

// verified makes the changes and predicts again.
func (p *Prediction) verified(steps []HintStep, nodes cluster.NodeSet) (Hint, bool) {
	if len(steps) == 0 {
		return Hint{}, false
	}
	h := Hint{Steps: steps}
	if slices.ContainsFunc(steps, HintStep.onNode) {
		h.Nodes = nodes
	}
	w, ok := p.workload.mended(h)
	if !ok {
		return Hint{}, false
	}
	c, err := h.Cluster(p.cluster)
	if err != nil {
		return Hint{}, false
	}
	d := Diff(p, w.Predict(c))
	h.Gains = d.Nodes(TransitionGained).Or(d.Nodes(TransitionPendingToPlaced))
	worse := d.Nodes(TransitionEligibleToExcluded).Or(d.Nodes(TransitionEligibleToKept)).Or(d.Nodes(TransitionKeptToExcluded)).Or(d.Nodes(TransitionNewlyPending).And(p.Placed()))
	return h, worse.Len() == 0 && nodes.Minus(h.Gains).Len() == 0
}

func (h Hint) text() string { return textOf(h.Steps) }

// String is the hint in one line.
func (h Hint) String() string {
	on := ""
	if h.Nodes.Len() > 0 {
		on = " on " + strings.Join(h.Nodes.Names(), " ")
	}
	return h.text() + on + ": gains " + strings.Join(h.Gains.Names(), " ")
}

// PodSpec gives a copy of the spec, of the pod or of the DaemonSet's template
// that the hint is for, with the hint's changes.
func (h Hint) PodSpec(spec corev1.PodSpec) corev1.PodSpec {
	changed := spec.DeepCopy()
	for _, s := range h.Steps {
		s.change(changed)
	}
	prune(changed)
	return *changed
}

// Cluster gives the snapshot with the hint's changes to nodes; it is c itself if
// there are none.
func (h Hint) Cluster(c *cluster.Cluster) (*cluster.Cluster, error) {
	var edits []cluster.NodeEdit
	grown := false
	for _, s := range h.Steps {
		if s.Edit != nil {
			edits = append(edits, *s.Edit)
		}
		grown = grown || s.Grow != nil
	}
	if len(edits) > 0 {
		var err error
		if c, err = c.EditAll(h.Nodes, edits...); err != nil {
			return nil, err
		}
	}
	if !grown {
		return c, nil
	}
	return h.grow(c)
}

func (h Hint) grow(c *cluster.Cluster) (*cluster.Cluster, error) {
	var nodes []runtime.Object
	for _, name := range h.Nodes.Names() {
		n, ok := c.Node(name)
		if !ok {
			return nil, fmt.Errorf("node %s is not in the cluster", name)
		}
		for _, s := range h.Steps {
			if s.Grow != nil {
				s.Grow.change(n)
			}
		}
		nodes = append(nodes, n)
	}
	return c.With(nodes...)
}

// mended compiles the workload with a hint's changes; false if an API server would
// refuse something that it took before.
func (w *Workload) mended(h Hint) (*Workload, bool) {
	if !slices.ContainsFunc(h.Steps, func(s HintStep) bool { return !s.onNode() }) {
		return w, true
	}
	var next *Workload
	var err error
	worse := false
	if w.daemonSet != nil {
		ds := w.daemonSet.DeepCopy()
		ds.Spec.Template.Spec = h.PodSpec(ds.Spec.Template.Spec)
		worse = len(cluster.Validate(ds)) > len(cluster.Validate(w.daemonSet))
		next, err = ForDaemonSet(ds, Unvalidated())
	} else {
		pod := w.pod.DeepCopy()
		pod.Spec = h.PodSpec(pod.Spec)
		worse = len(cluster.Validate(pod)) > len(cluster.Validate(w.pod))
		next, err = ForPod(pod, Unvalidated())
	}
	if err != nil || worse {
		return nil, false
	}
	next.beside = w.beside
	return next, true
}

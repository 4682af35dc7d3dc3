package placement

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/apply"
	"github.com/berthsim/berth/internal/borrow"
)

// Hint is a small set of changes that makes nodes Placed. It has been verified
// as printed: a prediction with the Patch applied and the nodes changed has the
// nodes of Gains, and no node has a worse decision than before, so no running
// pod is lost.
type Hint struct {
	Steps []HintStep      `json:"steps"` // to be applied together: none can be left out
	Nodes cluster.NodeSet `json:"nodes"` // where the steps on nodes apply; empty if there are none
	Gains cluster.NodeSet `json:"gains"` // the nodes that become Placed
	// Patch makes the steps on the pod's spec: a strategic merge patch in JSON for
	// the DaemonSet or the pod. It is empty if all steps are on nodes, and if no
	// such patch makes them: ports of a container that share a containerPort.
	Patch string `json:"patch,omitempty"`
	// Commands are the kubectl commands that make all steps. It is empty if
	// kubectl cannot: the spec of a pod is immutable (patch its manifest), and no
	// command makes a node larger or ready.
	Commands []string `json:"commands"`
}

// Hints returns the smallest sets of changes that make the pod Placed on more
// nodes. The smallest set is first; of sets of equal size, the one with the
// most gains. Nodes that need the same changes share a hint.
//
// With nodes, Hints looks only at those, in their order. Nodes with equal
// reasons form a group. For each group Hints returns one set of changes to the
// pod and one of changes to the nodes. If neither is enough, it returns one of
// changes to both. It returns nothing for a node that is Placed, or if only other
// pods could change the outcome (spread constraints, pod affinity). The error
// reports nodes that the snapshot does not have.
//
// Each change is as narrow as possible: a toleration of this taint and not of
// all, one more value and not the whole requirement, as much cpu as is missing.
// Hints does not change what a node is (its name, os, architecture, zone), or
// taints that the control plane would set again.
//
// It costs a verdict for each node that is not placed, a prediction for each set
// of changes that is tried, and one for each step of a set that works.
func (p *Prediction) Hints(nodes ...string) ([]Hint, error) {
	p = p.orNothing()
	if len(nodes) > 0 {
		return p.hintsFor(nodes)
	}
	hints := p.hints(p.cluster.Nodes().Minus(p.Placed()).Names())
	slices.SortStableFunc(hints, compareHints)
	return hints, nil
}

func (p *Prediction) hintsFor(nodes []string) ([]Hint, error) {
	var open []string
	var errs []error
	for _, node := range nodes {
		switch v, ok := p.Verdict(node); {
		case !ok:
			errs = append(errs, fmt.Errorf("node %q is not in the cluster", node))
		case v.Decision != Placed && !slices.Contains(open, node):
			open = append(open, node)
		}
	}
	return p.hints(open), errors.Join(errs...)
}

// hints returns the hints for each group of the nodes, without repetitions.
func (p *Prediction) hints(nodes []string) []Hint {
	var hints []Hint
	known := map[string]bool{}
	for _, g := range p.alike(nodes) {
		for _, h := range p.try(g.remedy, p.cluster.Named(g.nodes...)) {
			key := h.text() + " on " + strings.Join(h.Nodes.Names(), " ")
			if !known[key] {
				known[key], hints = true, append(hints, h)
			}
		}
	}
	return hints
}

func compareHints(a, b Hint) int {
	return cmp.Or(
		cmp.Compare(len(a.Steps), len(b.Steps)),
		cmp.Compare(b.Gains.Len(), a.Gains.Len()),
		cmp.Compare(a.Nodes.Len(), b.Nodes.Len()),
		cmp.Compare(a.text(), b.text()),
	)
}

// afflicted is a group of nodes that need the same changes.
type afflicted struct {
	nodes  []string
	remedy remedy
}

// alike groups nodes that are not placed by what would change that.
func (p *Prediction) alike(nodes []string) []*afflicted {
	known := map[string]*afflicted{}
	var all []*afflicted
	m := &hinter{p: p}
	for _, name := range nodes {
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

// remedy is the sets of changes that may make a node Placed. Of each list, the
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

// hinter looks for changes that make a node Placed.
type hinter struct {
	p          *Prediction
	node       *corev1.Node
	vocabulary *vocabulary    // computed on first use
	busy       map[int32]bool // host ports in use, computed on first use
}

// remedy returns the changes for all reasons against the node.
func (m *hinter) remedy(v Verdict) remedy {
	m.node, _ = borrow.From(m.p.cluster).Node(v.Node)
	return remedy{
		pod:  [][]HintStep{m.steps(v, m.podStrictly, nil), m.steps(v, m.podWidely, nil)},
		node: [][]HintStep{m.steps(v, m.onNode, nil)},
		both: [][]HintStep{m.steps(v, m.podWidely, m.onNode)},
	}
}

// steps returns the changes that way, or else other, finds for each reason. It
// returns nil if neither finds any for one of the reasons.
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

// try returns the hints that work on all of the nodes.
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

// shortened removes the steps that other steps make unnecessary, such as two
// labels of one key.
func (p *Prediction) shortened(h Hint, nodes cluster.NodeSet) Hint {
	for i := 0; i < len(h.Steps) && len(h.Steps) > 1; i++ {
		if less, ok := p.verified(slices.Delete(slices.Clone(h.Steps), i, i+1), nodes); ok {
			return p.shortened(less, nodes)
		}
	}
	return h
}

// verified applies the changes and predicts again.
func (p *Prediction) verified(steps []HintStep, nodes cluster.NodeSet) (Hint, bool) {
	if len(steps) == 0 {
		return Hint{}, false
	}
	h := Hint{Steps: steps}
	if slices.ContainsFunc(steps, HintStep.onNode) {
		h.Nodes = nodes
	}
	w, patch, ok := p.given.mended(h)
	if !ok {
		return Hint{}, false
	}
	h.Patch = patch
	h.Commands = h.commands(p.given)
	c, err := h.Cluster(p.cluster)
	if err != nil {
		return Hint{}, false
	}
	d := Diff(p, w.Predict(c))
	if d.Nodes(Eligible, Refused).Len() > 0 {
		return Hint{}, false
	}
	h.Gains = d.turned[gained].Or(d.turned[pendingToPlaced])
	worse := d.turned[eligibleToExcluded].Or(d.turned[eligibleToKept]).Or(d.turned[keptToExcluded]).Or(d.turned[newlyPending].And(p.Placed()))
	return h, worse.Len() == 0 && nodes.Minus(h.Gains).Len() == 0
}

func (h Hint) text() string { return textOf(h.Steps) }

// String returns the hint in one line.
func (h Hint) String() string {
	on := ""
	if h.Nodes.Len() > 0 {
		on = " on " + strings.Join(h.Nodes.Names(), " ")
	}
	return h.text() + on + ": gains " + strings.Join(h.Gains.Names(), " ")
}

// PodSpec returns a copy of the spec, of the pod or of the DaemonSet's
// template, with the hint's changes.
func (h Hint) PodSpec(spec corev1.PodSpec) corev1.PodSpec {
	changed := spec.DeepCopy()
	for _, s := range h.Steps {
		s.change(changed)
	}
	prune(changed)
	return *changed
}

// Cluster returns the snapshot with the hint's changes to nodes. It returns c
// itself if there are none.
func (h Hint) Cluster(c *cluster.Cluster) (*cluster.Cluster, error) {
	var edits []cluster.NodeEdit
	grown := false
	for _, s := range h.Steps {
		if s.Node != nil {
			edits = append(edits, *s.Node)
		}
		grown = grown || s.Node == nil && s.onNode()
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
			if s.onNode() {
				s.grow(n)
			}
		}
		nodes = append(nodes, n)
	}
	return c.With(nodes...)
}

// mended compiles the workload with the hint's changes, as its patch makes them.
// It returns false if an API server would reject something that it accepted
// before.
func (w *Workload) mended(h Hint) (next *Workload, patch string, ok bool) {
	if !h.changesPod() {
		return w, "", true
	}
	object := w.object()
	wanted := object.DeepCopyObject()
	*podSpecOf(wanted) = h.PodSpec(*podSpecOf(object))
	changed, patch := patched(object, wanted)
	next, err := compile(changed)
	if err != nil || len(cluster.Validate(changed)) > len(cluster.Validate(object)) {
		return nil, "", false
	}
	next.beside, next.entry = w.beside, w.entry
	return next, patch, true
}

func (h Hint) changesPod() bool {
	return slices.ContainsFunc(h.Steps, func(s HintStep) bool { return !s.onNode() })
}

// patched returns the patch from an object to another and the object that it
// makes. If that has another pod spec, patched returns the other object and no
// patch.
func patched(from, to runtime.Object) (runtime.Object, string) {
	patch, err := apply.Diff(from, to)
	if err != nil {
		return to, ""
	}
	made, err := apply.Patch(from, patch)
	if err != nil || !equality.Semantic.DeepEqual(podSpecOf(made), podSpecOf(to)) {
		return to, ""
	}
	return made, string(patch)
}

// object returns the object that the workload was compiled from.
func (w *Workload) object() runtime.Object {
	if w.daemonSet != nil {
		return w.daemonSet
	}
	return w.pod
}

func podSpecOf(object runtime.Object) *corev1.PodSpec {
	if ds, ok := object.(*appsv1.DaemonSet); ok {
		return &ds.Spec.Template.Spec
	}
	return &object.(*corev1.Pod).Spec
}

func compile(object runtime.Object) (*Workload, error) {
	if ds, ok := object.(*appsv1.DaemonSet); ok {
		return ForDaemonSet(ds, Unvalidated())
	}
	return ForPod(object.(*corev1.Pod), Unvalidated())
}

package cluster

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// Nodes gives all nodes.
func (c *Cluster) Nodes() NodeSet {
	return NodeSet{c.view, c.view.all}
}

// Named gives the nodes with these names; a name that no node has adds nothing.
func (c *Cluster) Named(names ...string) NodeSet {
	w := newWords(c.view.len())
	for _, name := range names {
		if i, ok := c.view.position(name); ok {
			w.add(i)
		}
	}
	return NodeSet{c.view, w}
}

// Unschedulable gives the nodes with spec.unschedulable set. The first call reads every node.
func (c *Cluster) Unschedulable() NodeSet {
	w := c.view.index.cordoned().clone()
	c.view.fix(w, func(n *corev1.Node) bool { return n.Spec.Unschedulable })
	return NodeSet{c.view, w}
}

// Labeled gives the nodes whose label key has one of the values.
// The first question about a key costs one map lookup a node, later ones a word
// operation per 64 nodes and value.
func (c *Cluster) Labeled(key string, values ...string) NodeSet {
	w := c.view.index.label(key).union(values, c.view.none)
	if len(c.view.patch) == 0 {
		return NodeSet{c.view, w}
	}
	w = w.clone()
	c.view.fix(w, func(n *corev1.Node) bool {
		value, ok := n.Labels[key]
		return ok && slices.Contains(values, value)
	})
	return NodeSet{c.view, w}
}

// HasLabel gives the nodes that have the label key, whatever its value.
func (c *Cluster) HasLabel(key string) NodeSet {
	w := c.view.index.label(key).has
	if len(c.view.patch) > 0 {
		w = w.clone()
		c.view.fix(w, func(n *corev1.Node) bool { _, ok := n.Labels[key]; return ok })
	}
	return NodeSet{c.view, w}
}

// LabelValues gives the distinct values that nodes have for the label key, ascending.
func (c *Cluster) LabelValues(key string) []string {
	column := c.view.index.label(key)
	edited := map[int32]int32{} // nodes of each value that the index has and the snapshot no more
	var values []string
	for _, p := range c.view.patch {
		edited[column.ids[p.position]]++
		if value, ok := p.node.Labels[key]; ok {
			values = append(values, value)
		}
	}
	for id, value := range column.values {
		if column.counts[id] > edited[int32(id)] {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// LabelKeys gives the distinct label keys of all nodes, ascending. It reads every label.
func (c *Cluster) LabelKeys() []string {
	seen := map[string]bool{}
	for i := range c.view.len() {
		for key := range c.view.node(i).Labels { // in any order: a set
			seen[key] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// TaintSet is one taint (without the time it was added) and the nodes that have it.
type TaintSet struct {
	Taint corev1.Taint
	Nodes NodeSet
}

// Taints gives the distinct taints of all nodes, ascending by key, value and
// effect. The first call reads every taint, later ones cost a word operation
// per 64 nodes and taint.
func (c *Cluster) Taints() []TaintSet {
	column := c.view.index.taint()
	sets := make([]TaintSet, 0, len(column.taints))
	for i, t := range column.taints {
		w := column.where[i].dense
		if w == nil || len(c.view.patch) > 0 {
			w = newWords(c.view.len())
			column.where[i].addTo(w)
			c.view.fix(w, func(n *corev1.Node) bool { return hasTaint(n, t) })
		}
		sets = append(sets, TaintSet{t, NodeSet{c.view, w}})
	}
	if len(c.view.patch) > 0 {
		sets = c.view.patchTaints(sets)
	}
	return sets
}

// patchTaints adds the taints that only edited nodes have and drops those that no node has any more.
func (v *view) patchTaints(sets []TaintSet) []TaintSet {
	known := len(sets)
	for _, p := range v.patch {
		for _, t := range p.node.Spec.Taints {
			t.TimeAdded = nil
			if i := slices.IndexFunc(sets, func(s TaintSet) bool { return s.Taint == t }); i < 0 {
				w := newWords(v.len())
				w.add(p.position)
				sets = append(sets, TaintSet{t, NodeSet{v, w}})
			} else if i >= known {
				sets[i].Nodes.words.add(p.position)
			}
		}
	}
	sets = slices.DeleteFunc(sets, func(s TaintSet) bool { return s.Nodes.Len() == 0 })
	slices.SortFunc(sets, func(a, b TaintSet) int { return compareTaints(a.Taint, b.Taint) })
	return sets
}

func hasTaint(n *corev1.Node, t corev1.Taint) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(u corev1.Taint) bool {
		return u.Key == t.Key && u.Value == t.Value && u.Effect == t.Effect
	})
}

// Select gives the nodes that a label selector in kubectl's notation matches:
// "disktype=ssd,zone in (a,b),!spot". The empty selector matches every node.
func (c *Cluster) Select(labelSelector string) (NodeSet, error) {
	selector, err := labels.Parse(labelSelector)
	if err != nil {
		return NodeSet{}, fmt.Errorf("label selector %q: %w", labelSelector, err)
	}
	return c.Matching(selector), nil
}

// Matching gives the nodes whose labels a parsed selector matches.
func (c *Cluster) Matching(selector labels.Selector) NodeSet {
	requirements, selectable := selector.Requirements()
	if !selectable {
		return NodeSet{c.view, newWords(c.view.len())}
	}
	set := c.Nodes()
	for _, r := range requirements {
		set = c.meeting(set, r)
	}
	return set
}

// meeting gives those of the set that meet one requirement (labels.Requirement.Matches):
// NotIn and DoesNotExist are met without the key, Gt and Lt compare integers.
func (c *Cluster) meeting(set NodeSet, r labels.Requirement) NodeSet {
	key := r.Key()
	switch r.Operator() {
	case selection.Exists:
		return set.And(c.HasLabel(key))
	case selection.DoesNotExist:
		return set.Minus(c.HasLabel(key))
	case selection.NotIn, selection.NotEquals:
		return set.Minus(c.Labeled(key, r.ValuesUnsorted()...))
	case selection.GreaterThan, selection.LessThan:
		values := slices.DeleteFunc(c.LabelValues(key), func(value string) bool {
			return !r.Matches(labels.Set{key: value})
		})
		return set.And(c.Labeled(key, values...))
	default:
		return set.And(c.Labeled(key, r.ValuesUnsorted()...))
	}
}

// Tainted gives the nodes with a taint, in kubectl's notation: "dedicated=gpu:NoSchedule".
// What is left out matches anything: a bare key any value and effect,
// "key=value" any effect, "key:effect" any value.
func (c *Cluster) Tainted(taint string) (NodeSet, error) {
	pattern, err := parseTaint(taint)
	if err != nil {
		return NodeSet{}, err
	}
	w := newWords(c.view.len())
	for _, s := range c.Taints() {
		if pattern.matches(s.Taint) {
			w = w.or(s.Nodes.words)
		}
	}
	return NodeSet{c.view, w}, nil
}

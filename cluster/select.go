package cluster

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// Nodes returns all nodes.
func (c *Cluster) Nodes() NodeSet {
	c = c.orEmpty()
	return NodeSet{c.view, c.view.all}
}

// Named returns the nodes with these names. It ignores names that no node has.
func (c *Cluster) Named(names ...string) NodeSet {
	c = c.orEmpty()
	w := newWords(c.view.len())
	for _, name := range names {
		if i, ok := c.view.position(name); ok {
			w.add(i)
		}
	}
	return NodeSet{c.view, w}
}

// Unschedulable returns the nodes with spec.unschedulable set. The first call reads
// every node.
func (c *Cluster) Unschedulable() NodeSet {
	c = c.orEmpty()
	w := c.view.index.cordoned().clone()
	c.view.fix(w, isCordoned)
	return NodeSet{c.view, w}
}

// Labeled returns the nodes whose label key has one of the values. The first query
// for a key costs one map lookup per node, later ones a word operation per 64 nodes
// and value.
func (c *Cluster) Labeled(key string, values ...string) NodeSet {
	c = c.orEmpty()
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

// HasLabel returns the nodes with the label key, whatever its value.
func (c *Cluster) HasLabel(key string) NodeSet {
	c = c.orEmpty()
	w := c.view.index.label(key).has
	if len(c.view.patch) > 0 {
		w = w.clone()
		c.view.fix(w, func(n *corev1.Node) bool { _, ok := n.Labels[key]; return ok })
	}
	return NodeSet{c.view, w}
}

// LabelValues returns the distinct values that nodes have for the label key,
// ascending.
func (c *Cluster) LabelValues(key string) []string {
	c = c.orEmpty()
	column := c.view.index.label(key)
	edited := map[int32]int32{} // by value: nodes that have it in the index but no longer in the snapshot
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

// LabelKeys returns the distinct label keys of all nodes, ascending. It reads every
// label.
func (c *Cluster) LabelKeys() []string {
	c = c.orEmpty()
	seen := map[string]bool{}
	for i := range c.view.len() {
		for key := range c.view.node(i).Labels { // in any order: the result is sorted
			seen[key] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Taints returns the distinct taints of all nodes, ascending by key, value and
// effect, without timeAdded. The first call reads every taint.
func (c *Cluster) Taints() []corev1.Taint {
	c = c.orEmpty()
	column, v := c.view.index.taint(), c.view
	if len(v.patch) == 0 {
		return slices.Clone(column.taints)
	}
	taints := column.missing(v.patch)
	for i, t := range column.taints {
		left := column.where[i].count()
		for _, p := range v.patch {
			if hasTaint(v.base[p.position], t) {
				left--
			}
			if hasTaint(p.node, t) {
				left++
			}
		}
		if left > 0 {
			taints = append(taints, t)
		}
	}
	slices.SortFunc(taints, compareTaints)
	return taints
}

// WithTaint returns the nodes that have the taint, whatever its timeAdded. It costs
// a word operation per 64 nodes.
func (c *Cluster) WithTaint(t corev1.Taint) NodeSet {
	c = c.orEmpty()
	t.TimeAdded = nil
	p, w := c.view.index.taint().posting(t), c.view.none
	if len(c.view.patch) == 0 && p.dense != nil {
		return NodeSet{c.view, p.dense}
	}
	if p.count() > 0 || len(c.view.patch) > 0 {
		w = w.clone()
		p.addTo(w)
		c.view.fix(w, func(n *corev1.Node) bool { return hasTaint(n, t) })
	}
	return NodeSet{c.view, w}
}

func hasTaint(n *corev1.Node, t corev1.Taint) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(u corev1.Taint) bool {
		return u.Key == t.Key && u.Value == t.Value && u.Effect == t.Effect
	})
}

// Select returns the nodes that a label selector in kubectl's notation matches:
// "disktype=ssd,zone in (a,b),!spot". The empty selector matches every node.
func (c *Cluster) Select(labelSelector string) (NodeSet, error) {
	c = c.orEmpty()
	selector, err := labels.Parse(labelSelector)
	if err != nil {
		return NodeSet{}, fmt.Errorf("label selector %q: %w", labelSelector, err)
	}
	return c.Matching(selector), nil
}

// Matching returns the nodes whose labels match a parsed selector. A nil selector
// matches none.
func (c *Cluster) Matching(selector labels.Selector) NodeSet {
	c = c.orEmpty()
	if selector == nil {
		selector = labels.Nothing()
	}
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

// meeting returns the nodes in set that meet one requirement
// (labels.Requirement.Matches): NotIn and DoesNotExist are met without the key, Gt
// and Lt compare integers.
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

// Tainted returns the nodes with a matching taint. The taint is in kubectl's
// notation: "dedicated=gpu:NoSchedule". An omitted part matches anything: a bare key
// any value and effect, "key=value" any effect, "key:effect" any value.
func (c *Cluster) Tainted(taint string) (NodeSet, error) {
	c = c.orEmpty()
	pattern, err := parseTaint(taint)
	if err != nil {
		return NodeSet{}, err
	}
	w := c.view.none.clone()
	for _, t := range c.Taints() {
		if pattern.matches(t) {
			w = w.or(c.WithTaint(t).words)
		}
	}
	return NodeSet{c.view, w}, nil
}

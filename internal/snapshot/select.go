package snapshot

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// Nodes returns all nodes.
func (s *Snapshot) Nodes() Set {
	s = s.orEmpty()
	return Set{s.view, s.view.all}
}

// Named returns the nodes with these names. It ignores names that no node has.
func (s *Snapshot) Named(names ...string) Set {
	s = s.orEmpty()
	w := newWords(s.view.len())
	for _, name := range names {
		if i, ok := s.view.position(name); ok {
			w.add(i)
		}
	}
	return Set{s.view, w}
}

// Unschedulable returns the nodes with spec.unschedulable set. The first call reads
// every node.
func (s *Snapshot) Unschedulable() Set {
	s = s.orEmpty()
	w := s.view.index.cordoned().clone()
	s.view.fix(w, isCordoned)
	return Set{s.view, w}
}

// Labeled returns the nodes whose label key has one of the values. The first query
// for a key costs one map lookup per node, later ones a word operation per 64 nodes
// and value.
func (s *Snapshot) Labeled(key string, values ...string) Set {
	s = s.orEmpty()
	w := s.view.index.label(key).union(values, s.view.none)
	if len(s.view.patch) == 0 {
		return Set{s.view, w}
	}
	w = w.clone()
	s.view.fix(w, func(n *corev1.Node) bool {
		value, ok := n.Labels[key]
		return ok && slices.Contains(values, value)
	})
	return Set{s.view, w}
}

// HasLabel returns the nodes with the label key, whatever its value.
func (s *Snapshot) HasLabel(key string) Set {
	s = s.orEmpty()
	w := s.view.index.label(key).has
	if len(s.view.patch) > 0 {
		w = w.clone()
		s.view.fix(w, func(n *corev1.Node) bool { _, ok := n.Labels[key]; return ok })
	}
	return Set{s.view, w}
}

// LabelValues returns the distinct values that nodes have for the label key,
// ascending.
func (s *Snapshot) LabelValues(key string) []string {
	s = s.orEmpty()
	column := s.view.index.label(key)
	edited := map[int32]int32{} // by value: nodes that have it in the index but no longer in the snapshot
	var values []string
	for _, p := range s.view.patch {
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
func (s *Snapshot) LabelKeys() []string {
	s = s.orEmpty()
	seen := map[string]bool{}
	for i := range s.view.len() {
		for key := range s.view.node(i).Labels { // in any order: the result is sorted
			seen[key] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Taints returns the distinct taints of all nodes, ascending by key, value and
// effect, without timeAdded. The first call reads every taint.
func (s *Snapshot) Taints() []corev1.Taint {
	s = s.orEmpty()
	column, v := s.view.index.taint(), s.view
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
func (s *Snapshot) WithTaint(t corev1.Taint) Set {
	s = s.orEmpty()
	t.TimeAdded = nil
	p, w := s.view.index.taint().posting(t), s.view.none
	if len(s.view.patch) == 0 && p.dense != nil {
		return Set{s.view, p.dense}
	}
	if p.count() > 0 || len(s.view.patch) > 0 {
		w = w.clone()
		p.addTo(w)
		s.view.fix(w, func(n *corev1.Node) bool { return hasTaint(n, t) })
	}
	return Set{s.view, w}
}

func hasTaint(n *corev1.Node, t corev1.Taint) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(u corev1.Taint) bool {
		return u.Key == t.Key && u.Value == t.Value && u.Effect == t.Effect
	})
}

// Matching returns the nodes whose labels match a parsed selector. A nil selector
// matches none.
func (s *Snapshot) Matching(selector labels.Selector) Set {
	s = s.orEmpty()
	if selector == nil {
		selector = labels.Nothing()
	}
	requirements, selectable := selector.Requirements()
	if !selectable {
		return Set{s.view, newWords(s.view.len())}
	}
	set := s.Nodes()
	for _, r := range requirements {
		set = s.meeting(set, r)
	}
	return set
}

// meeting returns the nodes in set that meet one requirement
// (labels.Requirement.Matches): NotIn and DoesNotExist are met without the key, Gt
// and Lt compare integers.
func (s *Snapshot) meeting(set Set, r labels.Requirement) Set {
	key := r.Key()
	switch r.Operator() {
	case selection.Exists:
		return set.And(s.HasLabel(key))
	case selection.DoesNotExist:
		return set.Minus(s.HasLabel(key))
	case selection.NotIn, selection.NotEquals:
		return set.Minus(s.Labeled(key, r.ValuesUnsorted()...))
	case selection.GreaterThan, selection.LessThan:
		values := slices.DeleteFunc(s.LabelValues(key), func(value string) bool {
			return !r.Matches(labels.Set{key: value})
		})
		return set.And(s.Labeled(key, values...))
	default:
		return set.And(s.Labeled(key, r.ValuesUnsorted()...))
	}
}

package cluster

import (
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/berthsim/berth/internal/snapshot"
	"github.com/berthsim/berth/internal/spell"
)

// CheckSelector returns an error for each key and value of a label selector that no
// node has, with the nearest key or value of a node. Select then returns an empty set,
// or all nodes for a negated requirement. A negated requirement is only reported
// if a node has something similar: "!spot" is fine on a cluster without spot nodes.
func (c *Cluster) CheckSelector(labelSelector string) error {
	selector, err := parseSelector(labelSelector)
	if err != nil {
		return err
	}
	requirements, _ := selector.Requirements()
	var errs []error
	for _, r := range requirements {
		errs = append(errs, checkRequirement(c.snapshot(), r))
	}
	return errors.Join(errs...)
}

func checkRequirement(s *snapshot.Snapshot, r labels.Requirement) error {
	key := r.Key()
	if s.HasLabel(key).Len() == 0 {
		near := spell.Nearest(key, s.LabelKeys())
		if near == "" && isNegated(r) {
			return nil
		}
		return fmt.Errorf("no node has the label key %s%s", key, suggestion(near))
	}
	switch r.Operator() {
	case selection.In, selection.Equals, selection.DoubleEquals, selection.NotIn, selection.NotEquals:
	default:
		return nil
	}
	var errs []error
	known := s.LabelValues(key)
	for _, value := range slices.Sorted(slices.Values(r.ValuesUnsorted())) {
		if near := spell.Nearest(value, known); !slices.Contains(known, value) && (near != "" || !isNegated(r)) {
			errs = append(errs, fmt.Errorf("no node has the label %s=%s%s", key, value, suggestion(near)))
		}
	}
	return errors.Join(errs...)
}

func isNegated(r labels.Requirement) bool {
	switch r.Operator() {
	case selection.DoesNotExist, selection.NotIn, selection.NotEquals:
		return true
	}
	return false
}

// CheckTaint returns an error if no node has a taint that Tainted would find, with
// the nearest taint that some node has.
func (c *Cluster) CheckTaint(taint string) error {
	set, err := c.Tainted(taint)
	if err != nil || set.Len() > 0 {
		return err
	}
	pattern, _ := parseTaint(taint)
	var keys, values []string
	for _, t := range c.snapshot().Taints() {
		keys = append(keys, t.Key)
		if t.Key == pattern.key {
			values = append(values, t.Value)
		}
	}
	if len(values) == 0 {
		return fmt.Errorf("no node has a taint with the key %s%s", pattern.key, suggestion(spell.Nearest(pattern.key, keys)))
	}
	return fmt.Errorf("no node has the taint %s%s", taint, suggestion(nearestTaint(c, pattern, values)))
}

// nearestTaint returns a taint with the key of the pattern: one whose value is
// similar, or the same value with another effect.
func nearestTaint(c *Cluster, p taintPattern, values []string) string {
	near := spell.Nearest(p.value, values)
	for _, t := range c.snapshot().Taints() {
		if t.Key == p.key && (t.Value == near && near != "" || p.hasValue && t.Value == p.value || !p.hasValue) {
			return t.ToString()
		}
	}
	return ""
}

func suggestion(near string) string {
	if near == "" {
		return ""
	}
	return ": did you mean " + near + "?"
}

package cluster

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/snapshot"
)

// Nodes returns all nodes.
func (c *Cluster) Nodes() NodeSet { return NodeSet(c.snapshot().Nodes()) }

// Named returns the nodes with these names. It ignores names that no node has.
func (c *Cluster) Named(names ...string) NodeSet { return NodeSet(c.snapshot().Named(names...)) }

// Labeled returns the nodes whose label key has one of the values. Without values it
// returns the nodes that have the key. The first query for a key costs one map lookup
// per node, later ones a word operation per 64 nodes and value.
func (c *Cluster) Labeled(key string, values ...string) NodeSet {
	if len(values) == 0 {
		return NodeSet(c.snapshot().HasLabel(key))
	}
	return NodeSet(c.snapshot().Labeled(key, values...))
}

// LabelValues returns the distinct values that nodes have for the label key,
// ascending.
func (c *Cluster) LabelValues(key string) []string { return c.snapshot().LabelValues(key) }

// Select returns the nodes that a label selector in kubectl's notation matches:
// "disktype=ssd,zone in (a,b),!spot". The empty selector matches every node. A key or
// value that no node has is not an error; CheckSelector reports it.
func (c *Cluster) Select(labelSelector string) (NodeSet, error) {
	selector, err := parseSelector(labelSelector)
	if err != nil {
		return NodeSet{}, err
	}
	return NodeSet(c.snapshot().Matching(selector)), nil
}

func parseSelector(text string) (labels.Selector, error) {
	selector, err := labels.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("label selector %q: %w", text, err)
	}
	return selector, nil
}

// Tainted returns the nodes with a matching taint. The taint is in kubectl's
// notation: "dedicated=gpu:NoSchedule". An omitted part matches anything: a bare key
// any value and effect, "key=value" any effect, "key:effect" any value.
// A taint that no node has is not an error; CheckTaint reports it.
func (c *Cluster) Tainted(taint string) (NodeSet, error) {
	pattern, err := parseTaint(taint)
	if err != nil {
		return NodeSet{}, err
	}
	var set snapshot.Set
	for _, t := range c.snapshot().Taints() {
		if pattern.matches(t) {
			set = set.Or(c.snapshot().WithTaint(t))
		}
	}
	return NodeSet(set), nil
}

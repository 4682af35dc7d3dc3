package diagnosis

import (
	"slices"
	"strings"

	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// onNodes returns the changes of a hint to some of its nodes.
func (x *examination) onNodes(h placement.Hint, nodes []string) candidate {
	c, err := h.Cluster(x.cluster())
	if err != nil {
		return candidate{}
	}
	all := candidate{means: RepairNodes, does: stepWords(h.Steps) + " on " + some(nodes)}
	for _, n := range nodes {
		if object, ok := c.Node(n); ok {
			all.inputs = append(all.inputs, rollout.ApplyNode{Node: object})
		}
	}
	return all
}

// merged adds the steps that are missing; of two requests for the same resource it
// keeps the smaller one.
func merged(steps, more []placement.Step) []placement.Step {
	for _, s := range more {
		i := slices.IndexFunc(steps, func(t placement.Step) bool {
			return t.String() == s.String() || s.Request != nil && t.Request != nil &&
				t.Request.Container == s.Request.Container && t.Request.Resource == s.Request.Resource
		})
		switch {
		case i < 0:
			steps = append(steps, s)
		case s.Request != nil && s.Request.To.Cmp(steps[i].Request.To) < 0:
			steps[i] = s
		}
	}
	return steps
}

func stepWords(steps []placement.Step) string {
	var words []string
	for _, s := range steps {
		words = append(words, s.String())
	}
	return strings.Join(words, ", ")
}

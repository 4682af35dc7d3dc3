package placement

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
)

// preFilterResult is the set of nodes that a pod names. The scheduler looks at
// no others. NodeName is a filter like others before kube.NodeNamePreFilter (pkg/scheduler/framework/plugins/nodename/node_name.go: PreFilter;
// pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go: PreFilter;
// pkg/scheduler/framework/runtime/framework.go: RunPreFilterPlugins).
type preFilterResult struct {
	plugins []string // plugins that restrict it, ascending; none if every node is looked at
	names   []string
	refusal string // why no node is looked at
}

const affinityConflict = "pod affinity terms conflict"

func newPreFilterResult(spec *corev1.PodSpec, release kube.Release) preFilterResult {
	var a preFilterResult
	node := spec.NodeName
	if !release.Has(kube.NodeNamePreFilter) {
		node = ""
	}
	named, restricts := namedByAffinity(requiredOf(spec))
	switch {
	case restricts && len(named) == 0:
		a.refusal = affinityConflict
	case restricts && node != "" && !slices.Contains(named, node):
		a.refusal = fmt.Sprintf("node(s) didn't satisfy plugin(s) [%s %s] simultaneously", pluginAffinity, pluginNodeName)
	case restricts && node != "":
		a.plugins, a.names = []string{pluginAffinity, pluginNodeName}, []string{node}
	case restricts:
		a.plugins, a.names = []string{pluginAffinity}, named
	case node != "":
		a.plugins, a.names = []string{pluginNodeName}, []string{node}
	}
	return a
}

// namedByAffinity returns the nodes that the required terms name, if each term
// names some.
func namedByAffinity(required *corev1.NodeSelector) (names []string, restricts bool) {
	if required == nil {
		return nil, false
	}
	for i := range required.NodeSelectorTerms {
		named, restricts := namedByTerm(&required.NodeSelectorTerms[i])
		if !restricts {
			return nil, false
		}
		names = append(names, named...)
	}
	return names, len(required.NodeSelectorTerms) > 0
}

func namedByTerm(t *corev1.NodeSelectorTerm) (names []string, restricts bool) {
	for _, f := range t.MatchFields {
		switch {
		case f.Key != "metadata.name" || f.Operator != corev1.NodeSelectorOpIn:
		case restricts:
			names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(f.Values, name) })
		default:
			names, restricts = slices.Clone(f.Values), true
		}
	}
	return names, restricts
}

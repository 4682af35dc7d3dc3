package placement

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// spread is a topologySpreadConstraint, compiled as the scheduler does
// (pkg/scheduler/framework/plugins/podtopologyspread/common.go:
// filterTopologySpreadConstraints).
type spread struct {
	key           string // topologyKey
	path          string
	maxSkew       int64
	minDomains    int
	selector      labels.Selector
	self          int64 // 1 if the pod itself is counted
	heedsAffinity bool  // only nodes that the pod's affinity matches are counted,
	heedsTaints   bool  // only nodes whose taints it tolerates
}

// compileSpreads returns the constraints that filter nodes (DoNotSchedule), or
// the constraints that only affect scores (ScheduleAnyway).
func compileSpreads(pod *corev1.Pod, action corev1.UnsatisfiableConstraintAction) ([]spread, error) {
	var all []spread
	for i := range pod.Spec.TopologySpreadConstraints {
		c := &pod.Spec.TopologySpreadConstraints[i]
		if c.WhenUnsatisfiable != action {
			continue
		}
		s, err := compileSpread(c, pod.Labels)
		if err != nil {
			return nil, err
		}
		s.path = fmt.Sprintf("spec.topologySpreadConstraints[%d]", i)
		all = append(all, s)
	}
	return all, nil
}

func compileSpread(c *corev1.TopologySpreadConstraint, pod map[string]string) (spread, error) {
	selector, err := metav1.LabelSelectorAsSelector(c.LabelSelector)
	if err != nil {
		return spread{}, err
	}
	s := spread{key: c.TopologyKey, maxSkew: int64(c.MaxSkew), minDomains: 1, selector: withLabelKeys(selector, c.MatchLabelKeys, pod)}
	if c.MinDomains != nil {
		s.minDomains = int(*c.MinDomains)
	}
	s.heedsAffinity = c.NodeAffinityPolicy == nil || *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor
	s.heedsTaints = c.NodeTaintsPolicy != nil && *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor
	if s.selector.Matches(labels.Set(pod)) {
		s.self = 1
	}
	return s, nil
}

// withLabelKeys narrows a selector to pods that have the pod's own values of
// matchLabelKeys. A selector that matches nothing still matches nothing.
func withLabelKeys(selector labels.Selector, keys []string, pod map[string]string) labels.Selector {
	own := labels.Set{}
	for _, key := range keys {
		if value, ok := pod[key]; ok {
			own[key] = value
		}
	}
	requirements, selectable := selector.Requirements()
	if len(own) == 0 || !selectable {
		return selector
	}
	return labels.SelectorFromSet(own).Add(requirements...)
}

// counts reports whether pods of the kind are spread by the constraint
// (countPodsMatchSelector). A selector that would match every pod counts none.
func (s *spread) counts(k *kind, namespace string) bool {
	return s.means(k, namespace) && !k.leaving && !s.selector.Empty()
}

func (s *spread) means(k *kind, namespace string) bool {
	return k.namespace == namespace && s.selector.Matches(labels.Set(k.labels))
}

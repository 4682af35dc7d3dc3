package gen

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

var topologyKeys = []string{corev1.LabelHostname, "topology.kubernetes.io/zone", "topology.kubernetes.io/zone", "disk", "rack"}

// modest draws a placement that the API server would admit and that most nodes can meet.
func modest(t *rapid.T) (map[string]string, *corev1.Affinity, []corev1.Toleration) {
	var selector map[string]string
	if oneIn(t, 4, "nodeSelector") {
		selector = map[string]string{"zone": pick(t, "zone", "a", "b")}
	}
	affinity := &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}}
	if oneIn(t, 3, "required") {
		affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
			NodeSelectorTerms: append(some(t, 1, "terms", valid), valid(t)),
		}
	}
	affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = some(t, 2, "preferred", func(t *rapid.T) corev1.PreferredSchedulingTerm {
		return corev1.PreferredSchedulingTerm{Weight: pick[int32](t, "weight", 1, 7, 50, 100), Preference: valid(t)}
	})
	if oneIn(t, 3, "no affinity") {
		affinity = nil
	}
	return selector, affinity, Tolerations(t)
}

// valid draws a term whose requirements parse.
func valid(t *rapid.T) corev1.NodeSelectorTerm {
	switch rapid.IntRange(0, 5).Draw(t, "valid term") {
	case 0:
		return corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{{
			Key:      metav1.ObjectNameField,
			Operator: pick(t, "operator", corev1.NodeSelectorOpIn, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn),
			Values:   []string{pick(t, "name", NodeNames...)},
		}}}
	case 1:
		return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: "n", Operator: pick(t, "operator", corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt), Values: []string{pick(t, "bound", "0", "1", "2")},
		}}}
	case 2:
		return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: pick(t, "key", labelKeys...), Operator: pick(t, "operator", corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist),
		}}}
	}
	return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
		Key: "zone", Operator: pick(t, "operator", corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn),
		Values: []string{pick(t, "zone", "a", "b")},
	}}}
}

// meet sets a pod's rules about other pods: affinity, anti-affinity and spreading.
func meet(t *rapid.T, pod *corev1.Pod) {
	if oneIn(t, 3, "podAffinity") {
		affine(pod).PodAffinity = &corev1.PodAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution:  some(t, 1, "required affinity", podTerm),
			PreferredDuringSchedulingIgnoredDuringExecution: some(t, 2, "preferred affinity", weighted),
		}
	}
	if oneIn(t, 3, "podAntiAffinity") {
		affine(pod).PodAntiAffinity = &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution:  some(t, 1, "required anti-affinity", podTerm),
			PreferredDuringSchedulingIgnoredDuringExecution: some(t, 2, "preferred anti-affinity", weighted),
		}
	}
	if oneIn(t, 3, "spread") {
		pod.Spec.TopologySpreadConstraints = some(t, 2, "constraints", Constraint)
	}
}

func affine(pod *corev1.Pod) *corev1.Affinity {
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	return pod.Spec.Affinity
}

func weighted(t *rapid.T) corev1.WeightedPodAffinityTerm {
	return corev1.WeightedPodAffinityTerm{Weight: pick[int32](t, "weight", 1, 10, 100), PodAffinityTerm: podTerm(t)}
}

func podTerm(t *rapid.T) corev1.PodAffinityTerm {
	term := corev1.PodAffinityTerm{TopologyKey: pick(t, "topologyKey", topologyKeys...), LabelSelector: LabelSelector(t)}
	if oneIn(t, 4, "namespaces") {
		term.Namespaces = []string{pick(t, "namespace", "default", "kube-system", "missing")}
	}
	if oneIn(t, 4, "namespaceSelector") {
		term.NamespaceSelector = pick(t, "namespaceSelector", &metav1.LabelSelector{},
			&metav1.LabelSelector{MatchLabels: map[string]string{"team": "a"}},
			&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpExists}}})
	}
	return term
}

// LabelSelector draws a selector of pods: nil (none), empty (all), by labels or by expressions.
func LabelSelector(t *rapid.T) *metav1.LabelSelector {
	switch rapid.IntRange(0, 7).Draw(t, "labelSelector") {
	case 0:
		return nil
	case 1:
		return &metav1.LabelSelector{}
	case 2:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: "app", Operator: pick(t, "operator", metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn), Values: []string{"db"},
		}}}
	case 3:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: "tier", Operator: pick(t, "operator", metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist),
		}}}
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(t, "app", "web", "db")}}
}

// Constraint draws a topology spread constraint.
func Constraint(t *rapid.T) corev1.TopologySpreadConstraint {
	c := corev1.TopologySpreadConstraint{
		MaxSkew:           pick[int32](t, "maxSkew", 1, 1, 2),
		TopologyKey:       pick(t, "topologyKey", topologyKeys...),
		WhenUnsatisfiable: pick(t, "whenUnsatisfiable", corev1.DoNotSchedule, corev1.ScheduleAnyway),
		LabelSelector:     LabelSelector(t),
	}
	if c.WhenUnsatisfiable == corev1.DoNotSchedule && oneIn(t, 4, "minDomains") {
		c.MinDomains = ptr(pick[int32](t, "domains", 1, 2, 5))
	}
	policies := []*corev1.NodeInclusionPolicy{nil, nil, ptr(corev1.NodeInclusionPolicyHonor), ptr(corev1.NodeInclusionPolicyIgnore)}
	c.NodeAffinityPolicy, c.NodeTaintsPolicy = pick(t, "nodeAffinityPolicy", policies...), pick(t, "nodeTaintsPolicy", policies...)
	if c.LabelSelector != nil && oneIn(t, 6, "matchLabelKeys") {
		c.MatchLabelKeys = []string{pick(t, "matchLabelKey", "tier", "absent")}
	}
	return c
}

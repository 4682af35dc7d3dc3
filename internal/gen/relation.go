package gen

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

var (
	namespaces = []string{"default", "other", "gone"}
	topologies = []string{"a", "a", "b", corev1.LabelHostname}
)

// PodLabels draws labels that selectors often match.
func PodLabels(t *rapid.T) map[string]string {
	labels := map[string]string{}
	for range one(t, "pod labels", 1, 1, 0, 2) {
		labels[one(t, "key", "app", "app", "app", "tier")] = one(t, "value", "x", "x", "x", "y")
	}
	return labels
}

// Selector draws a label selector, sometimes nil, empty, or with mistakes.
func Selector(t *rapid.T) *metav1.LabelSelector {
	switch rapid.IntRange(0, 9).Draw(t, "selector") {
	case 0:
		return nil
	case 1:
		return &metav1.LabelSelector{}
	case 2, 3, 4:
		r := metav1.LabelSelectorRequirement{Key: one(t, "key", "app", "tier"), Operator: one(t, "operator",
			metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}
		if r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpNotIn {
			r.Values = []string{one(t, "value", "x", "y")}
		}
		if chance(t, "mistake", 3) {
			r.Operator = "Bad"
		}
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{r}}
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{one(t, "key", "app", "app", "app", "tier"): one(t, "value", "x", "x", "y")}}
}

// PodTerm draws a term of pod affinity.
func PodTerm(t *rapid.T) corev1.PodAffinityTerm {
	term := corev1.PodAffinityTerm{LabelSelector: Selector(t), TopologyKey: one(t, "topology", topologies...)}
	term.Namespaces = several(t, "namespaces", one(t, "most namespaces", 0, 0, 2), func(t *rapid.T) string { return one(t, "namespace", namespaces...) })
	if chance(t, "namespaceSelector", 30) {
		term.NamespaceSelector = Selector(t)
	}
	return term
}

// Relations adds pod affinity, anti-affinity and spread constraints to a spec.
func Relations(t *rapid.T, spec *corev1.PodSpec) {
	most := func() int { return one(t, "most terms", 0, 0, 1, 2) }
	affinity, anti := several(t, "affinity", most(), PodTerm), several(t, "anti-affinity", most(), PodTerm)
	if len(affinity)+len(anti) > 0 && spec.Affinity == nil {
		spec.Affinity = &corev1.Affinity{}
	}
	if len(affinity) > 0 {
		spec.Affinity.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: affinity}
	}
	if len(anti) > 0 {
		spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: anti}
	}
	spec.TopologySpreadConstraints = several(t, "spread", most(), Spread)
}

// Spread draws a topology spread constraint, mostly with DoNotSchedule.
func Spread(t *rapid.T) corev1.TopologySpreadConstraint {
	policy := func(label string) *corev1.NodeInclusionPolicy {
		p := one(t, label, "", corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)
		if p == "" {
			return nil
		}
		return &p
	}
	c := corev1.TopologySpreadConstraint{
		MaxSkew:            one(t, "maxSkew", int32(1), 1, 2),
		TopologyKey:        one(t, "topology", topologies...),
		WhenUnsatisfiable:  one(t, "whenUnsatisfiable", corev1.DoNotSchedule, corev1.DoNotSchedule, corev1.DoNotSchedule, corev1.ScheduleAnyway),
		LabelSelector:      Selector(t),
		NodeAffinityPolicy: policy("nodeAffinityPolicy"),
		NodeTaintsPolicy:   policy("nodeTaintsPolicy"),
	}
	if chance(t, "minDomains", 30) {
		n := one(t, "domains", int32(1), 2, 3)
		c.MinDomains = &n
	}
	if chance(t, "matchLabelKeys", 20) {
		c.MatchLabelKeys = []string{one(t, "key", "app", "tier")}
	}
	return c
}

// Namespaces draws the namespaces that exist.
func Namespaces(t *rapid.T) []*corev1.Namespace {
	var all []*corev1.Namespace
	for _, name := range namespaces[:rapid.IntRange(0, 2).Draw(t, "namespaces")] {
		all = append(all, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: PodLabels(t)}})
	}
	return all
}

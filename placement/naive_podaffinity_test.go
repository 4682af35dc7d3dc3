package placement_test

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/cluster"
)

// The naive reference for pods that depend on where other pods are: every
// question is a loop over all nodes and all pods on them.

type world struct {
	nodes      []*corev1.Node
	there      map[string][]*corev1.Pod // that count, by node
	namespaces map[string]map[string]string
}

func newWorld(c *cluster.Cluster, own func(*corev1.Pod) bool) world {
	w := world{there: map[string][]*corev1.Pod{}, namespaces: map[string]map[string]string{}}
	m := c.Manifest()
	for _, n := range m.Nodes {
		w.nodes = append(w.nodes, n)
		w.there[n.Name] = naiveThere(m.Pods, n.Name, own)
	}
	for _, ns := range m.Namespaces {
		w.namespaces[ns.Name] = ns.Labels
	}
	return w
}

// naivePodToPlace is a pod. A DaemonSet's controller has bound its pod to one
// node by affinity.
type naivePodToPlace struct {
	*corev1.Pod
	daemon bool
}

// naiveFault reports whether the pod has a selector that cannot be parsed.
func naiveFault(pod *corev1.Pod) bool {
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if _, err := metav1.LabelSelectorAsSelector(c.LabelSelector); err != nil && c.WhenUnsatisfiable == corev1.DoNotSchedule {
			return true
		}
	}
	a := pod.Spec.Affinity
	return a != nil && (a.PodAffinity != nil && slices.ContainsFunc(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, bad) ||
		a.PodAntiAffinity != nil && slices.ContainsFunc(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, bad))
}

func (w world) spread(pod naivePodToPlace, n *corev1.Node) []string {
	const broken = "PodTopologySpread: node(s) didn't match pod topology spread constraints"
	var why []string
	say := func(s string) {
		if !slices.Contains(why, s) {
			why = append(why, s)
		}
	}
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		selector := naiveSpreadSelector(c, pod.Labels)
		domains := map[string]int{}
		for _, m := range w.nodes {
			if !w.counted(pod, c, n, m) {
				continue
			}
			domains[m.Labels[c.TopologyKey]] += 0
			for _, p := range w.there[m.Name] {
				if p.Namespace == pod.Namespace && p.DeletionTimestamp == nil && !selector.Empty() && selector.Matches(labels.Set(p.Labels)) {
					domains[m.Labels[c.TopologyKey]]++
				}
			}
		}
		least, fewest := 0, 1
		if c.MinDomains != nil {
			fewest = int(*c.MinDomains)
		}
		if len(domains) >= fewest {
			least = 1 << 30
			for _, pods := range domains {
				least = min(least, pods)
			}
		}
		value, ok := n.Labels[c.TopologyKey]
		pods := domains[value]
		if selector.Matches(labels.Set(pod.Labels)) {
			pods++
		}
		switch {
		case !ok:
			say(broken + " (missing required label)")
		case pods-least > int(c.MaxSkew):
			say(broken)
		}
	}
	return why
}

func naiveSpreadSelector(c corev1.TopologySpreadConstraint, pod map[string]string) labels.Selector {
	s := c.LabelSelector.DeepCopy()
	for _, key := range c.MatchLabelKeys {
		if value, ok := pod[key]; ok && s != nil {
			s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value}})
		}
	}
	selector, _ := metav1.LabelSelectorAsSelector(s)
	return selector
}

// counted reports whether the pods of m count when the pod asks about n.
func (w world) counted(pod naivePodToPlace, c corev1.TopologySpreadConstraint, n, m *corev1.Node) bool {
	for _, other := range pod.Spec.TopologySpreadConstraints {
		if _, ok := m.Labels[other.TopologyKey]; !ok && other.WhenUnsatisfiable == corev1.DoNotSchedule {
			return false
		}
	}
	if c.NodeAffinityPolicy == nil || *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor {
		spec := pod.Spec
		spec.NodeName = ""
		if pod.daemon {
			spec.Affinity = nil
		}
		if !naiveMatch(&spec, m) || pod.daemon && m.Name != n.Name {
			return false
		}
	}
	return c.NodeTaintsPolicy == nil || *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyIgnore ||
		!naiveUntolerated(pod.Spec.Tolerations, m, corev1.TaintEffectNoSchedule) && !naiveUntolerated(pod.Spec.Tolerations, m, corev1.TaintEffectNoExecute)
}

func (w world) relations(pod naivePodToPlace, n *corev1.Node) []string {
	var why []string
	a := pod.Spec.Affinity
	if a != nil && a.PodAffinity != nil && !w.near(pod.Pod, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, n) {
		why = append(why, "InterPodAffinity: node(s) didn't match pod affinity rules")
	}
	if w.apart(pod.Pod, n) {
		why = append(why, "InterPodAffinity: node(s) didn't match pod anti-affinity rules")
	}
	if w.keptAway(pod.Pod, n) {
		why = append(why, "InterPodAffinity: node(s) didn't satisfy existing pods anti-affinity rules")
	}
	return why
}

func (w world) near(pod *corev1.Pod, terms []corev1.PodAffinityTerm, n *corev1.Node) bool {
	all := func(p *corev1.Pod) bool {
		return !slices.ContainsFunc(terms, func(t corev1.PodAffinityTerm) bool { return !w.wants(pod, t, p) })
	}
	met, anywhere := true, false
	for _, t := range terms {
		value, ok := n.Labels[t.TopologyKey]
		if !ok {
			return false
		}
		here := false
		for _, m := range w.nodes {
			other, ok := m.Labels[t.TopologyKey]
			if ok && slices.ContainsFunc(w.there[m.Name], all) {
				anywhere = true
				here = here || other == value
			}
		}
		met = met && here
	}
	return met || !anywhere && all(pod)
}

func (w world) apart(pod *corev1.Pod, n *corev1.Node) bool {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return false
	}
	for _, t := range pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
		for _, m := range w.nodes {
			for _, p := range w.there[m.Name] {
				if sameDomain(m, n, t.TopologyKey) && w.wants(pod, t, p) {
					return true
				}
			}
		}
	}
	return false
}

func (w world) keptAway(pod *corev1.Pod, n *corev1.Node) bool {
	for _, m := range w.nodes {
		for _, p := range w.there[m.Name] {
			if p.Spec.Affinity == nil || p.Spec.Affinity.PodAntiAffinity == nil {
				continue
			}
			terms := p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
			if slices.ContainsFunc(terms, bad) { // the scheduler then has no terms
				continue
			}
			for _, t := range terms {
				if sameDomain(m, n, t.TopologyKey) && w.means(p, t, pod) {
					return true
				}
			}
		}
	}
	return false
}

func bad(t corev1.PodAffinityTerm) bool {
	_, a := metav1.LabelSelectorAsSelector(t.LabelSelector)
	_, b := metav1.LabelSelectorAsSelector(t.NamespaceSelector)
	return a != nil || b != nil
}

func sameDomain(m, n *corev1.Node, key string) bool {
	a, ok := m.Labels[key]
	b, has := n.Labels[key]
	return ok && has && a == b
}

// wants reports whether a term of a pod to be placed matches another pod. A
// namespaceSelector that is not empty finds only namespaces that exist.
func (w world) wants(pod *corev1.Pod, t corev1.PodAffinityTerm, other *corev1.Pod) bool {
	labelled, known := w.namespaces[other.Namespace]
	return w.meansIn(pod, t, other, labelled, known)
}

// means reports whether a term of a running pod matches another pod. An unknown
// namespace has no labels.
func (w world) means(pod *corev1.Pod, t corev1.PodAffinityTerm, other *corev1.Pod) bool {
	return w.meansIn(pod, t, other, w.namespaces[other.Namespace], true)
}

func (w world) meansIn(pod *corev1.Pod, t corev1.PodAffinityTerm, other *corev1.Pod, namespace map[string]string, known bool) bool {
	in := slices.Contains(t.Namespaces, other.Namespace)
	if t.NamespaceSelector == nil {
		in = in || len(t.Namespaces) == 0 && other.Namespace == pod.Namespace
	} else {
		s, _ := metav1.LabelSelectorAsSelector(t.NamespaceSelector)
		in = in || s.Empty() || known && s.Matches(labels.Set(namespace))
	}
	s, _ := metav1.LabelSelectorAsSelector(t.LabelSelector)
	return in && s.Matches(labels.Set(other.Labels))
}

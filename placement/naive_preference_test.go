package placement_test

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// The naive reference for scores that look at other pods.

// attraction returns the sum of the weights of both pods' terms over all pods
// on all nodes of n's domains.
func (w world) attraction(pod *corev1.Pod, n *corev1.Node) int64 {
	var sum int64
	w.eachTerm(pod, func(key string, weight int64, m *corev1.Node) {
		if sameDomain(m, n, key) {
			sum += weight
		}
	})
	return sum
}

// attracts reports whether any term is met on a node that has its topology key.
func (w world) attracts(pod *corev1.Pod) bool {
	met := false
	w.eachTerm(pod, func(key string, _ int64, m *corev1.Node) {
		_, ok := m.Labels[key]
		met = met || ok
	})
	return met
}

func (w world) eachTerm(pod *corev1.Pod, met func(key string, weight int64, on *corev1.Node)) {
	for _, m := range w.nodes {
		for _, p := range w.there[m.Name] {
			for _, t := range naivePreferences(pod) {
				if w.wants(pod, t.PodAffinityTerm, p) {
					met(t.TopologyKey, int64(t.Weight), m)
				}
			}
			for _, t := range append(naiveRequired(p), naivePreferences(p)...) {
				if w.means(p, t.PodAffinityTerm, pod) {
					met(t.TopologyKey, int64(t.Weight), m)
				}
			}
		}
	}
}

// naiveTerm is a term with a weight below 0 for anti-affinity.
type naiveTerm struct {
	corev1.PodAffinityTerm
	Weight int32
}

// naivePreferences returns a pod's preferred terms. If a list contains a
// mistake, it returns none of the list.
func naivePreferences(pod *corev1.Pod) []naiveTerm {
	var all []naiveTerm
	collect := func(terms []corev1.WeightedPodAffinityTerm, sign int32) {
		var list []naiveTerm
		for _, t := range terms {
			if bad(t.PodAffinityTerm) {
				return
			}
			list = append(list, naiveTerm{t.PodAffinityTerm, sign * t.Weight})
		}
		all = append(all, list...)
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAffinity != nil {
		collect(a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution, 1)
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		collect(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution, -1)
	}
	return all
}

func naiveRequired(pod *corev1.Pod) []naiveTerm {
	var all []naiveTerm
	if a := pod.Spec.Affinity; a != nil && a.PodAffinity != nil {
		for _, t := range a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if bad(t) {
				return nil
			}
			all = append(all, naiveTerm{t, 1})
		}
	}
	return all
}

// naiveSpread is the soft constraints of a pod and the nodes that it can go to.
type naiveSpread struct {
	world
	pod         *corev1.Pod
	constraints []corev1.TopologySpreadConstraint
	selectors   []labels.Selector
	strict      bool
	scored      []*corev1.Node
}

func (w world) spreading(pod *corev1.Pod, feasible []*corev1.Node, c *cluster.Cluster) *naiveSpread {
	s := &naiveSpread{world: w, pod: pod, strict: len(pod.Spec.TopologySpreadConstraints) > 0}
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.ScheduleAnyway {
			s.constraints, s.selectors = append(s.constraints, c), append(s.selectors, naiveSpreadSelector(c, pod.Labels))
		}
	}
	if selector := naiveDefault(pod, c); !s.strict && !selector.Empty() {
		s.constraints = []corev1.TopologySpreadConstraint{{TopologyKey: corev1.LabelHostname, MaxSkew: 3}, {TopologyKey: corev1.LabelTopologyZone, MaxSkew: 5}}
		s.selectors = []labels.Selector{selector, selector}
	}
	if len(s.constraints) == 0 {
		return nil
	}
	for _, n := range feasible {
		if !s.strict || s.hasKeys(n) {
			s.scored = append(s.scored, n)
		}
	}
	return s
}

func (s *naiveSpread) hasKeys(n *corev1.Node) bool {
	for _, c := range s.constraints {
		if _, ok := n.Labels[c.TopologyKey]; !ok {
			return false
		}
	}
	return true
}

// naiveDefault selects as the Services and the controller of the pod do.
func naiveDefault(pod *corev1.Pod, c *cluster.Cluster) labels.Selector {
	m, selector := c.Manifest(), labels.Everything()
	add := func(s *metav1.LabelSelector) {
		parsed, err := metav1.LabelSelectorAsSelector(s)
		if err == nil {
			requirements, _ := parsed.Requirements()
			selector = selector.Add(requirements...)
		}
	}
	for _, s := range m.Services {
		if s.Spec.Selector != nil && s.Namespace == pod.Namespace && labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			add(&metav1.LabelSelector{MatchLabels: s.Spec.Selector})
		}
	}
	owner := metav1.GetControllerOf(pod)
	if owner == nil || owner.APIVersion != "apps/v1" {
		return selector
	}
	for _, rs := range m.ReplicaSets {
		if owner.Kind == "ReplicaSet" && owner.Name == rs.Name && pod.Namespace == rs.Namespace {
			add(rs.Spec.Selector)
		}
	}
	for _, sts := range m.StatefulSets {
		if owner.Kind == "StatefulSet" && owner.Name == sts.Name && pod.Namespace == sts.Namespace {
			add(sts.Spec.Selector)
		}
	}
	return selector
}

// raw returns the raw score. It returns false for a node that does not take
// part.
func (s *naiveSpread) raw(n *corev1.Node) (int64, bool) {
	if s.strict && !s.hasKeys(n) {
		return 0, false
	}
	var score float64
	for i, c := range s.constraints {
		value, ok := n.Labels[c.TopologyKey]
		if !ok {
			continue
		}
		var pods int
		domains := map[string]bool{}
		for _, m := range s.scored {
			domains[m.Labels[c.TopologyKey]] = true
		}
		for _, m := range s.nodes {
			host := c.TopologyKey == corev1.LabelHostname
			if host && m.Name == n.Name || !host && m.Labels[c.TopologyKey] == value && s.counts(c, m) {
				pods += s.matching(s.selectors[i], m)
			}
		}
		number := len(domains)
		if c.TopologyKey == corev1.LabelHostname {
			number = len(s.scored)
		}
		score += float64(float64(pods)*math.Log(float64(number+2))) + float64(c.MaxSkew-1)
	}
	return int64(math.Round(score)), true
}

func (s *naiveSpread) counts(c corev1.TopologySpreadConstraint, m *corev1.Node) bool {
	if s.strict && !s.hasKeys(m) {
		return false
	}
	spec := s.pod.Spec
	spec.NodeName = ""
	if (c.NodeAffinityPolicy == nil || *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor) && !naiveMatch(&spec, m) {
		return false
	}
	return c.NodeTaintsPolicy == nil || *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyIgnore ||
		!naiveUntolerated(spec.Tolerations, m, corev1.TaintEffectNoSchedule) && !naiveUntolerated(spec.Tolerations, m, corev1.TaintEffectNoExecute)
}

func (s *naiveSpread) matching(selector labels.Selector, m *corev1.Node) int {
	pods := 0
	for _, p := range s.there[m.Name] {
		if p.Namespace == s.pod.Namespace && p.DeletionTimestamp == nil && !selector.Empty() && selector.Matches(labels.Set(p.Labels)) {
			pods++
		}
	}
	return pods
}

func (s *naiveSpread) normalize(feasible []*corev1.Node, scores map[string]map[string]placement.PluginScore) {
	least, most := int64(math.MaxInt64), int64(0)
	for _, n := range s.scored {
		raw, _ := s.raw(n)
		least, most = min(least, raw), max(most, raw)
	}
	for _, n := range feasible {
		score := scores[n.Name]["PodTopologySpread"]
		if raw, ok := s.raw(n); ok {
			score.Normalized = 100
			if most > 0 {
				score.Normalized = 100 * (most + least - raw) / most
			}
		}
		scores[n.Name]["PodTopologySpread"] = score
	}
}

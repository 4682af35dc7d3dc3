package placement

import (
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"github.com/berthsim/berth/cluster"
)

// scoring is what decides about a pod's scores.
type scoring struct {
	prefers     bool // has preferred node affinity, if only an empty list of terms
	preferences []preference
	spreads     []spread             // the pod's own that only scores heed
	fault       error                // why the scheduler's attempt fails before there are scores
	asks        func() scoredAmounts // added up when somebody asks
	images      []neededImage
	sources     int // of images: containers, init containers and image volumes
}

// preference is a term of a pod's preferred node affinity.
type preference struct {
	requirements []requirement
	weight       int64
}

func compileScoring(pod *corev1.Pod) *scoring {
	s := &scoring{asks: sync.OnceValue(func() scoredAmounts { return scoredRequests(pod) })}
	s.images, s.sources = neededImages(&pod.Spec)
	if terms := preferredTerms(&pod.Spec); terms != nil {
		s.prefers = true
		var mistakes []error
		s.preferences, mistakes = compilePreferences(terms, func(i int) string { return at("", i) })
		if len(mistakes) > 0 {
			s.fault = fmt.Errorf("running PreScore plugin %q: %w", pluginAffinity, utilerrors.NewAggregate(mistakes))
		}
	}
	var err error
	if s.spreads, err = compileSpreads(pod, corev1.ScheduleAnyway); err != nil && s.fault == nil {
		s.fault = fmt.Errorf("running PreScore plugin %q: calculating preScoreState: obtaining pod's soft topology spread constraints: %w", pluginSpread, err)
	}
	return s
}

func preferredTerms(spec *corev1.PodSpec) []corev1.PreferredSchedulingTerm {
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil {
		return nil
	}
	return spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution
}

// compilePreferences follows component-helpers' nodeaffinity.NewPreferredSchedulingTerms:
// terms without weight or requirements count for nothing, and are not looked at.
func compilePreferences(terms []corev1.PreferredSchedulingTerm, path func(int) string) ([]preference, []error) {
	var all []preference
	var mistakes []error
	for i, t := range terms {
		if t.Weight == 0 || len(t.Preference.MatchExpressions)+len(t.Preference.MatchFields) == 0 {
			continue
		}
		rs, wrong := compileRequirements(t.Preference, path(i))
		all, mistakes = append(all, preference{rs, int64(t.Weight)}), append(mistakes, wrong...)
	}
	return all, mistakes
}

// checkPreferences gives the mistakes in preferred terms, which an API server
// lets pass (it does not read the values of Gt and Lt) and over which the
// scheduler fails.
func checkPreferences(spec *corev1.PodSpec, path string) error {
	path += ".affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution"
	_, mistakes := compilePreferences(preferredTerms(spec), func(i int) string { return at(path, i) + ".preference" })
	return errors.Join(mistakes...)
}

// preferred is the raw score of NodeAffinity: the weights of the terms that match.
func (s *scoring) preferred(c *cluster.Cluster, r *roll) []int64 {
	var raw []int64
	for i := range s.preferences {
		m := mask{c, c.Borrow(), append([]uint64(nil), r.words...)}
		m.meet(s.preferences[i].requirements)
		raw = r.add(raw, m.words, s.preferences[i].weight)
	}
	return raw
}

// repelled is the raw score of TaintToleration: how many of the node's taints
// with PreferNoSchedule the pod does not tolerate. (A node has a taint's key and
// effect once.)
func (w *Workload) repelled(c *cluster.Cluster, r *roll) []int64 {
	var raw []int64
	for _, t := range c.Taints() {
		if t.Effect == corev1.TaintEffectPreferNoSchedule && !w.tolerations.tolerate(&t) {
			raw = r.add(raw, c.Borrow().Words(c.WithTaint(t)), 1)
		}
	}
	return raw
}

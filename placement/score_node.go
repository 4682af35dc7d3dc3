package placement

import (
	"errors"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// preferences are the terms of a pod's preferred node affinity.
type preferences []preference

type preference struct {
	requirements []requirement
	weight       int64
}

func preferredTerms(spec *corev1.PodSpec) []corev1.PreferredSchedulingTerm {
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil {
		return nil
	}
	return spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution
}

// compilePreferences follows component-helpers' nodeaffinity.NewPreferredSchedulingTerms:
// terms without weight or requirements count for nothing, and are not looked at.
func compilePreferences(terms []corev1.PreferredSchedulingTerm, path func(int) string) (preferences, []error) {
	var all preferences
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

// checkPreferences returns the mistakes in preferred terms. The API server
// accepts these mistakes (it does not read the values of Gt and Lt), but the
// scheduler fails on them.
func checkPreferences(spec *corev1.PodSpec, path string) error {
	path += ".affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution"
	_, mistakes := compilePreferences(preferredTerms(spec), func(i int) string { return at(path, i) + ".preference" })
	return errors.Join(mistakes...)
}

// scores returns the raw scores of NodeAffinity: the weights of the terms that match.
func (ps preferences) scores(c *cluster.Cluster, r *feasibleNodes) []int64 {
	var raw []int64
	for i := range ps {
		m := nodeBits{borrow.From(c), append([]uint64(nil), r.words...)}
		m.meet(ps[i].requirements)
		raw = r.add(raw, m.words, ps[i].weight)
	}
	return raw
}

// repelled returns the raw scores of TaintToleration: the number of the node's
// PreferNoSchedule taints that the pod does not tolerate. (A node has a taint's
// key and effect once.)
func (w *Workload) repelled(c *cluster.Cluster, r *feasibleNodes) []int64 {
	var raw []int64
	b := borrow.From(c)
	for _, t := range b.Taints() {
		if t.Effect == corev1.TaintEffectPreferNoSchedule && !w.tolerations.tolerate(&t) {
			raw = r.add(raw, b.Words(b.WithTaint(t)), 1)
		}
	}
	return raw
}

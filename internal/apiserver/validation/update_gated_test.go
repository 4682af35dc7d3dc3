package validation_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/apiserver/validation"
)

// A term of a gated pod keeps its requirements in their order, expressions and fields,
// and may get more of both behind them. A term without any matches nothing, and must not
// begin to match (pkg/apis/core/validation/validation.go:
// validateNodeSelectorTermHasOnlyAdditions).
func TestTermsOfGatedPodsMayOnlyGrow(t *testing.T) {
	term := func(keys, names string) corev1.NodeSelectorTerm {
		var x corev1.NodeSelectorTerm
		for _, key := range keys {
			x.MatchExpressions = append(x.MatchExpressions, corev1.NodeSelectorRequirement{Key: string(key), Operator: corev1.NodeSelectorOpExists})
		}
		for _, name := range names {
			x.MatchFields = append(x.MatchFields, corev1.NodeSelectorRequirement{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{string(name)}})
		}
		return x
	}
	for _, test := range []struct {
		oldKeys, oldNames, keys, names string
		ok                             bool
	}{
		{"a", "", "a", "", true}, {"a", "", "ab", "", true}, {"a", "", "b", "", false}, {"a", "", "ba", "", false}, {"ab", "", "a", "", false},
		{"a", "", "a", "n", true}, {"a", "", "", "n", false}, {"a", "", "", "", false},
		{"", "n", "", "n", true}, {"", "n", "a", "n", true}, {"", "n", "", "nm", true}, {"", "n", "", "m", false}, {"", "n", "a", "", false}, {"", "nm", "", "n", false},
		{"a", "n", "ab", "nm", true}, {"a", "n", "ab", "m", false}, {"a", "n", "b", "nm", false},
		{"", "", "", "", true}, {"", "", "a", "", false}, {"", "", "", "n", false},
	} {
		old := gated()
		old.Spec.Affinity = requiredTerms(term("z", ""), term(test.oldKeys, test.oldNames))
		now := old.DeepCopy()
		now.Spec.Affinity = requiredTerms(term("z", ""), term(test.keys, test.names))
		if _, mistakes := validation.Update(0, old, now); (len(mistakes) == 0) != test.ok {
			t.Errorf("%q %q to %q %q: %v, want none: %v", test.oldKeys, test.oldNames, test.keys, test.names, mistakes, test.ok)
		}
	}
}

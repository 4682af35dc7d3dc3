package placement

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"
)

// Whatever isPlain accepts is valid. Mutants seen: prefixes of any case; words
// that end with a dash; words of any length; In without values.
func TestPlainRequirementsAreValid(t *testing.T) {
	word := rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9._/-]{0,8}`),
		rapid.StringMatching(`[a-z]{1,3}[.-][a-z]{1,3}/[a-zA-Z0-9._-]{1,4}`),
		rapid.StringMatching(`[a-z]{62,65}`),
		rapid.SampledFrom([]string{"kubernetes.io/os", "topology.kubernetes.io/zone", "pool", "Example.com/a", "a_b.com/c", "/a", "a/", "ä"}),
	)
	met := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			r := corev1.NodeSelectorRequirement{
				Key:      word.Draw(t, "key"),
				Operator: rapid.SampledFrom([]corev1.NodeSelectorOperator{"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "other"}).Draw(t, "operator"),
				Values:   rapid.SliceOfN(word, 0, 3).Draw(t, "values"),
			}
			if !isPlain(&r) {
				continue
			}
			met++
			if _, err := labels.NewRequirement(r.Key, labelOperators[r.Operator], r.Values); err != nil {
				t.Fatal(r, err)
			}
		}
	})
	if met == 0 {
		t.Error("none was plain")
	}
}

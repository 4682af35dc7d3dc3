package gen

import (
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

var (
	// NodeOperators are the operators of the API and two unknown ones.
	NodeOperators = []corev1.NodeSelectorOperator{
		corev1.NodeSelectorOpIn, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpNotIn,
		corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist,
		corev1.NodeSelectorOpGt, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt, corev1.NodeSelectorOpLt,
		"exists", "",
	}
	badValue = "no label value can have spaces"
)

// Expression draws a matchExpression, as a rule with as many values as its
// operator wants and on the numeric key if it compares.
func Expression(t *rapid.T) corev1.NodeSelectorRequirement {
	r := corev1.NodeSelectorRequirement{Operator: pick(t, "operator", NodeOperators...)}
	r.Key = pick(t, "key", labelKeys...)
	values := 1
	switch r.Operator {
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
		r.Key = pick(t, "compared", "n", "n", "n", r.Key)
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		values = 0
	default:
		values = rapid.IntRange(1, 2).Draw(t, "values")
	}
	if oneIn(t, 20, "wrong number of values") {
		values = 2 - values
	}
	if oneIn(t, 40, "bad key") {
		r.Key = pick(t, "key", "", "no key/with/slashes")
	}
	for range values {
		r.Values = append(r.Values, value(t, r.Key))
	}
	if values > 0 && oneIn(t, 40, "bad value") {
		r.Values[0] = badValue
	}
	return r
}

// Field draws a matchField; only metadata.name means something, though any key is taken.
func Field(t *rapid.T) corev1.NodeSelectorRequirement {
	r := corev1.NodeSelectorRequirement{
		Key:      pick(t, "field", "metadata.name", "metadata.name", "metadata.name", "metadata.name", "metadata.uid", ""),
		Operator: pick(t, "operator", corev1.NodeSelectorOpIn, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn),
	}
	if oneIn(t, 20, "bad operator") {
		r.Operator = pick(t, "operator", corev1.NodeSelectorOpExists, corev1.NodeSelectorOpGt, "")
	}
	values := 1
	if oneIn(t, 12, "wrong number of values") {
		values = pick(t, "values", 0, 2)
	}
	for range values {
		r.Values = append(r.Values, pick(t, "name", append([]string{""}, NodeNames...)...))
	}
	return r
}

// Term draws a nodeSelectorTerm, one in eight without a requirement.
func Term(t *rapid.T) corev1.NodeSelectorTerm {
	var term corev1.NodeSelectorTerm
	switch rapid.IntRange(0, 7).Draw(t, "term") {
	case 0:
		term.MatchExpressions, term.MatchFields = fewest(t, 0, "none", Expression), fewest(t, 0, "none", Field)
	case 1:
		term.MatchFields = fewest(t, 2, "fields", Field)
	case 2:
		term.MatchExpressions = fewest(t, 2, "expressions", Expression)
		term.MatchFields = fewest(t, 1, "fields", Field)
	default:
		term.MatchExpressions = fewest(t, 3, "expressions", Expression)
		if len(term.MatchExpressions) > 0 && oneIn(t, 8, "the same key twice") {
			again := Expression(t)
			again.Key = term.MatchExpressions[0].Key
			term.MatchExpressions = append(term.MatchExpressions, again)
		}
	}
	return term
}

// NodeSelector draws the required part: nil, without terms, or with up to three.
func NodeSelector(t *rapid.T) *corev1.NodeSelector {
	if oneIn(t, 4, "nothing required") {
		return nil
	}
	terms := some(t, 2, "more terms", Term)
	if oneIn(t, 10, "no terms") {
		return &corev1.NodeSelector{NodeSelectorTerms: terms[:0]}
	}
	return &corev1.NodeSelector{NodeSelectorTerms: append(terms, Term(t))}
}

// Preferred draws a preferred term; a weight of 0 is what the API refuses and the scheduler skips.
func Preferred(t *rapid.T) corev1.PreferredSchedulingTerm {
	return corev1.PreferredSchedulingTerm{
		Weight:     pick[int32](t, "weight", 1, 2, 50, 100, 0, -1),
		Preference: Term(t),
	}
}

// Affinity draws node affinity with each of its pointers nil in turn.
func Affinity(t *rapid.T) *corev1.Affinity {
	switch rapid.IntRange(0, 7).Draw(t, "affinity") {
	case 0, 1:
		return nil
	case 2:
		return &corev1.Affinity{}
	}
	a := &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: NodeSelector(t)}
	if oneIn(t, 3, "preferred") {
		a.PreferredDuringSchedulingIgnoredDuringExecution = fewest(t, 2, "preferred terms", Preferred)
	}
	return &corev1.Affinity{NodeAffinity: a}
}

// Selector draws a nodeSelector; keys and values need not be valid.
func Selector(t *rapid.T) map[string]string {
	switch rapid.IntRange(0, 11).Draw(t, "nodeSelector") {
	case 0, 1, 2:
		key := pick(t, "key", labelKeys...)
		return map[string]string{key: value(t, key)}
	case 3:
		return map[string]string{"zone": value(t, "zone"), "disk": value(t, "disk")}
	case 4:
		return map[string]string{}
	case 5:
		return pick(t, "bad", map[string]string{"": ""}, map[string]string{"zone": badValue})
	}
	return nil
}

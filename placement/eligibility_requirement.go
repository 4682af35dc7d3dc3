package placement

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// requirement is one condition on a label, or on a field, of a node.
type requirement struct {
	corev1.NodeSelectorRequirement
	path    string
	isField bool
	bound   int64 // of Gt and Lt
}

var labelOperators = map[corev1.NodeSelectorOperator]selection.Operator{
	corev1.NodeSelectorOpIn:           selection.In,
	corev1.NodeSelectorOpNotIn:        selection.NotIn,
	corev1.NodeSelectorOpExists:       selection.Exists,
	corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist,
	corev1.NodeSelectorOpGt:           selection.GreaterThan,
	corev1.NodeSelectorOpLt:           selection.LessThan,
}

// compileExpression leaves validation to apimachinery
// (nodeaffinity.nodeSelectorRequirementsAsSelector, labels.NewRequirement).
func compileExpression(r corev1.NodeSelectorRequirement, path string) (requirement, error) {
	c := requirement{NodeSelectorRequirement: r, path: path}
	if isPlain(&r) {
		return c, nil
	}
	op, ok := labelOperators[r.Operator]
	if !ok {
		return c, field.NotSupported(field.NewPath(path, "operator"), r.Operator, []corev1.NodeSelectorOperator{
			corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists,
			corev1.NodeSelectorOpDoesNotExist, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt,
		})
	}
	if _, err := labels.NewRequirement(r.Key, op, r.Values, field.WithPath(field.NewPath(path))); err != nil {
		return c, err
	}
	if op == selection.GreaterThan || op == selection.LessThan {
		c.bound, _ = strconv.ParseInt(r.Values[0], 10, 64)
	}
	return c, nil
}

// isPlain recognises most valid requirements, at a tenth of the cost of
// apimachinery's regular expressions.
func isPlain(r *corev1.NodeSelectorRequirement) bool {
	prefix, name, prefixed := strings.Cut(r.Key, "/")
	if !prefixed {
		prefix, name = "", prefix
	}
	if !isPlainWord(name) || prefixed && (!isPlainWord(prefix) || strings.ToLower(prefix) != prefix || strings.Contains(prefix, "_")) {
		return false
	}
	switch r.Operator {
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		return len(r.Values) == 0
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		return len(r.Values) > 0 && !slices.ContainsFunc(r.Values, func(value string) bool { return !isPlainWord(value) })
	}
	return false
}

// isPlainWord accepts up to 63 letters and digits, with one of ".-_" between
// them.
func isPlainWord(s string) bool {
	after := false // a letter or digit
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			after = true
		case after && (c == '.' || c == '-' || c == '_'):
			after = false
		default:
			return false
		}
	}
	return after && len(s) <= 63
}

// compileField follows nodeaffinity.nodeSelectorRequirementsAsFieldSelector.
func compileField(r corev1.NodeSelectorRequirement, path string) (requirement, error) {
	c := requirement{NodeSelectorRequirement: r, path: path, isField: true}
	if r.Operator != corev1.NodeSelectorOpIn && r.Operator != corev1.NodeSelectorOpNotIn {
		return c, field.NotSupported(field.NewPath(path, "operator"), r.Operator,
			[]corev1.NodeSelectorOperator{corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn})
	}
	if len(r.Values) != 1 {
		return c, field.Invalid(field.NewPath(path, "values"), r.Values, "must have one element")
	}
	return c, nil
}

// matches follows labels.Requirement.Matches: NotIn and DoesNotExist hold
// without the key, Gt and Lt compare what strconv.ParseInt reads.
func (r *requirement) matches(n *corev1.Node) bool {
	if r.isField {
		return r.matchesField(n)
	}
	value, ok := n.Labels[r.Key]
	switch r.Operator {
	case corev1.NodeSelectorOpIn:
		return ok && slices.Contains(r.Values, value)
	case corev1.NodeSelectorOpNotIn:
		return !ok || !slices.Contains(r.Values, value)
	case corev1.NodeSelectorOpExists:
		return ok
	case corev1.NodeSelectorOpDoesNotExist:
		return !ok
	}
	return ok && r.compares(value)
}

func (r *requirement) compares(value string) bool {
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return false
	}
	if r.Operator == corev1.NodeSelectorOpGt {
		return number > r.bound
	}
	return number < r.bound
}

// matchesField knows the one field that nodes have. Any other field is empty,
// and a node without a name is not asked at all
// (nodeaffinity.nodeSelectorTerm.match).
func (r *requirement) matchesField(n *corev1.Node) bool {
	if n.Name == "" {
		return true
	}
	return (fieldOf(n, r.Key) == r.Values[0]) == (r.Operator == corev1.NodeSelectorOpIn)
}

func fieldOf(n *corev1.Node, key string) string {
	if key == "metadata.name" {
		return n.Name
	}
	return ""
}

// Mismatch is a requirement on the labels or the name of a node that the node
// does not meet.
type Mismatch struct {
	Path     string                      `json:"path"`          // of the requirement, or of a term that matches no node
	Key      string                      `json:"key,omitempty"` // of a label, or the field metadata.name
	Operator corev1.NodeSelectorOperator `json:"operator,omitempty"`
	Values   []string                    `json:"values,omitempty"`
	Value    string                      `json:"value,omitempty"` // what the node has
	Present  bool                        `json:"present"`         // whether it has the key at all
	Fault    string                      `json:"fault,omitempty"` // why the term matches no node whatever it has; Key and the rest are then empty
}

func missing(ms []Mismatch, rs []requirement, n *corev1.Node) []Mismatch {
	for i := range rs {
		r := &rs[i]
		if r.matches(n) {
			continue
		}
		m := Mismatch{Path: r.path, Key: r.Key, Operator: r.Operator, Values: slices.Clone(r.Values)}
		if r.isField {
			m.Value, m.Present = fieldOf(n, r.Key), true
		} else {
			m.Value, m.Present = n.Labels[r.Key]
		}
		ms = append(ms, m)
	}
	return ms
}

// text returns the requirement and the node's value.
func (m Mismatch) text() string {
	if m.Fault != "" {
		return m.Path + ": " + strings.TrimPrefix(m.Fault, m.Path)
	}
	has := "the node has no such label"
	if m.Present {
		has = "the node has " + strconv.Quote(m.Value)
	}
	return m.requirement() + ": " + has
}

func (m Mismatch) requirement() string {
	switch m.Operator {
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		return m.Key + " " + string(m.Operator)
	case corev1.NodeSelectorOpIn:
		if len(m.Values) == 1 {
			return m.Key + "=" + m.Values[0]
		}
	}
	return m.Key + " " + string(m.Operator) + " (" + strings.Join(m.Values, ", ") + ")"
}

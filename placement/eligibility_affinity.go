package placement

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/snapshot"
)

// affinity is a pod's nodeSelector and required node affinity, compiled as
// component-helpers' nodeaffinity.NewRequiredNodeAffinity does it: a node must
// meet the selector and, if there are any, one of the terms.
type affinity struct {
	selector []requirement // ascending by key
	required bool
	terms    []term
	path     string   // of the terms
	keys     []string // of labels, ascending
}

// term is one nodeSelectorTerm: all of its requirements must be met.
type term struct {
	path         string
	requirements []requirement
	fault        string // why it matches no node at all; empty if it may
}

// The paths of the required node affinity and of its terms in a pod's spec.
const (
	requiredAffinity = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
	termsSuffix      = ".nodeSelectorTerms"
	requiredTerms    = requiredAffinity + termsSuffix
)

func compileAffinity(spec *corev1.PodSpec, path string) affinity {
	a := affinity{selector: compileSelector(spec.NodeSelector, path+".nodeSelector")}
	if required := requiredOf(spec); required != nil {
		a.required = true
		a.path = path + "." + requiredTerms
		for i, t := range required.NodeSelectorTerms {
			a.terms = append(a.terms, compileTerm(t, at(a.path, i)))
		}
	}
	a.keys = labelKeys(a.requirements())
	return a
}

func labelKeys(rs []*requirement) []string {
	keys := make([]string, 0, len(rs))
	for _, r := range rs {
		if !r.isField {
			keys = append(keys, r.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func compileSelector(selector map[string]string, path string) []requirement {
	rs := make([]requirement, 0, len(selector))
	for key, value := range selector {
		rs = append(rs, requirement{
			NodeSelectorRequirement: corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}},
			path:                    path + "[" + key + "]",
		})
	}
	slices.SortFunc(rs, func(a, b requirement) int { return strings.Compare(a.Key, b.Key) })
	return rs
}

func compileTerm(t corev1.NodeSelectorTerm, path string) term {
	compiled := term{path: path}
	if len(t.MatchExpressions) == 0 && len(t.MatchFields) == 0 {
		compiled.fault = "an empty term matches no node"
		return compiled
	}
	var mistakes []error
	if compiled.requirements, mistakes = compileRequirements(t, path); len(mistakes) > 0 {
		compiled.fault = strings.ReplaceAll(errors.Join(mistakes...).Error(), "\n", "; ")
	}
	return compiled
}

// at is the path of an element. Paths are text here: a field.Path is made where
// there is a mistake, which is rare.
func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// compileRequirements returns a term's requirements and the mistakes in them.
func compileRequirements(t corev1.NodeSelectorTerm, path string) (rs []requirement, mistakes []error) {
	rs = make([]requirement, 0, len(t.MatchExpressions)+len(t.MatchFields))
	note := func(r requirement, err error) {
		if rs = append(rs, r); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	for i, r := range t.MatchExpressions {
		note(compileExpression(r, at(path+".matchExpressions", i)))
	}
	for i, r := range t.MatchFields {
		note(compileField(r, at(path+".matchFields", i)))
	}
	return rs, mistakes
}

func (a *affinity) matches(n *corev1.Node) bool {
	for i := range a.selector {
		if !a.selector[i].matches(n) {
			return false
		}
	}
	if !a.required {
		return true
	}
	for i := range a.terms {
		if a.terms[i].matches(n) {
			return true
		}
	}
	return false
}

func (t *term) matches(n *corev1.Node) bool {
	if t.fault != "" {
		return false
	}
	for i := range t.requirements {
		if !t.requirements[i].matches(n) {
			return false
		}
	}
	return true
}

// nodes returns the nodes of the cluster that match.
func (a *affinity) nodes(c *snapshot.Snapshot) snapshot.Set { return a.bits(c).set() }

func (a *affinity) bits(c *snapshot.Snapshot) nodeBits {
	m := newNodeBits(c, c.Nodes())
	m.meet(a.selector)
	if !a.required {
		return m
	}
	if len(a.terms) == 1 && a.terms[0].fault == "" {
		m.meet(a.terms[0].requirements)
		return m
	}
	any := newNodeBits(c, snapshot.Set{})
	for i := range a.terms {
		if t := &a.terms[i]; t.fault == "" {
			one := m.clone()
			one.meet(t.requirements)
			any.add(one)
		}
	}
	return any
}

const noTerms = "a list without terms matches no node"

// mismatches returns every requirement that the node does not meet: of the
// selector, and of each term if no term matches.
func (a *affinity) mismatches(n *corev1.Node) []Mismatch {
	ms := missing(nil, a.selector, n)
	if !a.required || slices.ContainsFunc(a.terms, func(t term) bool { return t.matches(n) }) {
		return ms
	}
	if len(a.terms) == 0 {
		return append(ms, Mismatch{Path: a.path, Fault: noTerms})
	}
	for _, t := range a.terms {
		if t.fault != "" {
			ms = append(ms, Mismatch{Path: t.path, Fault: t.fault})
		} else {
			ms = missing(ms, t.requirements, n)
		}
	}
	return ms
}

// requirements returns the requirements of the selector and of all terms.
func (a *affinity) requirements() []*requirement {
	var all []*requirement
	for i := range a.selector {
		all = append(all, &a.selector[i])
	}
	for i := range a.terms {
		for j := range a.terms[i].requirements {
			all = append(all, &a.terms[i].requirements[j])
		}
	}
	return all
}

func requiredOf(spec *corev1.PodSpec) *corev1.NodeSelector {
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil {
		return nil
	}
	return spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

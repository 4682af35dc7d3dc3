package placement

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// podStrictly returns changes to the pod that let it onto the node but may exclude
// it from others: a nodeSelector gets the node's value.
func (m *hinter) podStrictly(r FilterReason) []HintStep { return m.onPod(r, true) }

// podWidely returns changes to the pod that only let it onto more nodes.
func (m *hinter) podWidely(r FilterReason) []HintStep { return m.onPod(r, false) }

func (m *hinter) onPod(r FilterReason, strictly bool) []HintStep {
	switch r.Plugin {
	case pluginNodeName:
		return []HintStep{{Path: m.p.workload.path("nodeName"), From: r.WantedNode}}
	case pluginUnschedulable, pluginTaints:
		return m.tolerate(r.Taints)
	case pluginAffinity:
		return m.requireLess(strictly)
	case pluginPorts:
		return m.renumber(r.Ports)
	case pluginResources:
		return m.requestLess(r.Shortfall)
	}
	return nil
}

// tolerate returns one toleration for each key. Two taints with different
// effects get one for every effect. If their values differ too, it is for every
// value.
func (m *hinter) tolerate(taints []Untolerated) []HintStep {
	var list []*corev1.Toleration
	for _, u := range taints {
		i := slices.IndexFunc(list, func(t *corev1.Toleration) bool { return t.Key == u.Taint.Key })
		if i < 0 {
			list = append(list, tolerationOf(u.Taint))
			continue
		}
		t := list[i]
		if t.Value != u.Taint.Value {
			t.Operator, t.Value = corev1.TolerationOpExists, ""
		}
		if t.Effect != u.Taint.Effect {
			t.Effect = ""
		}
	}
	steps := make([]HintStep, len(list))
	for i, t := range list {
		steps[i] = HintStep{Path: m.p.workload.path("tolerations"), To: tolerationText(t)}
	}
	return steps
}

// tolerationOf returns a toleration as kubectl's documentation writes it:
// Exists for a taint without a value.
func tolerationOf(t corev1.Taint) *corev1.Toleration {
	if t.Value == "" {
		return &corev1.Toleration{Key: t.Key, Operator: corev1.TolerationOpExists, Effect: t.Effect}
	}
	return &corev1.Toleration{Key: t.Key, Operator: corev1.TolerationOpEqual, Value: t.Value, Effect: t.Effect}
}

// requireLess changes every requirement of the selector that the node does not
// meet, and the requirements of the term that needs the fewest changes.
func (m *hinter) requireLess(strictly bool) []HintStep {
	a := &m.p.workload.affinity
	var steps []HintStep
	for i := range a.selector {
		if r := &a.selector[i]; !r.matches(m.node) {
			steps = append(steps, changeRequirement(r, m.rewriteSelector(r, strictly)))
		}
	}
	if !a.required || slices.ContainsFunc(a.terms, func(t term) bool { return t.matches(m.node) }) {
		return steps
	}
	return append(steps, m.requireLessOfTerms(strictly)...)
}

// requireLessOfTerms does not empty a term: a term without requirements matches
// no node. It leaves out the whole affinity instead.
func (m *hinter) requireLessOfTerms(strictly bool) []HintStep {
	a := &m.p.workload.affinity
	var best []HintStep
	for i := range a.terms {
		if a.terms[i].fault != "" {
			continue
		}
		var steps []HintStep
		for j := range a.terms[i].requirements {
			if r := &a.terms[i].requirements[j]; !r.matches(m.node) {
				steps = append(steps, changeRequirement(r, m.rewriteTerm(r, strictly)))
			}
		}
		if empties(steps, &a.terms[i]) {
			continue
		}
		if best == nil || len(steps) < len(best) {
			best = steps
		}
	}
	if best == nil {
		return []HintStep{{Path: strings.TrimSuffix(a.path, termsSuffix), From: a.text()}}
	}
	return best
}

// empties reports whether the steps leave out every requirement of a term.
func empties(steps []HintStep, t *term) bool {
	return len(steps) == len(t.requirements) && !slices.ContainsFunc(steps, func(s HintStep) bool { return s.To != "" })
}

// text returns the terms in words, or "" if none can match.
func (a *affinity) text() string {
	var terms []string
	for i := range a.terms {
		if a.terms[i].fault == "" {
			terms = append(terms, a.terms[i].text())
		}
	}
	return strings.Join(terms, " or ")
}

// changeRequirement returns the step from a requirement to another, or to none.
func changeRequirement(from *requirement, to *corev1.NodeSelectorRequirement) HintStep {
	s := HintStep{Path: from.path, From: requirementText(&from.NodeSelectorRequirement)}
	if to != nil {
		s.To = requirementText(to)
	}
	return s
}

// rewriteSelector returns a nodeSelector that the node matches: corrected, with
// the node's value, or none.
func (m *hinter) rewriteSelector(r *requirement, strictly bool) *corev1.NodeSelectorRequirement {
	if !strictly {
		return nil
	}
	if to := m.corrected(r); to != nil {
		return to
	}
	if value, ok := m.node.Labels[r.Key]; ok {
		return &corev1.NodeSelectorRequirement{Key: r.Key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}
	}
	return nil
}

func (m *hinter) rewriteTerm(r *requirement, strictly bool) *corev1.NodeSelectorRequirement {
	if strictly {
		if to := m.corrected(r); to != nil {
			return to
		}
	}
	if r.isField {
		return nil
	}
	return widened(r, m.node)
}

// widened returns the requirement, widened as little as needed for the node to
// match. It returns nil if nothing is left of the requirement.
func widened(r *requirement, n *corev1.Node) *corev1.NodeSelectorRequirement {
	to := r.NodeSelectorRequirement.DeepCopy()
	value, ok := n.Labels[r.Key]
	switch r.Operator {
	case corev1.NodeSelectorOpIn:
		if ok {
			to.Values = append(to.Values, value)
			return to
		}
	case corev1.NodeSelectorOpNotIn:
		to.Values = slices.DeleteFunc(to.Values, func(v string) bool { return v == value })
		if len(to.Values) > 0 {
			return to
		}
	case corev1.NodeSelectorOpGt:
		if number, ok := parseInt(value); ok && number > math.MinInt64 {
			to.Values = []string{formatInt(number - 1)}
			return to
		}
	case corev1.NodeSelectorOpLt:
		if number, ok := parseInt(value); ok && number < math.MaxInt64 {
			to.Values = []string{formatInt(number + 1)}
			return to
		}
	}
	return nil
}

// corrected returns the requirement without its typo if the typo is what keeps
// the node out.
func (m *hinter) corrected(r *requirement) *corev1.NodeSelectorRequirement {
	if r.isField {
		return nil
	}
	if m.vocabulary == nil {
		m.vocabulary = newVocabulary(m.p.cluster)
	}
	typos := m.vocabulary.requirement(r)
	if len(typos) == 0 {
		return nil
	}
	fixed := *r
	fixed.NodeSelectorRequirement = *r.NodeSelectorRequirement.DeepCopy()
	for _, t := range typos {
		t.correct(&fixed.NodeSelectorRequirement)
	}
	if !fixed.matches(m.node) {
		return nil
	}
	return &fixed.NodeSelectorRequirement
}

// requestLess lowers the largest request by the amount that the node lacks. It
// returns nothing if that would be the whole request.
func (m *hinter) requestLess(s *Shortfall) []HintStep {
	if s == nil || s.Resource != corev1.ResourceCPU && s.Resource != corev1.ResourceMemory && s.Resource != corev1.ResourceEphemeralStorage {
		return nil
	}
	var most resource.Quantity
	at := -1
	for i, c := range m.p.workload.pod.Spec.Containers {
		if q, ok := c.Resources.Requests[s.Resource]; ok && (at < 0 || q.Cmp(most) > 0) {
			at, most = i, q
		}
	}
	if at < 0 {
		return nil
	}
	to := most.DeepCopy()
	to.Sub(s.missing())
	if to.Sign() <= 0 {
		return nil
	}
	return []HintStep{{
		Path: m.p.workload.path(fmt.Sprintf("containers[%d].resources.requests[%s]", at, s.Resource)),
		From: most.String(), To: to.String(),
	}}
}

// renumber replaces each taken port by the next number that is free on all
// nodes and in the pod itself.
func (m *hinter) renumber(taken []PortConflict) []HintStep {
	if m.busy == nil {
		m.busy = m.p.busyPorts()
	}
	var steps []HintStep
	seen, chosen := map[PortConflict]bool{}, map[int32]bool{}
	for _, c := range taken {
		port := PortConflict{Port: c.Port, Protocol: c.Protocol}
		if seen[port] {
			continue
		}
		seen[port] = true
		to := c.Port + 1
		for m.busy[to] || chosen[to] {
			to++
		}
		if to > math.MaxUint16 {
			return nil
		}
		chosen[to] = true
		steps = append(steps, m.p.workload.changePort(c.Port, to, c.Protocol)...)
	}
	return steps
}

// changePort returns a step for each place where the pod asks for the port.
func (w *Workload) changePort(from, to int32, protocol corev1.Protocol) []HintStep {
	var steps []HintStep
	find := func(field string, list []corev1.Container) {
		for i := range list {
			for j, p := range list[i].Ports {
				if p.HostPort == from && cmp.Or(p.Protocol, corev1.ProtocolTCP) == protocol {
					path := w.path(fmt.Sprintf("%s[%d].ports[%d].hostPort", field, i, j))
					steps = append(steps, HintStep{Path: path, From: fmt.Sprint(from), To: fmt.Sprint(to)})
				}
			}
		}
	}
	find("initContainers", w.pod.Spec.InitContainers)
	find("containers", w.pod.Spec.Containers)
	return steps
}

// path returns the path of a field of the pod's spec.
func (w *Workload) path(field string) string {
	if w.daemonSet != nil {
		return "spec.template.spec." + field
	}
	return "spec." + field
}

// busyPorts returns the host ports that pods on nodes use, and the pod's own.
func (p *Prediction) busyPorts() map[int32]bool {
	busy := map[int32]bool{}
	for _, b := range p.left().blocks {
		for i := range b.value.ports {
			busy[b.value.ports[i].port] = true
		}
	}
	for _, port := range p.workload.ports {
		busy[port.port] = true
	}
	return busy
}

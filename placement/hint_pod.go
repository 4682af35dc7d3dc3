package placement

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
)

// podStrictly returns changes to the pod that let it onto the node but may exclude
// it from others: a nodeSelector gets the node's value.
func (m *hinter) podStrictly(r FilterReason) []HintStep { return m.onPod(r, true) }

// podWidely returns changes to the pod that only let it onto more nodes.
func (m *hinter) podWidely(r FilterReason) []HintStep { return m.onPod(r, false) }

func (m *hinter) onPod(r FilterReason, strictly bool) []HintStep {
	switch r.Plugin {
	case pluginNodeName:
		return []HintStep{{Unpin: r.WantedNode}}
	case pluginUnschedulable, pluginTaints:
		return tolerate(r.Taints)
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
func tolerate(taints []Untolerated) []HintStep {
	var steps []HintStep
	for _, u := range taints {
		i := slices.IndexFunc(steps, func(s HintStep) bool { return s.Tolerate.Key == u.Taint.Key })
		if i < 0 {
			steps = append(steps, HintStep{Tolerate: tolerationOf(u.Taint)})
			continue
		}
		t := steps[i].Tolerate
		if t.Value != u.Taint.Value {
			t.Operator, t.Value = corev1.TolerationOpExists, ""
		}
		if t.Effect != u.Taint.Effect {
			t.Effect = ""
		}
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
			steps = append(steps, HintStep{Require: m.rewriteSelector(r, strictly)})
		}
	}
	if !a.required || slices.ContainsFunc(a.terms, func(t term) bool { return t.matches(m.node) }) {
		return steps
	}
	return append(steps, m.requireLessOfTerms(strictly)...)
}

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
				steps = append(steps, HintStep{Require: m.rewriteTerm(r, fieldRef{term: i, index: j}, strictly)})
			}
		}
		if best == nil || len(steps) < len(best) {
			best = steps
		}
	}
	if best == nil {
		return []HintStep{{Require: &ChangeRequirement{Path: a.path}}}
	}
	return best
}

// rewriteSelector returns a nodeSelector that the node matches: corrected, with
// the node's value, or none.
func (m *hinter) rewriteSelector(r *requirement, strictly bool) *ChangeRequirement {
	w := &ChangeRequirement{Path: r.path, From: r.NodeSelectorRequirement.DeepCopy(), field: fieldRef{selector: true}}
	if !strictly {
		return w
	}
	if w.To = m.corrected(r); w.To != nil {
		w.Typo = true
	} else if value, ok := m.node.Labels[r.Key]; ok {
		w.To = &corev1.NodeSelectorRequirement{Key: r.Key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}
	}
	return w
}

func (m *hinter) rewriteTerm(r *requirement, at fieldRef, strictly bool) *ChangeRequirement {
	w := &ChangeRequirement{Path: r.path, From: r.NodeSelectorRequirement.DeepCopy(), field: at}
	if strictly {
		if w.To = m.corrected(r); w.To != nil {
			w.Typo = true
			return w
		}
	}
	if !r.isField {
		w.To = widened(r, m.node)
	}
	return w
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
	if m.words == nil {
		m.words = newVocabulary(m.p.cluster)
	}
	typos := m.words.requirement(r)
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
	var most *ReduceRequest
	for _, c := range m.p.workload.pod.Spec.Containers {
		if q, ok := c.Resources.Requests[s.Resource]; ok && (most == nil || q.Cmp(most.From) > 0) {
			most = &ReduceRequest{Container: c.Name, Resource: s.Resource, From: q.DeepCopy()}
		}
	}
	if most == nil {
		return nil
	}
	most.To = most.From.DeepCopy()
	most.To.Sub(s.Missing())
	if most.To.Sign() <= 0 {
		return nil
	}
	return []HintStep{{Request: most}}
}

// renumber replaces each taken port by the next number that is free on all
// nodes where the pod may run and in the pod itself.
func (m *hinter) renumber(taken []PortConflict) []HintStep {
	var steps []HintStep
	busy := m.p.busyPorts()
	for _, c := range taken {
		if slices.ContainsFunc(steps, func(s HintStep) bool { return s.Port.From == c.Port && s.Port.Protocol == c.Protocol }) {
			continue
		}
		to := c.Port + 1
		for busy[to] {
			to++
		}
		if to > math.MaxUint16 {
			return nil
		}
		busy[to] = true
		steps = append(steps, HintStep{Port: &ChangePort{c.Protocol, c.Port, to}})
	}
	return steps
}

// busyPorts returns the host ports that pods of the cluster use, and the pod's
// own.
func (p *Prediction) busyPorts() map[int32]bool {
	busy := map[int32]bool{}
	for _, pod := range borrow.From(p.cluster).Pods() {
		for _, port := range hostPorts(&pod.Spec) {
			busy[port.port] = true
		}
	}
	for _, port := range p.workload.ports {
		busy[port.port] = true
	}
	return busy
}

package placement

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
)

// onNode returns changes to the node that let the pod onto it.
func (m *hinter) onNode(r FilterReason) []HintStep {
	switch r.Plugin {
	case pluginUnschedulable:
		return edits(cluster.Uncordon())
	case pluginTaints:
		return untaint(r.Taints)
	case pluginAffinity:
		return m.relabel()
	case pluginResources:
		if r.Shortfall == nil {
			return nil
		}
		missing := r.Shortfall.missing()
		return []HintStep{{Path: allocatablePath + "[" + string(r.Shortfall.Resource) + "]", To: "+" + missing.String()}}
	}
	return nil
}

func edits(list ...cluster.NodeEdit) []HintStep {
	steps := make([]HintStep, len(list))
	for i, e := range list {
		steps[i] = HintStep{Node: &e}
	}
	return steps
}

// untaint removes taints. Taints that the control plane sets have a cause;
// untaint returns steps for them only if the cause can be changed.
func untaint(taints []Untolerated) []HintStep {
	var list []cluster.NodeEdit
	for _, u := range taints {
		switch key := u.Taint.Key; {
		case key == corev1.TaintNodeUnschedulable:
			list = append(list, cluster.Uncordon())
		case key == corev1.TaintNodeNotReady || key == corev1.TaintNodeUnreachable:
			list = append(list, cluster.Ready())
		case setByControlPlane(key):
			return nil
		default:
			list = append(list, cluster.Untaint(key+":"+string(u.Taint.Effect)))
		}
	}
	return edits(list...)
}

func setByControlPlane(taint string) bool {
	return strings.HasPrefix(taint, "node.kubernetes.io/") || strings.HasPrefix(taint, "node.cloudprovider.kubernetes.io/")
}

// relabel sets the labels that the selector and the nearest term require.
func (m *hinter) relabel() []HintStep {
	a := &m.p.workload.affinity
	list, labelled, ok := m.labels(a.selector, m.node)
	if !ok {
		return nil
	}
	if !a.required || slices.ContainsFunc(a.terms, func(t term) bool { return t.matches(labelled) }) {
		return edits(list...)
	}
	var best []cluster.NodeEdit
	for i := range a.terms {
		if a.terms[i].fault != "" {
			continue
		}
		if of, _, ok := m.labels(a.terms[i].requirements, labelled); ok && (best == nil || len(of) < len(best)) {
			best = of
		}
	}
	if best == nil {
		return nil
	}
	return edits(append(list, best...)...)
}

// labels returns an edit for each requirement that a node does not meet, and
// the node after the edits. It returns false if a requirement is about what a
// node is.
func (m *hinter) labels(rs []requirement, on *corev1.Node) ([]cluster.NodeEdit, *corev1.Node, bool) {
	var list []cluster.NodeEdit
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: on.Name, Labels: maps.Clone(on.Labels)}}
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	for i := range rs {
		r := &rs[i]
		if r.matches(n) {
			continue
		}
		value, labelled, ok := m.meeting(r)
		if !ok || r.isField || inherent(r.Key) {
			return nil, nil, false
		}
		if labelled {
			n.Labels[r.Key] = value
			list = append(list, cluster.Label(r.Key, value))
		} else {
			delete(n.Labels, r.Key)
			list = append(list, cluster.Unlabel(r.Key))
		}
	}
	return list, n, true
}

// inherent reports whether a label describes what a node is. Kubelets and cloud
// controllers set such labels.
func inherent(key string) bool {
	switch key {
	case corev1.LabelHostname, corev1.LabelOSStable, corev1.LabelArchStable, corev1.LabelInstanceTypeStable, corev1.LabelInstanceType,
		corev1.LabelTopologyZone, corev1.LabelTopologyRegion, corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion,
		corev1.LabelWindowsBuild:
		return true
	}
	return strings.HasPrefix(key, "beta.kubernetes.io/")
}

// meeting returns the value that makes a label meet the requirement, or
// labelled false if the label must be absent. It returns ok false if no value
// meets it.
func (m *hinter) meeting(r *requirement) (value string, labelled, ok bool) {
	switch r.Operator {
	case corev1.NodeSelectorOpIn:
		return r.Values[0], true, true
	case corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpDoesNotExist:
		return "", false, true
	case corev1.NodeSelectorOpExists:
		if known := m.p.cluster.LabelValues(r.Key); len(known) > 0 {
			value = known[0]
		}
		return value, true, true
	case corev1.NodeSelectorOpGt:
		return formatInt(r.bound + 1), true, r.bound < math.MaxInt64
	case corev1.NodeSelectorOpLt: // a label's value cannot start with a minus
		return formatInt(r.bound - 1), true, r.bound > 0
	}
	return "", false, false
}

func parseInt(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

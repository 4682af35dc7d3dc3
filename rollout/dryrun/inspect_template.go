package dryrun

import (
	"fmt"
	"math"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

func (x *inspector) inspectTemplate() {
	for i := range x.set.Spec.Template.Spec.Tolerations {
		x.inspectSeconds(i)
	}
	spec := &x.set.Spec.Template.Spec
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil && len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 {
		x.find("PreferenceIgnored", SeverityNote, "spec.template.spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution", nil,
			"a preference changes nothing: the controller aims each pod at its node", "require it, or leave it out")
	}
	x.inspectPriority()
	if !requests(spec) {
		x.find("NoRequests", SeverityNote, "spec.template.spec.containers", nil,
			"no container requests anything: the scheduler counts nothing, and a node short of memory evicts the pod first", "request cpu and memory")
	}
}

// inspectSeconds finds tolerationSeconds without the intended effect. The controller
// overwrites tolerations equal to its own, which have no time limit
// (pkg/controller/daemon/util/daemonset_util.go: AddOrUpdateDaemonPodTolerations). With
// other tolerations the pod is evicted after that time, and the controller, which
// ignores tolerationSeconds, creates it again.
func (x *inspector) inspectSeconds(i int) {
	t := &x.set.Spec.Template.Spec.Tolerations[i]
	if t.TolerationSeconds == nil {
		return
	}
	path := fmt.Sprintf("%s[%d].tolerationSeconds", tolerationsPath, i)
	if own := t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable; own &&
		t.Operator == corev1.TolerationOpExists && t.Effect == corev1.TaintEffectNoExecute {
		x.find("IgnoredSeconds", SeverityNote, path, nil, "the controller tolerates "+t.Key+" indefinitely, regardless of this value", "leave it out")
		return
	}
	var loops []string
	for n := range borrow.Nodes(x.prediction.Eligible()) {
		for _, taint := range n.Spec.Taints {
			if taint.Effect == corev1.TaintEffectNoExecute && x.first(&taint) == i {
				loops = append(loops, n.Name)
				break
			}
		}
	}
	if len(loops) > 0 {
		x.find("EvictionLoop", SeverityProblem, path, loops,
			fmt.Sprintf("on %s each pod is evicted after %d s and recreated in a loop", kube.FirstNames(loops), max(0, *t.TolerationSeconds)),
			"leave tolerationSeconds out, or the toleration")
	}
}

// first returns the index of the first toleration that matches the taint. That one
// counts.
func (x *inspector) first(taint *corev1.Taint) int {
	list := x.set.Spec.Template.Spec.Tolerations
	for i := range list {
		if kube.Tolerates(&list[i], taint) {
			return i
		}
	}
	return math.MinInt
}

// requests reports whether any container, or the pod, has requests or limits.
func requests(spec *corev1.PodSpec) bool {
	if r := spec.Resources; r != nil && len(r.Requests)+len(r.Limits) > 0 {
		return true
	}
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			if r := &list[i].Resources; len(r.Requests)+len(r.Limits) > 0 {
				return true
			}
		}
	}
	return false
}

// inspectDisruption finds PodDisruptionBudgets that do not protect. DaemonSets have no
// scale, which percentages and maxUnavailable are computed from
// (pkg/controller/disruption/disruption.go: getExpectedPodCount). An absolute
// minAvailable works, but rollouts ignore budgets and kubectl drain skips the pods of
// DaemonSets.
func (x *inspector) inspectDisruption() {
	for _, b := range borrow.From(x.cluster).PodDisruptionBudgets() {
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || b.Namespace != x.set.Namespace || !selector.Matches(labels.Set(x.set.Spec.Template.Labels)) {
			continue
		}
		f := Finding{Nodes: []string{}, Object: nameOf(b), Path: "spec.minAvailable", Remedy: "leave it out, and rely on maxUnavailable of the DaemonSet"}
		set := nameOf(x.set)
		if form := unsupported(b); form != "" {
			f.Rule, f.Severity, f.Path = "PDBCannotProtect", SeverityProblem, "spec."+strings.Fields(form)[0]
			f.Message = fmt.Sprintf("%s cannot be counted for pods of %s: a DaemonSet has no scale, and every eviction of them fails", form, set)
		} else {
			f.Rule, f.Severity = "PDBDoesNotProtect", SeverityNote
			f.Message = fmt.Sprintf("neither a rollout of %s nor kubectl drain asks it", set)
		}
		x.found = append(x.found, f)
	}
}

// unsupported returns the form of the budget that needs a scale, in words.
func unsupported(b *policyv1.PodDisruptionBudget) string {
	switch {
	case b.Spec.MaxUnavailable != nil:
		return "maxUnavailable " + b.Spec.MaxUnavailable.String()
	case b.Spec.MinAvailable != nil && b.Spec.MinAvailable.Type == intstr.String:
		return "minAvailable " + b.Spec.MinAvailable.String()
	}
	return ""
}

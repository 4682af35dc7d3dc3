package validation

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
)

// updatePod follows the API server (pkg/registry/core/pod/strategy.go:
// podStrategy.PrepareForUpdate, podStrategy.ValidateUpdate;
// pkg/apis/core/validation/validation.go: ValidatePodUpdate).
func updatePod(root fieldErrors, pod, old *corev1.Pod) {
	pod.Status = old.Status
	if pod.Spec.Resources == nil {
		pod.Spec.Resources = old.Spec.Resources
	}
	useServiceAccountName(&pod.Spec)
	useServiceAccountName(&old.Spec)
	if differ(pod.Spec, old.Spec) {
		pod.Generation++
	}
	meta := root.child("metadata")
	checkCoreMetaUpdate(meta, &pod.ObjectMeta, &old.ObjectMeta, namespaced)
	checkNameAs(meta, &pod.ObjectMeta, apivalidation.NameIsDNSSubdomain)
	checkPodBody(root, pod)
	checkMirrorUpdate(meta.child("annotations").key(corev1.MirrorPodAnnotationKey), pod.Annotations, old.Annotations)
	checkPodSpecUpdate(root.child("spec"), &pod.Spec, &old.Spec)
}

// useServiceAccountName sets the two fields with the same meaning to one value, as
// the API server does (pkg/apis/core/v1/defaults.go: SetDefaults_PodSpec).
func useServiceAccountName(spec *corev1.PodSpec) {
	name := cmp.Or(spec.ServiceAccountName, spec.DeprecatedServiceAccount)
	spec.ServiceAccountName, spec.DeprecatedServiceAccount = name, name
}

// checkMirrorUpdate follows ValidatePodSpecificAnnotationUpdates.
func checkMirrorUpdate(at fieldErrors, annotations, old map[string]string) {
	value, has := annotations[corev1.MirrorPodAnnotationKey]
	before, had := old[corev1.MirrorPodAnnotationKey]
	switch {
	case had && (!has || value != before):
		at.forbidden("may not remove or update mirror pod annotation")
	case has && !had:
		at.forbidden("may not add mirror pod annotation")
	}
}

// checkPodSpecUpdate checks that only mutable fields change. If one of the first
// three checks fails, the others are skipped.
func checkPodSpecUpdate(at fieldErrors, spec, old *corev1.PodSpec) {
	if !sameNumber(at.child("containers"), spec.Containers, old.Containers) ||
		!sameNumber(at.child("initContainers"), spec.InitContainers, old.InitContainers) ||
		!checkDeadlineUpdate(at.child("activeDeadlineSeconds"), spec.ActiveDeadlineSeconds, old.ActiveDeadlineSeconds) {
		return
	}
	checkTolerationUpdate(at.child("tolerations"), spec.Tolerations, old.Tolerations)
	checkGateUpdate(at.child("schedulingGates"), spec.SchedulingGates, old.SchedulingGates)
	fixed := withMutable(spec, old)
	if len(old.SchedulingGates) > 0 {
		checkGatedUpdate(at, fixed, old)
	}
	if changed := changedFields(fixed, old); len(changed) > 0 {
		at.forbidden(podUpdateWords + "\nchanged: " + strings.Join(changed, ", "))
	}
}

// podUpdateWords is the server's message before the diff of the two specs.
const podUpdateWords = "pod updates may not change fields other than `spec.containers[*].image`," +
	"`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
	"`spec.tolerations` (only additions to existing tolerations)," +
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

// sameNumber follows ValidateContainerUpdates.
func sameNumber(at fieldErrors, containers, old []corev1.Container) bool {
	if len(containers) != len(old) {
		at.forbidden("pod updates may not add or remove containers")
		return false
	}
	return true
}

// checkDeadlineUpdate checks that a deadline is only set or shortened, not removed.
func checkDeadlineUpdate(at fieldErrors, deadline, old *int64) bool {
	switch {
	case deadline == nil && old != nil:
		at.invalid(deadline, "must not update from a positive integer to nil value")
		return true
	case deadline == nil:
		return true
	case *deadline < 0 || *deadline > math.MaxInt32:
		at.invalid(*deadline, validation.InclusiveRangeError(0, math.MaxInt32))
		return false
	case old != nil && *old < *deadline:
		at.invalid(*deadline, "must be less than or equal to previous value")
		return false
	}
	return true
}

// checkTolerationUpdate follows validateOnlyAddedTolerations.
func checkTolerationUpdate(at fieldErrors, tolerations, old []corev1.Toleration) {
	for _, before := range old {
		kept := slices.ContainsFunc(tolerations, func(t corev1.Toleration) bool {
			before.TolerationSeconds = t.TolerationSeconds
			return before == t
		})
		if !kept {
			at.forbidden("existing toleration can not be modified except its tolerationSeconds")
			return
		}
	}
}

// checkGateUpdate follows validateOnlyDeletedSchedulingGates. If gates are equal,
// the last is reported.
func checkGateUpdate(at fieldErrors, gates, old []corev1.PodSchedulingGate) {
	for i, gate := range gates {
		if !slices.Contains(old, gate) && !slices.Contains(gates[i+1:], gate) {
			at.item(i).child("name").forbidden(fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", gate.Name))
		}
	}
}

// withMutable returns the spec with the mutable fields as in old. The checks above
// cover these.
func withMutable(spec, old *corev1.PodSpec) *corev1.PodSpec {
	fixed := spec.DeepCopy()
	for i := range fixed.Containers {
		fixed.Containers[i].Image = old.Containers[i].Image
	}
	for i := range fixed.InitContainers {
		fixed.InitContainers[i].Image = old.InitContainers[i].Image
	}
	fixed.ActiveDeadlineSeconds = old.ActiveDeadlineSeconds
	fixed.SchedulingGates = old.SchedulingGates
	fixed.Tolerations = old.Tolerations
	if orZero(old.TerminationGracePeriodSeconds) < 0 && orZero(fixed.TerminationGracePeriodSeconds) == 1 {
		fixed.TerminationGracePeriodSeconds = old.TerminationGracePeriodSeconds
	}
	return fixed
}

// checkGatedUpdate checks the fields to which a pod with scheduling gates may add,
// and resets them to their old values.
func checkGatedUpdate(at fieldErrors, fixed, old *corev1.PodSpec) {
	checkNodeSelectorUpdate(at.child("nodeSelector"), fixed.NodeSelector, old.NodeSelector)
	fixed.NodeSelector = old.NodeSelector
	affinity, before := nodeAffinity(fixed.Affinity), nodeAffinity(old.Affinity)
	if !differ(affinity, before) {
		return
	}
	checkNodeAffinityUpdate(at.child("affinity", "nodeAffinity", requiredField, "nodeSelectorTerms"), requiredTerms(affinity), requiredTerms(before))
	switch {
	case fixed.Affinity == nil:
		fixed.Affinity = &corev1.Affinity{NodeAffinity: before}
	case old.Affinity == nil && fixed.Affinity.PodAffinity == nil && fixed.Affinity.PodAntiAffinity == nil:
		fixed.Affinity = nil
	default:
		fixed.Affinity.NodeAffinity = before
	}
}

// checkNodeSelectorUpdate follows validateNodeSelectorMutation.
func checkNodeSelectorUpdate(at fieldErrors, selector, old map[string]string) {
	for key, value := range old { // any order: one mistake, whichever key
		if now, ok := selector[key]; !ok || now != value {
			at.invalid(selector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)")
			return
		}
	}
}

func nodeAffinity(affinity *corev1.Affinity) *corev1.NodeAffinity {
	if affinity == nil {
		return nil
	}
	return affinity.NodeAffinity
}

func requiredTerms(affinity *corev1.NodeAffinity) []corev1.NodeSelectorTerm {
	if affinity == nil || affinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	return affinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
}

// checkNodeAffinityUpdate follows validateNodeAffinityMutation: a term may only
// become stricter. Terms are ORed, so none may be added or removed.
func checkNodeAffinityUpdate(at fieldErrors, terms, old []corev1.NodeSelectorTerm) {
	if len(old) > 0 && len(terms) != len(old) {
		at.invalid(terms, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
		return
	}
	for i := range old {
		if !onlyAdds(terms[i], old[i]) {
			at.item(i).invalid(terms[i], "only additions are allowed (no mutations or deletions)")
		}
	}
}

// onlyAdds follows validateNodeSelectorTermHasOnlyAdditions. An empty term, which
// matches nothing, stays empty.
func onlyAdds(term, old corev1.NodeSelectorTerm) bool {
	if len(old.MatchExpressions)+len(old.MatchFields) == 0 {
		return len(term.MatchExpressions)+len(term.MatchFields) == 0
	}
	return beginsWith(term.MatchExpressions, old.MatchExpressions) && beginsWith(term.MatchFields, old.MatchFields)
}

func beginsWith(requirements, old []corev1.NodeSelectorRequirement) bool {
	return len(requirements) >= len(old) && !differ(requirements[:len(old)], old)
}

// changedFields returns the paths of the top-level fields in which two specs differ.
func changedFields(spec, old *corev1.PodSpec) []string {
	var changed []string
	now, before := reflect.ValueOf(*spec), reflect.ValueOf(*old)
	for i := range now.NumField() {
		if differ(now.Field(i).Interface(), before.Field(i).Interface()) {
			name, _, _ := strings.Cut(now.Type().Field(i).Tag.Get("json"), ",")
			changed = append(changed, "spec."+name)
		}
	}
	return changed
}

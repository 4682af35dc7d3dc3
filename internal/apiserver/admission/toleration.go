package admission

import (
	"encoding/json"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/internal/kube"
)

// The annotations of a namespace that PodTolerationRestriction reads.
const (
	DefaultTolerationsAnnotation   = "scheduler.alpha.kubernetes.io/defaultTolerations"
	TolerationsWhitelistAnnotation = "scheduler.alpha.kubernetes.io/tolerationsWhitelist"
)

// setTolerationSeconds is the plugin DefaultTolerationSeconds.
func setTolerationSeconds(r *request) *Refusal {
	r.pod.Spec.Tolerations = kube.WithDefaultTolerations(r.pod.Spec.Tolerations)
	return nil
}

// setDefaultTolerations follows PodTolerationRestriction
// (plugin/pkg/admission/podtolerationrestriction/admission.go: Admit), which ends with
// its Validate.
func setDefaultTolerations(r *request) *Refusal {
	extra, refusal := r.namespaceTolerations(DefaultTolerationsAnnotation)
	if refusal != nil {
		return refusal
	}
	if kube.QOSClass(r.pod) != corev1.PodQOSBestEffort {
		extra = append(extra, corev1.Toleration{
			Key: corev1.TaintNodeMemoryPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule,
		})
	}
	if len(extra) > 0 {
		r.pod.Spec.Tolerations = mergeTolerations(r.pod.Spec.Tolerations, extra)
	}
	return checkTolerations(r)
}

// checkTolerations follows PodTolerationRestriction's Validate. The error does not name
// the pod.
func checkTolerations(r *request) *Refusal {
	if len(r.pod.Spec.Tolerations) == 0 {
		return nil
	}
	whitelist, refusal := r.namespaceTolerations(TolerationsWhitelistAnnotation)
	if refusal != nil || len(whitelist) == 0 {
		return refusal
	}
	for _, t := range r.pod.Spec.Tolerations {
		if !slices.ContainsFunc(whitelist, func(w corev1.Toleration) bool { return isSuperset(w, t) }) {
			const message = "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist"
			return &Refusal{Object: r.namespaceObject(), Message: message}
		}
	}
	return nil
}

// namespaceTolerations follows extractNSTolerations.
func (r *request) namespaceTolerations(annotation string) ([]corev1.Toleration, *Refusal) {
	text := r.annotations()[annotation]
	if text == "" {
		return nil, nil
	}
	var tolerations []corev1.Toleration
	if err := json.Unmarshal([]byte(text), &tolerations); err != nil {
		return nil, &Refusal{Object: r.namespaceObject(), Message: err.Error()}
	}
	return tolerations, nil
}

// setExtendedResourceTolerations follows ExtendedResourceToleration
// (plugin/pkg/admission/extendedresourcetoleration/admission.go: Admit).
func setExtendedResourceTolerations(r *request) *Refusal {
	asked := corev1.ResourceList{}
	for _, container := range slices.Concat(r.pod.Spec.Containers, r.pod.Spec.InitContainers) {
		for name, quantity := range kube.Sorted(container.Resources.Requests) {
			if kube.IsExtendedResource(name) {
				asked[name] = quantity
			}
		}
	}
	for name := range kube.Sorted(asked) {
		r.pod.Spec.Tolerations = withToleration(r.pod.Spec.Tolerations, corev1.Toleration{
			Key: string(name), Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule,
		})
	}
	return nil
}

// withToleration returns the list with a toleration added or replaced
// (pkg/apis/core/helper/helpers.go: AddOrUpdateTolerationInPod).
func withToleration(list []corev1.Toleration, added corev1.Toleration) []corev1.Toleration {
	i := slices.IndexFunc(list, func(t corev1.Toleration) bool { return added.MatchToleration(&t) })
	if i < 0 {
		return append(list, added)
	}
	for i := range list {
		if added.MatchToleration(&list[i]) {
			list[i] = added
		}
	}
	return list
}

// mergeTolerations joins two lists (pkg/util/tolerations/tolerations.go:
// MergeTolerations). Of two tolerations one of which covers the other, it keeps the wider.
func mergeTolerations(first, second []corev1.Toleration) []corev1.Toleration {
	all := slices.Concat(first, second)
	var merged []corev1.Toleration
	for i, t := range all {
		covered := func(by corev1.Toleration) bool { return isSuperset(by, t) }
		covers := func(by corev1.Toleration) bool { return !equality.Semantic.DeepEqual(t, by) && isSuperset(by, t) }
		if !slices.ContainsFunc(merged, covered) && !slices.ContainsFunc(all[i+1:], covers) {
			merged = append(merged, t)
		}
	}
	return merged
}

// isSuperset reports whether wide tolerates all that t does
// (pkg/util/tolerations/tolerations.go: isSuperset).
func isSuperset(wide, t corev1.Toleration) bool {
	switch {
	case equality.Semantic.DeepEqual(t, wide):
		return true
	case t.Key != wide.Key && (wide.Key != "" || wide.Operator != corev1.TolerationOpExists):
		return false
	case t.Effect != wide.Effect && wide.Effect != "":
		return false
	case wide.Effect == corev1.TaintEffectNoExecute && shorter(wide.TolerationSeconds, t.TolerationSeconds):
		return false
	}
	switch wide.Operator {
	case corev1.TolerationOpEqual, "":
		return t.Operator == corev1.TolerationOpEqual && t.Value == wide.Value
	case corev1.TolerationOpExists:
		return true
	}
	return false
}

// shorter reports whether the time a is shorter than b. A nil time has no end.
func shorter(a, b *int64) bool {
	return a != nil && (b == nil || *b > *a)
}

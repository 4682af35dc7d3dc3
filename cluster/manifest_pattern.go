package cluster

import (
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/podtemplate"
)

// patterns stores pods that resemble a stored pod of the same controller. The common
// part is defaulted and validated once, and shared by the stored pods.
type patterns struct {
	stored podtemplate.Memo[*corev1.Pod] // valid pods, as they are stored
}

// add makes a valid pod the pattern of its controller.
func (p *patterns) add(written, stored *corev1.Pod) {
	if written.ResourceVersion != "" {
		p.stored.Set(written, stored)
	}
}

// store returns the pod as it is stored, if it matches the pattern of its
// controller.
func (p *patterns) store(pod *corev1.Pod) (*corev1.Pod, bool) {
	like, _, ok := p.stored.Get(pod)
	if !ok || pod.ResourceVersion == "" || !validNames(pod) {
		return nil, false
	}
	stored := &corev1.Pod{TypeMeta: pod.TypeMeta, ObjectMeta: like.ObjectMeta, Spec: like.Spec, Status: *pod.Status.DeepCopy()}
	own := &pod.ObjectMeta
	meta := &stored.ObjectMeta
	meta.Name, meta.UID, meta.ResourceVersion, meta.CreationTimestamp = own.Name, own.UID, own.ResourceVersion, own.CreationTimestamp
	stored.Spec.NodeName = pod.Spec.NodeName
	if podtemplate.IsPinned(&pod.Spec) {
		stored.Spec.Affinity = pod.Spec.Affinity.DeepCopy()
	}
	podtemplate.RenameToken(&stored.Spec, podtemplate.TokenVolume(&pod.Spec))
	defaults.SetPodStatus(&stored.Status)
	return stored, true
}

// validNames reports whether the pod's own names are valid.
func validNames(pod *corev1.Pod) bool {
	return isSubdomain(pod.Name) && (pod.Spec.NodeName == "" || isSubdomain(pod.Spec.NodeName))
}

// isSubdomain reports whether NameIsDNSSubdomain accepts a name. Most names are
// plain labels, which need no regular expression.
func isSubdomain(name string) bool {
	for i := range len(name) {
		c := name[i]
		inside := c == '-' && i > 0 && i < len(name)-1
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || inside) || i >= 63 {
			return len(apivalidation.NameIsDNSSubdomain(name, false)) == 0
		}
	}
	return name != ""
}

package cluster

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/internal/apiserver/defaults"
)

// patterns stores pods that resemble a stored pod of the same controller. Nearly all
// pods of a dump do: they differ from the first only in their names, their node and
// the name of their token volume. The common part is defaulted and validated once,
// and shared by the stored pods.
type patterns map[types.UID]pattern

// pattern is a valid pod, as written and as stored.
type pattern struct{ written, stored *corev1.Pod }

// add makes a valid pod the pattern of its controller.
func (p patterns) add(written, stored *corev1.Pod) {
	if owner := metav1.GetControllerOfNoCopy(written); owner != nil && written.ResourceVersion != "" {
		p[owner.UID] = pattern{written, stored}
	}
}

// store returns the pod as it is stored, if it matches the pattern of its
// controller.
func (p patterns) store(pod *corev1.Pod) (*corev1.Pod, bool) {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return nil, false
	}
	like, ok := p[owner.UID]
	if !ok || !sameMeta(like.written, pod) || !sameSpec(&like.written.Spec, &pod.Spec) || !validNames(pod) {
		return nil, false
	}
	stored := &corev1.Pod{TypeMeta: pod.TypeMeta, ObjectMeta: like.stored.ObjectMeta, Spec: like.stored.Spec, Status: *pod.Status.DeepCopy()}
	own := &pod.ObjectMeta
	meta := &stored.ObjectMeta
	meta.Name, meta.UID, meta.ResourceVersion, meta.CreationTimestamp = own.Name, own.UID, own.ResourceVersion, own.CreationTimestamp
	stored.Spec.NodeName = pod.Spec.NodeName
	if isPinned(&pod.Spec) {
		stored.Spec.Affinity = pod.Spec.Affinity.DeepCopy()
	}
	renameToken(&stored.Spec, tokenVolume(&pod.Spec))
	defaults.SetPodStatus(&stored.Status)
	return stored, true
}

// sameMeta reports whether the metadata of two stored pods differ only in what
// validNames checks and in what is not validated.
func sameMeta(a, b *corev1.Pod) bool {
	if a.ResourceVersion == "" || b.ResourceVersion == "" {
		return false
	}
	x, y := a.ObjectMeta, b.ObjectMeta
	for _, meta := range []*metav1.ObjectMeta{&x, &y} {
		meta.Name, meta.UID, meta.ResourceVersion, meta.CreationTimestamp = "", "", "", metav1.Time{}
	}
	return identical(&x, &y)
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

// sameSpec reports whether two specs differ only in the node, in the affinity that
// pins a daemon pod to it, and in the name of the volume with the token.
func sameSpec(a, b *corev1.PodSpec) bool {
	if (a.NodeName == "") != (b.NodeName == "") || isPinned(a) != isPinned(b) {
		return false
	}
	x, y := withoutOwn(a), withoutOwn(b)
	return identical(&x, &y)
}

// withoutOwn returns a copy of the spec without the parts that sameSpec ignores.
func withoutOwn(spec *corev1.PodSpec) corev1.PodSpec {
	s := *spec
	s.NodeName = ""
	if isPinned(spec) {
		s.Affinity = nil
	}
	renameToken(&s, tokenPrefix)
	return s
}

// isPinned reports whether the affinity of the pod only names its node, as the
// DaemonSet controller writes it (pkg/controller/daemon/util/daemonset_util.go:
// ReplaceDaemonSetPodNodeNameNodeAffinity).
func isPinned(spec *corev1.PodSpec) bool {
	a := spec.Affinity
	if a == nil || a.PodAffinity != nil || a.PodAntiAffinity != nil || a.NodeAffinity == nil || spec.NodeName == "" {
		return false
	}
	required := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil || len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 || len(required.NodeSelectorTerms) != 1 {
		return false
	}
	term := required.NodeSelectorTerms[0]
	if len(term.MatchExpressions) > 0 || len(term.MatchFields) != 1 {
		return false
	}
	field := term.MatchFields[0]
	return field.Key == metav1.ObjectNameField && field.Operator == corev1.NodeSelectorOpIn && slices.Equal(field.Values, []string{spec.NodeName})
}

// tokenPrefix begins the name of the volume with the token of the ServiceAccount
// (plugin/pkg/admission/serviceaccount/admission.go: ServiceAccountVolumeName).
const tokenPrefix = "kube-api-access-"

// tokenVolume returns the name of the token volume, or "" if there is none.
func tokenVolume(spec *corev1.PodSpec) string {
	for i := range spec.Volumes {
		if strings.HasPrefix(spec.Volumes[i].Name, tokenPrefix) {
			return spec.Volumes[i].Name
		}
	}
	return ""
}

// renameToken renames the token volume, in copies of the lists that name it.
func renameToken(spec *corev1.PodSpec, name string) {
	old := tokenVolume(spec)
	if old == "" || old == name {
		return
	}
	spec.Volumes = slices.Clone(spec.Volumes)
	for i := range spec.Volumes {
		if spec.Volumes[i].Name == old {
			spec.Volumes[i].Name = name
		}
	}
	spec.InitContainers = withMount(spec.InitContainers, old, name)
	spec.Containers = withMount(spec.Containers, old, name)
}

func withMount(containers []corev1.Container, old, name string) []corev1.Container {
	containers = slices.Clone(containers)
	for i := range containers {
		mounts := slices.Clone(containers[i].VolumeMounts)
		for k := range mounts {
			if mounts[k].Name == old {
				mounts[k].Name = name
			}
		}
		containers[i].VolumeMounts = mounts
	}
	return containers
}

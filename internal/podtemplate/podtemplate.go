// Package podtemplate recognizes pods that were written from one template. Nearly all
// pods of a cluster were: pods of one controller differ only in their names, their node
// and the name of their token volume. What follows from the rest is computed once.
package podtemplate

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Memo keeps a value for the pods of each template. The zero Memo is empty. It is not
// safe for concurrent use, and keeps the pods that it is given.
type Memo[T any] struct {
	known map[key]entry[T]
	comparison
}

// key groups pods that may have one template: a controller and the hash in the label
// that it sets for the pods of a template.
type key struct {
	uid             types.UID
	namespace, name string // of the controller
	hash            string
}

type entry[T any] struct {
	pod   *corev1.Pod
	value T
}

func keyOf(pod *corev1.Pod) (key, bool) {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return key{}, false
	}
	hash, ok := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	if !ok {
		hash = pod.Labels[appsv1.ControllerRevisionHashLabelKey]
	}
	return key{owner.UID, pod.Namespace, owner.Name, hash}, true
}

// Get returns the value for the template of a pod, and the pod that it was set for.
// It returns false if none was set, or the pod was written from another template. It
// costs about a µs.
func (m *Memo[T]) Get(pod *corev1.Pod) (value T, like *corev1.Pod, ok bool) {
	k, ok := keyOf(pod)
	if !ok {
		return value, nil, false
	}
	e, ok := m.known[k]
	if !ok || !m.sameMeta(&e.pod.ObjectMeta, &pod.ObjectMeta) || !m.sameSpec(&e.pod.Spec, &pod.Spec) {
		return value, nil, false
	}
	return e.value, e.pod, true
}

// Set sets the value for the template of a pod. A pod without a controller has none.
func (m *Memo[T]) Set(pod *corev1.Pod, value T) {
	k, ok := keyOf(pod)
	if !ok {
		return
	}
	if m.known == nil {
		m.known = map[key]entry[T]{}
	}
	m.known[k] = entry[T]{pod, value}
}

// Shared returns a copy of the pod without its own fields. Pods of one template have
// equal ones. The copy shares memory with the pod.
func Shared(pod *corev1.Pod) *corev1.Pod {
	shared := &corev1.Pod{TypeMeta: pod.TypeMeta, ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}
	dropOwnMeta(&shared.ObjectMeta)
	if IsPinned(&pod.Spec) {
		shared.Spec.Affinity = nil
	}
	shared.Spec.NodeName = ""
	RenameToken(&shared.Spec, tokenPrefix)
	return shared
}

func dropOwnMeta(m *metav1.ObjectMeta) {
	m.Name, m.UID, m.ResourceVersion, m.CreationTimestamp = "", "", "", metav1.Time{}
}

// comparison compares pods. Its fields are the parts that are compared, without what
// may differ: kept here, they are not allocated for each pod.
type comparison struct {
	meta      [2]metav1.ObjectMeta
	spec      [2]corev1.PodSpec
	volume    [2]corev1.Volume
	container [2]corev1.Container
	mount     [2]corev1.VolumeMount
}

// sameMeta reports whether metadata differs only in the pod's own name and in what an
// API server sets.
func (c *comparison) sameMeta(a, b *metav1.ObjectMeta) bool {
	c.meta = [2]metav1.ObjectMeta{*a, *b}
	for i := range c.meta {
		dropOwnMeta(&c.meta[i])
	}
	return Identical(&c.meta[0], &c.meta[1])
}

// sameSpec reports whether specs differ only in the node, in the affinity that pins a
// daemon pod to it, and in the name of the token volume.
func (c *comparison) sameSpec(a, b *corev1.PodSpec) bool {
	pinned := IsPinned(a)
	tokens := [2]string{TokenVolume(a), TokenVolume(b)}
	if (a.NodeName == "") != (b.NodeName == "") || pinned != IsPinned(b) || (tokens[0] == "") != (tokens[1] == "") {
		return false
	}
	c.spec = [2]corev1.PodSpec{*a, *b}
	for i := range c.spec {
		s := &c.spec[i]
		s.NodeName, s.Volumes, s.InitContainers, s.Containers = "", nil, nil, nil
		if pinned {
			s.Affinity = nil
		}
	}
	return Identical(&c.spec[0], &c.spec[1]) && c.sameVolumes(a.Volumes, b.Volumes, tokens) &&
		c.sameContainers(a.InitContainers, b.InitContainers, tokens) && c.sameContainers(a.Containers, b.Containers, tokens)
}

func (c *comparison) sameVolumes(a, b []corev1.Volume, tokens [2]string) bool {
	return sameLists(a, b, func(x, y *corev1.Volume) bool {
		c.volume = [2]corev1.Volume{*x, *y}
		for i := range c.volume {
			rename(&c.volume[i].Name, tokens[i], tokenPrefix)
		}
		return Identical(&c.volume[0], &c.volume[1])
	})
}

func (c *comparison) sameContainers(a, b []corev1.Container, tokens [2]string) bool {
	return sameLists(a, b, func(x, y *corev1.Container) bool {
		c.container = [2]corev1.Container{*x, *y}
		c.container[0].VolumeMounts, c.container[1].VolumeMounts = nil, nil
		return Identical(&c.container[0], &c.container[1]) && c.sameMounts(x.VolumeMounts, y.VolumeMounts, tokens)
	})
}

func (c *comparison) sameMounts(a, b []corev1.VolumeMount, tokens [2]string) bool {
	return sameLists(a, b, func(x, y *corev1.VolumeMount) bool {
		c.mount = [2]corev1.VolumeMount{*x, *y}
		for i := range c.mount {
			rename(&c.mount[i].Name, tokens[i], tokenPrefix)
		}
		return Identical(&c.mount[0], &c.mount[1])
	})
}

func sameLists[E any](a, b []E, same func(x, y *E) bool) bool {
	if len(a) != len(b) || (a == nil) != (b == nil) {
		return false
	}
	for i := range a {
		if !same(&a[i], &b[i]) {
			return false
		}
	}
	return true
}

// rename replaces the name from by to. An empty from names nothing.
func rename(name *string, from, to string) {
	if from != "" && *name == from {
		*name = to
	}
}

// IsPinned reports whether the affinity of the pod only names its node, as the
// DaemonSet controller writes it (pkg/controller/daemon/util/daemonset_util.go:
// ReplaceDaemonSetPodNodeNameNodeAffinity).
func IsPinned(spec *corev1.PodSpec) bool {
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
	return field.Key == metav1.ObjectNameField && field.Operator == corev1.NodeSelectorOpIn && len(field.Values) == 1 && field.Values[0] == spec.NodeName
}

// tokenPrefix begins the name of the volume with the token of the ServiceAccount
// (plugin/pkg/admission/serviceaccount/admission.go: ServiceAccountVolumeName).
const tokenPrefix = "kube-api-access-"

// TokenVolume returns the name of the token volume, or "" if there is none.
func TokenVolume(spec *corev1.PodSpec) string {
	for i := range spec.Volumes {
		if strings.HasPrefix(spec.Volumes[i].Name, tokenPrefix) {
			return spec.Volumes[i].Name
		}
	}
	return ""
}

// RenameToken renames the token volume, in copies of the lists that name it.
func RenameToken(spec *corev1.PodSpec, name string) {
	old := TokenVolume(spec)
	if old == "" || old == name {
		return
	}
	spec.Volumes = slices.Clone(spec.Volumes)
	for i := range spec.Volumes {
		rename(&spec.Volumes[i].Name, old, name)
	}
	spec.InitContainers = withMount(spec.InitContainers, old, name)
	spec.Containers = withMount(spec.Containers, old, name)
}

func withMount(containers []corev1.Container, old, name string) []corev1.Container {
	containers = slices.Clone(containers)
	for i := range containers {
		mounts := slices.Clone(containers[i].VolumeMounts)
		for k := range mounts {
			rename(&mounts[k].Name, old, name)
		}
		containers[i].VolumeMounts = mounts
	}
	return containers
}

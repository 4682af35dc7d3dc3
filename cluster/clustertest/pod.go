package clustertest

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
)

// PodSpec describes an ordinary pod in words. Make one with Pod.
type PodSpec struct{ line }

// Pod describes a pod with one container and the label app=NAME. The key is
// namespace/name; without a namespace it is in default. The words are the pod words
// of DaemonSet, where node:NAME binds the pod to a node, and
//
//	running   its phase is Running, and it is ready; without it, Pending
//	failed    its phase is Failed
func Pod(key string, words ...string) PodSpec { return PodSpec{line{key, slices.Clone(words)}} }

// With returns the same pod with more words.
func (p PodSpec) With(words ...string) PodSpec { return PodSpec{p.with(words)} }

// Object returns the pod. A word that cannot be parsed fails the test.
func (p PodSpec) Object(t rapid.TB) *corev1.Pod {
	t.Helper()
	return object[*corev1.Pod](t, p)
}

// Objects returns the pod.
func (p PodSpec) Objects() ([]runtime.Object, error) {
	namespace, name := p.key()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec:       onePod(name),
		Status:     corev1.PodStatus{Phase: corev1.PodPending},
	}
	if err := p.read(func(w word) error { return ownPodWord(pod, w) }); err != nil {
		return nil, err
	}
	return []runtime.Object{pod}, nil
}

func ownPodWord(pod *corev1.Pod, w word) error {
	switch {
	case w.sep == '=':
		setLabel(&pod.ObjectMeta, w)
	case w == word{key: "running"}:
		pod.Status = corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		}
	case w == word{key: "failed"}:
		pod.Status = corev1.PodStatus{Phase: corev1.PodFailed}
	default:
		return podWord(&pod.Spec, w)
	}
	return nil
}

// String returns the pod as a line of the notation.
func (p PodSpec) String() string { return p.text("pod", p.name) }

// GoString returns the call that makes it.
func (p PodSpec) GoString() string { return p.call("Pod", strconv.Quote(p.name)) }

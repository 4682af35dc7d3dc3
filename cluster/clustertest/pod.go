package clustertest

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pod describes a pod with one container and the label app=NAME. The key is
// namespace/name; without a namespace it is in default. The words are the pod words
// of DaemonSet, where node:NAME binds the pod to a node, and
//
//	running   its phase is Running, and it is ready; without it, Pending
//	failed    its phase is Failed
func Pod(key string, words ...string) Spec {
	return Spec{kind: pod, name: key, words: slices.Clone(words)}
}

func (s Spec) pod() (*corev1.Pod, error) {
	namespace, name := s.key()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec:       onePod(name),
		Status:     corev1.PodStatus{Phase: corev1.PodPending},
	}
	return pod, s.read(func(w word) error { return ownPodWord(pod, w) })
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

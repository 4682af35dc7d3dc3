package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PodFromTemplate returns the pod that a controller makes from a template, without
// name and namespace (pkg/controller/controller_utils.go: GetPodFromTemplate). It
// copies only labels, annotations and finalizers from the template's metadata. The
// pod shares memory with the template.
func PodFromTemplate(template *corev1.PodTemplateSpec, controller string, owner *metav1.OwnerReference) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: controller + "-",
			Labels:       template.Labels,
			Annotations:  template.Annotations,
			Finalizers:   template.Finalizers,
		},
		Spec: template.Spec,
	}
	if owner != nil {
		pod.OwnerReferences = []metav1.OwnerReference{*owner}
	}
	return pod
}

package kube

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// SameTemplate reports whether two templates are equal except for the label
// pod-template-hash. If so, a ReplicaSet with one is the new ReplicaSet of a
// Deployment with the other (pkg/controller/deployment/util/deployment_util.go:
// EqualIgnoreHash, FindNewReplicaSet).
func SameTemplate(a, b *corev1.PodTemplateSpec) bool {
	x, y := withoutHash(a), withoutHash(b)
	return equality.Semantic.DeepEqual(&x, &y)
}

// withoutHash returns a copy of the template without the label. The copy shares
// everything but the labels.
func withoutHash(template *corev1.PodTemplateSpec) corev1.PodTemplateSpec {
	plain := *template
	if _, has := template.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; has {
		plain.Labels = maps.Clone(template.Labels)
		delete(plain.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	}
	return plain
}

// WithTemplateHash returns a copy of the labels with the label pod-template-hash
// (pkg/util/labels/labels.go: CloneAndAddLabel).
func WithTemplateHash(labels map[string]string, hash string) map[string]string {
	with := maps.Clone(labels)
	if with == nil {
		with = map[string]string{}
	}
	with[appsv1.DefaultDeploymentUniqueLabelKey] = hash
	return with
}

package cluster

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
)

// Manifest is what a YAML or JSON stream held, as written.
type Manifest struct {
	Nodes                []*corev1.Node
	Pods                 []*corev1.Pod
	Namespaces           []*corev1.Namespace
	DaemonSets           []*appsv1.DaemonSet
	ControllerRevisions  []*appsv1.ControllerRevision
	Deployments          []*appsv1.Deployment
	ReplicaSets          []*appsv1.ReplicaSet
	StatefulSets         []*appsv1.StatefulSet
	Services             []*corev1.Service
	PodDisruptionBudgets []*policyv1.PodDisruptionBudget
	PriorityClasses      []*schedulingv1.PriorityClass
}

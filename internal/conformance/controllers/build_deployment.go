package controllers

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DeploymentChange alters a Deployment under construction.
type DeploymentChange func(*appsv1.Deployment)

// NewDeployment is default/name running so many pods of image, changed as told.
func NewDeployment(name, image string, replicas int32, changes ...DeploymentChange) *appsv1.Deployment {
	app := map[string]string{"app": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: image}}},
			},
		},
	}
	for _, change := range changes {
		change(d)
	}
	return d
}

// Rolling is a rolling update with that surge and budget: "1", "25%".
func Rolling(surge, unavailable string) DeploymentChange {
	return func(d *appsv1.Deployment) {
		d.Spec.Strategy = appsv1.DeploymentStrategy{
			Type:          appsv1.RollingUpdateDeploymentStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: amount(surge), MaxUnavailable: amount(unavailable)},
		}
	}
}

// Recreate deletes all old pods before there are new ones.
func Recreate(d *appsv1.Deployment) {
	d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
}

// ReadyFor is minReadySeconds.
func ReadyFor(seconds int32) DeploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.MinReadySeconds = seconds }
}

// Deadline is progressDeadlineSeconds.
func Deadline(seconds int32) DeploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.ProgressDeadlineSeconds = &seconds }
}

// Remember is revisionHistoryLimit.
func Remember(limit int32) DeploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.RevisionHistoryLimit = &limit }
}

// Paused is spec.paused.
func Paused(d *appsv1.Deployment) { d.Spec.Paused = true }

// Annotated has one more annotation.
func Annotated(key, value string) DeploymentChange {
	return func(d *appsv1.Deployment) {
		if d.Annotations == nil {
			d.Annotations = map[string]string{}
		}
		d.Annotations[key] = value
	}
}

// OfTemplate makes a change of a DaemonSet's template that of a Deployment.
func OfTemplate(change Change) DeploymentChange {
	return func(d *appsv1.Deployment) {
		ds := &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: d.Spec.Template}}
		change(ds)
		d.Spec.Template = ds.Spec.Template
	}
}

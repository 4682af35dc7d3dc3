package main

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// compile returns what a workload requires of a node. For a controller of replicas it
// is one more of its pods.
func compile(c *cluster.Cluster, w workload) (*placement.Workload, error) {
	at := placement.AtVersion(c.Version())
	switch o := w.object.(type) {
	case *appsv1.DaemonSet:
		return placement.ForDaemonSet(o, at)
	case *appsv1.Deployment:
		return placement.ForPod(podOf(o, o.Spec.Template), at)
	case *appsv1.StatefulSet:
		return placement.ForPod(podOf(o, o.Spec.Template), at)
	case *appsv1.ReplicaSet:
		return placement.ForPod(podOf(o, o.Spec.Template), at)
	case *corev1.Pod:
		pod := o.DeepCopy()
		pod.Spec.NodeName = "" // as if it were created now
		return placement.ForPod(pod, at)
	}
	return nil, fmt.Errorf("%s: no pod is made of it", w.key())
}

func podOf(owner metav1.Object, template corev1.PodTemplateSpec) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: *template.Spec.DeepCopy()}
	pod.Namespace, pod.Name = owner.GetNamespace(), owner.GetName()+"-new"
	return pod
}

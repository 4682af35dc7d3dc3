package controllers

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Node is a ready node with room for much; labels are "key=value", taints
// "key=value:Effect".
func Node(name string, edits ...string) *corev1.Node {
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("8"),
				corev1.ResourceMemory: resource.MustParse("32Gi"),
				corev1.ResourcePods:   resource.MustParse("110"),
			},
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
	edited, err := editNode(n, edits)
	if err != nil {
		panic(err) // a literal in a test
	}
	return edited
}

// Nodes are n nodes n1, n2, ... (n01 and so on where that keeps them in order).
func Nodes(n int, edits ...string) []*corev1.Node {
	nodes := make([]*corev1.Node, n)
	width := len(fmt.Sprint(n))
	for i := range nodes {
		nodes[i] = Node(fmt.Sprintf("n%0*d", width, i+1), edits...)
	}
	return nodes
}

// Change alters a DaemonSet under construction.
type Change func(*appsv1.DaemonSet)

// DaemonSet is default/name running image, changed as told.
func DaemonSet(name, image string, changes ...Change) *appsv1.DaemonSet {
	app := map[string]string{"app": name}
	ds := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: image}}},
			},
		},
	}
	for _, change := range changes {
		change(ds)
	}
	return ds
}

// MaxUnavailable is a rolling update with that budget: "1", "10%".
func MaxUnavailable(n string) Change {
	return func(ds *appsv1.DaemonSet) { rolling(ds).MaxUnavailable = amount(n) }
}

// MaxSurge is a rolling update with that surge and no budget.
func MaxSurge(n string) Change {
	return func(ds *appsv1.DaemonSet) {
		r := rolling(ds)
		r.MaxSurge, r.MaxUnavailable = amount(n), amount("0")
	}
}

// OnDelete replaces pods only where somebody deletes them.
func OnDelete(ds *appsv1.DaemonSet) {
	ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}
}

// MinReady is minReadySeconds.
func MinReady(seconds int32) Change {
	return func(ds *appsv1.DaemonSet) { ds.Spec.MinReadySeconds = seconds }
}

// History is revisionHistoryLimit.
func History(limit int32) Change {
	return func(ds *appsv1.DaemonSet) { ds.Spec.RevisionHistoryLimit = &limit }
}

// On is one more requirement of the node selector.
func On(key, value string) Change {
	return func(ds *appsv1.DaemonSet) {
		spec := &ds.Spec.Template.Spec
		if spec.NodeSelector == nil {
			spec.NodeSelector = map[string]string{}
		}
		spec.NodeSelector[key] = value
	}
}

// Grace is terminationGracePeriodSeconds.
func Grace(seconds int64) Change {
	return func(ds *appsv1.DaemonSet) { ds.Spec.Template.Spec.TerminationGracePeriodSeconds = &seconds }
}

// TolerateAll tolerates every taint.
func TolerateAll(ds *appsv1.DaemonSet) {
	ds.Spec.Template.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
}

// Tolerate tolerates every taint of a key.
func Tolerate(key string) Change {
	return func(ds *appsv1.DaemonSet) {
		spec := &ds.Spec.Template.Spec
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists})
	}
}

// HostPort makes the container want a port of the node.
func HostPort(port int32) Change {
	return func(ds *appsv1.DaemonSet) {
		ds.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: port, HostPort: port}}
	}
}

// CPU is what the container requests.
func CPU(quantity string) Change {
	return func(ds *appsv1.DaemonSet) {
		ds.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(quantity)}
	}
}

// Sidecar is a container of that image which starts before the others and runs on.
func Sidecar(image string) Change {
	return func(ds *appsv1.DaemonSet) {
		always := corev1.ContainerRestartPolicyAlways
		ds.Spec.Template.Spec.InitContainers = []corev1.Container{{Name: "side", Image: image, RestartPolicy: &always}}
	}
}

// PodLabel is one more label of the template.
func PodLabel(key, value string) Change {
	return func(ds *appsv1.DaemonSet) {
		labels := map[string]string{key: value}
		for k, v := range ds.Spec.Template.Labels {
			labels[k] = v
		}
		ds.Spec.Template.Labels = labels
	}
}

func rolling(ds *appsv1.DaemonSet) *appsv1.RollingUpdateDaemonSet {
	strategy := &ds.Spec.UpdateStrategy
	strategy.Type = appsv1.RollingUpdateDaemonSetStrategyType
	if strategy.RollingUpdate == nil {
		strategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{}
	}
	return strategy.RollingUpdate
}

func amount(n string) *intstr.IntOrString {
	v := intstr.Parse(n)
	return &v
}

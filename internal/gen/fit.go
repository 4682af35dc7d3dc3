package gen

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

var resources = []corev1.ResourceName{
	corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage,
	"hugepages-2Mi", "example.com/gpu", "attachable-volumes-x", "storage", "requests.example.com/gpu",
}

func quantities(t *rapid.T, label string, most int, from ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for range rapid.IntRange(0, most).Draw(t, label) {
		list[one(t, "resource", resources...)] = resource.MustParse(one(t, "amount", from...))
	}
	return list
}

// Allocatable draws the allocatable resources of a small node.
func Allocatable(t *rapid.T) corev1.ResourceList {
	list := quantities(t, "allocatable", 5, "0", "1", "2", "3", "1500m", "4")
	if !chance(t, "no pods", 10) {
		list[corev1.ResourcePods] = resource.MustParse(one(t, "pods", "0", "1", "2", "3", "110", "110"))
	}
	return list
}

// Requests draws the requests of a container: none, small, or more than any node
// has.
func Requests(t *rapid.T) corev1.ResourceList {
	return quantities(t, "requests", 2, "0", "1", "1", "500m", "1500m", "1u", "2", "5")
}

// Containers adds containers, sidecars and init containers with requests and host
// ports to a spec.
func Containers(t *rapid.T, spec *corev1.PodSpec) {
	always := corev1.ContainerRestartPolicyAlways
	spec.Containers, spec.InitContainers = nil, nil
	for i := range rapid.IntRange(1, 2).Draw(t, "containers") {
		spec.Containers = append(spec.Containers, container(t, fmt.Sprintf("c%d", i)))
	}
	for i := range one(t, "init containers", 0, 0, 1, 2) {
		c := container(t, fmt.Sprintf("i%d", i))
		if chance(t, "sidecar", 50) {
			c.RestartPolicy = &always
		}
		spec.InitContainers = append(spec.InitContainers, c)
	}
	if chance(t, "overhead", 10) {
		spec.Overhead = Requests(t)
	}
	if chance(t, "pod level", 10) {
		spec.Resources = &corev1.ResourceRequirements{Requests: Requests(t)}
	}
}

func container(t *rapid.T, name string) corev1.Container {
	return corev1.Container{
		Name: name, Image: "i",
		Resources: corev1.ResourceRequirements{Requests: Requests(t)},
		Ports: several(t, "ports", one(t, "most ports", 0, 0, 2), func(t *rapid.T) corev1.ContainerPort {
			return corev1.ContainerPort{
				ContainerPort: 1,
				HostPort:      one(t, "host port", int32(0), 80, 80, 81),
				HostIP:        one(t, "host IP", "", "", "0.0.0.0", "10.0.0.1", "10.0.0.2"),
				Protocol:      one(t, "protocol", corev1.ProtocolTCP, corev1.ProtocolTCP, "", corev1.ProtocolUDP),
			}
		}),
	}
}

// Running draws a pod on one of the nodes n00 to n07, or on a node that does not
// exist. It may have ended, be terminating, be being resized, or belong to the
// DaemonSet that DaemonSet draws.
func Running(t *rapid.T, name string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: one(t, "namespace", "default", "default", "default", "other"), Name: name}}
	Containers(t, &pod.Spec)
	pod.Labels = PodLabels(t)
	Relations(t, &pod.Spec)
	pod.Spec.NodeName = one(t, "bound to", "n00", "n00", "n01", "n01", "n02", "n03", "n04", "gone", "")
	pod.Status.Phase = one(t, "phase", corev1.PodRunning, corev1.PodRunning, corev1.PodRunning, corev1.PodRunning, corev1.PodRunning, corev1.PodPending, corev1.PodSucceeded, corev1.PodFailed)
	if chance(t, "terminating", 15) {
		pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(0, 0)}
	}
	if chance(t, "resized", 10) {
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c0", AllocatedResources: Requests(t)}}
	}
	if chance(t, "owned", 30) {
		controller := true
		pod.OwnerReferences = []metav1.OwnerReference{{
			Kind: one(t, "owner kind", "DaemonSet", "DaemonSet", "ReplicaSet"), Name: one(t, "owner", "ds", "ds", "sd"),
			UID: one(t, "owner uid", types.UID(""), "1", "2"), Controller: &controller,
		}}
	}
	return pod
}

package placement_test

import (
	"math/big"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	resourcehelper "k8s.io/component-helpers/resource"
)

// The naive reference for fit: sums over all pods, for one node at a time.

// naiveWhy returns the messages of all filters that reject the pod on a node
// with these pods, in the profile's order.
func naiveWhy(pod *corev1.Pod, n *corev1.Node, there []*corev1.Pod) []string {
	var why []string
	if naivePortClash(pod, there) {
		why = append(why, "NodePorts: node(s) didn't have free ports for the requested pod ports")
	}
	places := n.Status.Allocatable[corev1.ResourcePods]
	if int64(len(there))+1 > places.Value() {
		why = append(why, "NodeResourcesFit: Too many pods")
	}
	for _, name := range []corev1.ResourceName{"cpu", "memory", "ephemeral-storage", "attachable-volumes-x", "example.com/gpu", "hugepages-2Mi"} {
		asked := naiveAmount(name, resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{}))
		free := naiveAmount(name, n.Status.Allocatable)
		for _, p := range there {
			free.Sub(free, naiveAmount(name, resourcehelper.PodRequests(p, resourcehelper.PodResourcesOptions{
				UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true})))
		}
		if asked.Sign() > 0 && asked.Cmp(free) > 0 {
			why = append(why, "NodeResourcesFit: Insufficient "+string(name))
		}
	}
	return why
}

func naiveAmount(name corev1.ResourceName, list corev1.ResourceList) *big.Int {
	q := list[name]
	if name == corev1.ResourceCPU {
		return big.NewInt(q.MilliValue())
	}
	return big.NewInt(q.Value())
}

func naivePortClash(pod *corev1.Pod, there []*corev1.Pod) bool {
	for _, p := range there {
		for _, have := range naivePorts(p) {
			for _, want := range naivePorts(pod) {
				if have.HostPort == want.HostPort && have.Protocol == want.Protocol &&
					(have.HostIP == want.HostIP || have.HostIP == "" || want.HostIP == "") {
					return true
				}
			}
		}
	}
	return false
}

func naivePorts(pod *corev1.Pod) []corev1.ContainerPort {
	var ports []corev1.ContainerPort
	containers := slices.Clone(pod.Spec.Containers)
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil {
			containers = append(containers, c)
		}
	}
	for _, c := range containers {
		for _, p := range c.Ports {
			if p.HostPort == 0 {
				continue
			}
			if p.HostIP == "0.0.0.0" {
				p.HostIP = ""
			}
			if p.Protocol == "" {
				p.Protocol = corev1.ProtocolTCP
			}
			ports = append(ports, p)
		}
	}
	return ports
}

// naiveThere returns the pods that count on a node, except the workload's own
// pods, which own reports.
func naiveThere(pods []*corev1.Pod, node string, own func(*corev1.Pod) bool) []*corev1.Pod {
	var there []*corev1.Pod
	for _, p := range pods {
		ended := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
		if p.Spec.NodeName == node && !ended && !own(p) {
			there = append(there, p)
		}
	}
	return there
}

func ownOfDaemonSet(ds *appsv1.DaemonSet) func(*corev1.Pod) bool {
	return func(p *corev1.Pod) bool {
		ref := metav1.GetControllerOf(p)
		return ref != nil && ref.Kind == "DaemonSet" && ref.Name == ds.Name && p.Namespace == ds.Namespace &&
			(ds.UID == "" || ref.UID == "" || ds.UID == ref.UID)
	}
}

func ownOfPod(pod *corev1.Pod) func(*corev1.Pod) bool {
	return func(p *corev1.Pod) bool { return p.Namespace == pod.Namespace && p.Name == pod.Name }
}

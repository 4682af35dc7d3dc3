package gen

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"
)

// World is a cluster as the scheduler sees it, and a pod that it is asked about.
// Its objects are valid; what the API server fills in is not filled in yet.
type World struct {
	Nodes        []*corev1.Node
	Pods         []*corev1.Pod // bound, some to a node that is gone; some terminal, some terminating
	Namespaces   []*corev1.Namespace
	Services     []*corev1.Service
	ReplicaSets  []*appsv1.ReplicaSet
	StatefulSets []*appsv1.StatefulSet
	Budgets      []*policyv1.PodDisruptionBudget
}

// Epoch is the time about which the worlds were made.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Worlds draws a small cluster: up to six nodes and a dozen pods, which need not
// have fitted where they are.
func Worlds() *rapid.Generator[World] {
	return rapid.Custom(func(t *rapid.T) World {
		w := World{Namespaces: namespaces()}
		count := rapid.IntRange(1, 6).Draw(t, "nodes")
		for i := range count {
			w.Nodes = append(w.Nodes, host(t, fmt.Sprintf("node-%c", 'a'+i)))
		}
		for i := range rapid.IntRange(0, 12).Draw(t, "pods") {
			w.Pods = append(w.Pods, running(t, fmt.Sprintf("pod-%02d", i), w.Nodes))
		}
		dropClashes(w.Pods)
		if oneIn(t, 3, "owners") {
			w.Services, w.ReplicaSets, w.StatefulSets = owners()
		}
		if oneIn(t, 3, "budgets") {
			w.Budgets = []*policyv1.PodDisruptionBudget{budget(t)}
		}
		return w
	})
}

// Incoming draws a pod to be scheduled into a world.
func Incoming() *rapid.Generator[*corev1.Pod] {
	return rapid.Custom(func(t *rapid.T) *corev1.Pod {
		pod := ordinary(t, "incoming")
		if oneIn(t, 2, "placement") {
			pod.Spec.NodeSelector, pod.Spec.Affinity, pod.Spec.Tolerations = modest(t)
		}
		if oneIn(t, 2, "important") {
			pod.Spec.Priority = ptr[int32](1000)
		}
		if oneIn(t, 20, "named") {
			pod.Spec.NodeName = pick(t, "node", "node-a", "gone")
		}
		meet(t, pod)
		dropClashes([]*corev1.Pod{pod})
		return pod
	})
}

func namespaces() []*corev1.Namespace {
	all := []*corev1.Namespace{{}, {}, {}}
	all[0].Name, all[0].Labels = "default", map[string]string{"team": "a", "kubernetes.io/metadata.name": "default"}
	all[1].Name, all[1].Labels = "kube-system", map[string]string{"kubernetes.io/metadata.name": "kube-system"}
	all[2].Name, all[2].Labels = "other", map[string]string{"team": "b", "kubernetes.io/metadata.name": "other"}
	return all
}

// host draws a node with something to allocate.
func host(t *rapid.T, name string) *corev1.Node {
	n := node(t, name)
	if !oneIn(t, 3, "tainted") {
		n.Spec.Taints, n.Spec.Unschedulable = nil, false
	}
	n.Spec.Taints = distinct(n.Spec.Taints)
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	if !oneIn(t, 10, "no hostname") {
		n.Labels[corev1.LabelHostname] = name
	}
	if !oneIn(t, 6, "no zone") {
		n.Labels["topology.kubernetes.io/zone"] = pick(t, "topology", "z1", "z2", "z3")
	}
	n.Status.Allocatable = allocatable(t)
	n.Status.Capacity = n.Status.Allocatable.DeepCopy()
	n.Status.Images = images(t)
	return n
}

// distinct leaves out taints whose key and effect an earlier one has, as no API
// server lets a node have them.
func distinct(taints []corev1.Taint) []corev1.Taint {
	var kept []corev1.Taint
	for _, taint := range taints {
		if !slices.ContainsFunc(kept, func(k corev1.Taint) bool { return k.MatchTaint(&taint) }) {
			kept = append(kept, taint)
		}
	}
	return kept
}

func allocatable(t *rapid.T) corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:    quantity(t, "cpu", "4", "8", "2", "16", "1930m", "1", "0"),
		corev1.ResourceMemory: quantity(t, "memory", "4Gi", "8Gi", "16Gi", "1536Mi", "1Gi", "3000000001"),
		corev1.ResourcePods:   quantity(t, "pods", "110", "110", "110", "4", "1"),
	}
	optional(t, list, corev1.ResourceEphemeralStorage, 3, "1Gi", "10Gi")
	optional(t, list, "hugepages-2Mi", 5, "4Mi", "64Mi")
	optional(t, list, "example.com/gpu", 3, "0", "1", "2")
	if oneIn(t, 20, "reports nothing") {
		return nil
	}
	return list
}

func quantity(t *rapid.T, label string, few ...string) resource.Quantity {
	return resource.MustParse(pick(t, label, few...))
}

func optional(t *rapid.T, list corev1.ResourceList, name corev1.ResourceName, n int, few ...string) {
	if oneIn(t, n, string(name)) {
		list[name] = quantity(t, string(name), few...)
	}
}

var imageNames = []string{"web:1", "registry.example.com/db", "registry.example.com/db:latest", "agent@sha256:1111111111111111111111111111111111111111111111111111111111111111"}

func images(t *rapid.T) []corev1.ContainerImage {
	return some(t, 3, "images", func(t *rapid.T) corev1.ContainerImage {
		return corev1.ContainerImage{
			Names:     []string{pick(t, "image", "web:1", "docker.io/library/web:1", "registry.example.com/db:latest", imageNames[3])},
			SizeBytes: pick[int64](t, "bytes", 0, 10<<20, 23<<20, 24<<20, 300<<20, 1000<<20, 5000<<20),
		}
	})
}

// running draws a pod that is bound already, now and then to a node that has gone.
func running(t *rapid.T, name string, nodes []*corev1.Node) *corev1.Pod {
	pod := ordinary(t, name)
	meet(t, pod)
	pod.Spec.NodeName = rapid.SampledFrom(nodes).Draw(t, "on").Name
	pod.Status.Phase = pick(t, "phase", corev1.PodRunning, corev1.PodRunning, corev1.PodRunning, corev1.PodPending, corev1.PodSucceeded, corev1.PodFailed)
	pod.Status.StartTime = ptr(metav1.NewTime(Epoch.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "hours")) * time.Hour)))
	if oneIn(t, 6, "resized") {
		resized(t, pod)
	}
	if oneIn(t, 12, "orphan") {
		pod.Spec.NodeName = "gone"
	}
	if oneIn(t, 10, "terminating") {
		pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = ptr(metav1.NewTime(Epoch)), ptr[int64](30)
	}
	return pod
}

// resized makes the pod's status report other resources than its spec requests, as
// during an in-place resize.
func resized(t *rapid.T, pod *corev1.Pod) {
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name:               pod.Spec.Containers[0].Name,
		AllocatedResources: requests(t),
		Resources:          &corev1.ResourceRequirements{Requests: requests(t)},
	}}
	if oneIn(t, 2, "pending") {
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodResizePending, Status: corev1.ConditionTrue,
			Reason: pick(t, "reason", corev1.PodReasonInfeasible, corev1.PodReasonDeferred),
		}}
	}
}

func ordinary(t *rapid.T, name string) *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name, pod.UID = pick(t, "namespace", "default", "default", "kube-system", "other"), name, types.UID(name)
	pod.Labels = podLabels(t)
	pod.CreationTimestamp = metav1.NewTime(Epoch)
	pod.Spec.SchedulerName = corev1.DefaultSchedulerName
	pod.Spec.HostNetwork = oneIn(t, 8, "hostNetwork")
	pod.Spec.Containers = append(some(t, 1, "more containers", container), container(t))
	pod.Spec.InitContainers = some(t, 2, "initContainers", initContainer)
	for i := range pod.Spec.Containers {
		pod.Spec.Containers[i].Name = fmt.Sprintf("c%d", i)
	}
	for i := range pod.Spec.InitContainers {
		pod.Spec.InitContainers[i].Name = fmt.Sprintf("i%d", i)
	}
	if oneIn(t, 8, "overhead") {
		pod.Spec.Overhead = requests(t)
	}
	if oneIn(t, 8, "pod level") {
		podLevel(t, pod)
	}
	if oneIn(t, 2, "priority") {
		pod.Spec.Priority = ptr(pick[int32](t, "priority", 0, 10, 100, -5, 2000001000))
	}
	if oneIn(t, 8, "does not preempt") {
		pod.Spec.PreemptionPolicy = ptr(corev1.PreemptNever)
	}
	if oneIn(t, 4, "owned") {
		pod.OwnerReferences = []metav1.OwnerReference{owner(t)}
	}
	return pod
}

func podLabels(t *rapid.T) map[string]string {
	labels := map[string]string{}
	if !oneIn(t, 6, "no app") {
		labels["app"] = pick(t, "app", "web", "web", "db")
	}
	if oneIn(t, 3, "tier") {
		labels["tier"] = pick(t, "tier", "front", "")
	}
	return labels
}

func container(t *rapid.T) corev1.Container {
	return corev1.Container{
		Image:     pick(t, "image", imageNames...),
		Resources: corev1.ResourceRequirements{Requests: requests(t), Limits: limits(t)},
		Ports:     some(t, 1, "ports", port),
	}
}

func initContainer(t *rapid.T) corev1.Container {
	c := container(t)
	if oneIn(t, 2, "sidecar") {
		c.RestartPolicy = ptr(corev1.ContainerRestartPolicyAlways)
	}
	return c
}

// requests draws no resources, or some that a node may have.
func requests(t *rapid.T) corev1.ResourceList {
	if oneIn(t, 3, "no requests") {
		return nil
	}
	list := corev1.ResourceList{}
	optional(t, list, corev1.ResourceCPU, 2, "100m", "500m", "1", "0", "1m")
	optional(t, list, corev1.ResourceMemory, 2, "100Mi", "500Mi", "1Gi", "0")
	optional(t, list, corev1.ResourceEphemeralStorage, 16, "100Mi", "2Gi")
	optional(t, list, "example.com/gpu", 20, "1", "2")
	optional(t, list, "example.com/fpga", 30, "0", "1")
	optional(t, list, "hugepages-2Mi", 30, "4Mi", "32Mi")
	return list
}

// limits draws what the API server turns into requests where there are none.
func limits(t *rapid.T) corev1.ResourceList {
	if !oneIn(t, 6, "limits") {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceCPU: quantity(t, "cpu limit", "1", "2"), corev1.ResourceMemory: quantity(t, "memory limit", "1Gi")}
}

func podLevel(t *rapid.T, pod *corev1.Pod) {
	pod.Spec.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: quantity(t, "pod cpu", "2", "3"),
	}}
	optional(t, pod.Spec.Resources.Requests, corev1.ResourceMemory, 2, "2Gi")
}

// dropClashes takes away the ports that another pod, or the same, has on the same
// node. A scheduler would not have bound such a pod; and NodePorts itself would
// take the port for free as soon as one of the two went (HostPortInfo.Remove in
// kube-scheduler/framework keeps a set).
func dropClashes(pods []*corev1.Pod) {
	taken := map[string][]corev1.ContainerPort{}
	for _, pod := range pods {
		for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
			for i := range containers {
				containers[i].Ports = slices.DeleteFunc(containers[i].Ports, func(p corev1.ContainerPort) bool {
					if p.HostPort == 0 && !pod.Spec.HostNetwork {
						return false
					}
					if slices.ContainsFunc(taken[pod.Spec.NodeName], func(q corev1.ContainerPort) bool { return clash(p, q) }) {
						return true
					}
					taken[pod.Spec.NodeName] = append(taken[pod.Spec.NodeName], p)
					return false
				})
			}
		}
	}
}

func clash(p, q corev1.ContainerPort) bool {
	anywhere := func(ip string) bool { return ip == "" || ip == "0.0.0.0" }
	tcp := func(protocol corev1.Protocol) corev1.Protocol { return cmp.Or(protocol, corev1.ProtocolTCP) }
	return p.ContainerPort == q.ContainerPort && tcp(p.Protocol) == tcp(q.Protocol) &&
		(p.HostIP == q.HostIP || anywhere(p.HostIP) || anywhere(q.HostIP))
}

func port(t *rapid.T) corev1.ContainerPort {
	p := corev1.ContainerPort{
		ContainerPort: pick[int32](t, "containerPort", 80, 4317),
		Protocol:      pick(t, "protocol", "", corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP),
		HostIP:        pick(t, "hostIP", "", "", "0.0.0.0", "127.0.0.1", "10.0.0.1", "::"),
	}
	if !oneIn(t, 3, "no hostPort") {
		p.HostPort = p.ContainerPort
	}
	return p
}

func owner(t *rapid.T) metav1.OwnerReference {
	kind := pick(t, "owner", "ReplicaSet", "StatefulSet", "DaemonSet")
	return metav1.OwnerReference{APIVersion: "apps/v1", Kind: kind, Name: "web", UID: types.UID(kind), Controller: ptr(true)}
}

func owners() ([]*corev1.Service, []*appsv1.ReplicaSet, []*appsv1.StatefulSet) {
	service, rs, sts := &corev1.Service{}, &appsv1.ReplicaSet{}, &appsv1.StatefulSet{}
	service.Namespace, service.Name, service.Spec.Selector = "default", "web", map[string]string{"app": "web"}
	rs.Namespace, rs.Name, rs.Spec.Selector = "default", "web", &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	sts.Namespace, sts.Name, sts.Spec.Selector = "default", "web", &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "front"}}
	return []*corev1.Service{service}, []*appsv1.ReplicaSet{rs}, []*appsv1.StatefulSet{sts}
}

func budget(t *rapid.T) *policyv1.PodDisruptionBudget {
	pdb := &policyv1.PodDisruptionBudget{}
	pdb.Namespace, pdb.Name = "default", "web"
	pdb.Spec.Selector = LabelSelector(t)
	pdb.Spec.MinAvailable = ptr(intstr.FromInt32(1))
	pdb.Status.DisruptionsAllowed = pick[int32](t, "disruptions allowed", 0, 1)
	return pdb
}

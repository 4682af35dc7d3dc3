package gen

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Fleet makes nodes for benchmarks, the same ones every time: 20 labels and 2
// taints each, 10 pools of nodes, 3 zones, 7 types, 16 CPUs and room for 110 pods.
func Fleet(count int) []*corev1.Node {
	nodes := make([]*corev1.Node, count)
	for i := range nodes {
		nodes[i] = fleetNode(i)
	}
	return nodes
}

func fleetNode(i int) *corev1.Node {
	n := &corev1.Node{}
	n.Name = fmt.Sprintf("node-%07d", i)
	n.Labels = map[string]string{
		corev1.LabelHostname: n.Name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		corev1.LabelTopologyZone:       fmt.Sprint("zone-", i%3),
		corev1.LabelInstanceTypeStable: fmt.Sprint("type-", i%7),
		"pool":                         fmt.Sprint("pool-", i%10),
	}
	for j := len(n.Labels); j < 20; j++ {
		n.Labels[fmt.Sprint("example.com/label-", j)] = fmt.Sprint("value-", i%j)
	}
	n.Spec.Taints = []corev1.Taint{
		{Key: "pool", Value: fmt.Sprint(i % 10), Effect: corev1.TaintEffectNoSchedule},
		{Key: "team", Value: fmt.Sprint(i % 4), Effect: corev1.TaintEffectNoExecute},
	}
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n.Status.Capacity = n.Status.Allocatable
	return n
}

// FleetPods makes a given number of running pods for each node. They ask for CPU,
// memory and a port, so that one node in ten has no room for FleetPod.
func FleetPods(nodes []*corev1.Node, each int) []*corev1.Pod {
	var pods []*corev1.Pod
	for i, n := range nodes {
		for j := range each {
			cpu := "500m"
			if i%10 == 5 {
				cpu = fmt.Sprintf("%dm", 16000/each)
			}
			p := fleetPod(fmt.Sprintf("pod-%07d-%d", i, j), cpu)
			p.Spec.NodeName, p.Status.Phase = n.Name, corev1.PodRunning
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: int32(9000 + j), HostPort: int32(9000 + j), Protocol: corev1.ProtocolTCP}}
			pods = append(pods, p)
		}
	}
	return pods
}

func fleetPod(name, cpu string) *corev1.Pod {
	p := &corev1.Pod{}
	p.Namespace, p.Name, p.UID = "default", name, types.UID(name)
	p.Labels = map[string]string{"app": "web"}
	p.Spec.SchedulerName = corev1.DefaultSchedulerName
	p.Spec.Containers = []corev1.Container{{Name: "c", Image: "registry.example.com/web:1", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse("512Mi")},
	}}}
	return p
}

// FleetPod makes an ordinary pod that asks for a CPU, a free port, and to stay out of one pool.
func FleetPod() *corev1.Pod {
	p := fleetPod("incoming", "1")
	p.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 8080, HostPort: 8080, Protocol: corev1.ProtocolTCP}}
	p.Spec.Tolerations, p.Spec.Affinity = tolerant(), avoiding(fleetClauses(6))
	return p
}

// FleetDaemonSet makes a DaemonSet with so many NotIn clauses, of which the first
// keeps it out of one pool. All of its taints are tolerated.
func FleetDaemonSet(clauses int) *appsv1.DaemonSet {
	ds := &appsv1.DaemonSet{}
	ds.Namespace, ds.Name, ds.UID = "default", "agent", "agent"
	ds.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "agent"}}
	ds.Spec.Template.Labels = map[string]string{"app": "agent"}
	ds.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c", Image: "registry.example.com/agent:1"}}
	ds.Spec.Template.Spec.Tolerations = tolerant()
	if clauses > 0 {
		ds.Spec.Template.Spec.Affinity = avoiding(fleetClauses(clauses))
	}
	return ds
}

func tolerant() []corev1.Toleration {
	return []corev1.Toleration{{Key: "pool", Operator: corev1.TolerationOpExists}, {Key: "team", Operator: corev1.TolerationOpExists}}
}

func fleetClauses(count int) []corev1.NodeSelectorRequirement {
	clauses := []corev1.NodeSelectorRequirement{{Key: "pool", Operator: corev1.NodeSelectorOpNotIn, Values: []string{"pool-0"}}}
	for _, key := range []string{corev1.LabelOSStable, corev1.LabelArchStable, corev1.LabelTopologyZone, corev1.LabelInstanceTypeStable, "example.com/label-8"} {
		clauses = append(clauses, corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpNotIn, Values: []string{"none"}})
	}
	return clauses[:count]
}

func avoiding(clauses []corev1.NodeSelectorRequirement) *corev1.Affinity {
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: clauses}},
	}}}
}

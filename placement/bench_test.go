package placement_test

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// benchNodes returns nodes with 20 labels and 2 taints. Every tenth is in a
// pool that the benchmark's DaemonSet avoids.
func benchNodes(n int) []runtime.Object {
	nodes := make([]runtime.Object, n)
	for i := range nodes {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%07d", i), Labels: map[string]string{}}}
		for j := range 14 {
			node.Labels[fmt.Sprintf("example.com/label-%d", j)] = fmt.Sprint("value-", i%(j+2))
		}
		node.Labels["kubernetes.io/hostname"] = node.Name
		node.Labels["kubernetes.io/os"], node.Labels["kubernetes.io/arch"] = "linux", "amd64"
		node.Labels["topology.kubernetes.io/zone"] = fmt.Sprint("zone-", i%3)
		node.Labels["node.kubernetes.io/instance-type"] = fmt.Sprint("type-", i%7)
		node.Labels["pool"] = fmt.Sprint("pool-", i%10)
		node.Spec.Taints = []corev1.Taint{
			{Key: "pool", Value: fmt.Sprint(i % 10), Effect: corev1.TaintEffectNoSchedule},
			{Key: "team", Value: fmt.Sprint(i % 4), Effect: corev1.TaintEffectNoExecute},
		}
		nodes[i] = node
	}
	return nodes
}

// benchDaemonSet returns a DaemonSet with six NotIn clauses. One excludes
// a tenth of the nodes.
func benchDaemonSet() *appsv1.DaemonSet {
	labels := map[string]string{"app": "agent"}
	var requirements []corev1.NodeSelectorRequirement
	for _, key := range []string{"kubernetes.io/os", "kubernetes.io/arch", "topology.kubernetes.io/zone", "node.kubernetes.io/instance-type", "example.com/label-3"} {
		requirements = append(requirements, corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpNotIn, Values: []string{"none"}})
	}
	requirements = append(requirements, corev1.NodeSelectorRequirement{Key: "pool", Operator: corev1.NodeSelectorOpNotIn, Values: []string{"pool-0"}})
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "agent"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					Containers:  []corev1.Container{{Name: "c", Image: "registry.example.com/agent:1"}},
					Tolerations: []corev1.Toleration{{Key: "pool", Operator: corev1.TolerationOpExists}, {Key: "team", Operator: corev1.TolerationOpExists}},
					Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
						NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: requirements}},
					}}},
				},
			},
		},
	}
}

func benchWorkload(b *testing.B) *placement.Workload {
	w, err := placement.ForDaemonSet(benchDaemonSet())
	if err != nil {
		b.Fatal(err)
	}
	return w
}

func perNode(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/node")
}

// The desired set of the first DaemonSet on fresh nodes, including the snapshot
// and its index.
func BenchmarkEligibleCold(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			nodes, w := benchNodes(n), benchWorkload(b)
			b.ReportAllocs()
			for b.Loop() {
				c, err := cluster.Adopt(nodes...)
				if err != nil {
					b.Fatal(err)
				}
				if got := w.Predict(c).Eligible().Len(); got != n/10*9 {
					b.Fatal(got)
				}
			}
			perNode(b, n)
		})
	}
}

// The desired set of the second and every later DaemonSet.
func BenchmarkEligibleWarm(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			if n > 100_000 && testing.Short() {
				b.Skip("a million nodes take memory")
			}
			c, err := cluster.Adopt(benchNodes(n)...)
			if err != nil {
				b.Fatal(err)
			}
			w := benchWorkload(b)
			w.Predict(c)
			b.ReportAllocs()
			for b.Loop() {
				if got := w.Predict(c).Eligible().Len(); got != n/10*9 {
					b.Fatal(got)
				}
			}
			perNode(b, n)
		})
	}
}

// One node is edited, and the question asked again.
func BenchmarkEditAndPredict(b *testing.B) {
	for _, n := range []int{1_000, 5_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, err := cluster.Adopt(benchNodes(n)...)
			if err != nil {
				b.Fatal(err)
			}
			w := benchWorkload(b)
			w.Predict(c)
			values, i := []string{"pool-0", "pool-1"}, 0
			b.ReportAllocs()
			for b.Loop() {
				i++
				c, err = c.Edit(fmt.Sprintf("node-%07d", i*7%n), cluster.Label("pool", values[i%2]))
				if err != nil {
					b.Fatal(err)
				}
				if got := w.Predict(c).Eligible().Len(); got == 0 || got == n {
					b.Fatal(got)
				}
			}
		})
	}
}

// All reasons against one node, of every plugin that looks at a node or its
// pods.
func BenchmarkAllReasons(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint("nodes=", n), func(b *testing.B) {
			nodes := benchHosts(n)
			nodes[0].(*corev1.Node).Spec.Taints[0].Effect = corev1.TaintEffectNoSchedule
			holder := nodes[n].(*corev1.Pod)
			holder.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 8080, HostPort: 8080, Protocol: corev1.ProtocolTCP}}
			c, err := cluster.Adopt(nodes...)
			if err != nil {
				b.Fatal(err)
			}
			pod := benchPod("new", "64")
			pod.Spec.NodeSelector = map[string]string{"disk": "ssd"}
			pod.Spec.Affinity = benchDaemonSet().Spec.Template.Spec.Affinity
			pod.Spec.Containers[0].Ports = holder.Spec.Containers[0].Ports
			w, err := placement.ForPod(pod)
			if err != nil {
				b.Fatal(err)
			}
			p := w.Predict(c)
			p.Placed()
			b.ReportAllocs()
			for b.Loop() {
				v, _ := p.Verdict("node-0000000")
				if len(v.Reasons) != 4 || len(v.Reasons[0].Taints) != 1 || len(v.Reasons[1].Mismatches) != 2 || len(v.Reasons[2].Ports) != 1 || v.Reasons[3].Shortfall == nil {
					b.Fatal(v)
				}
			}
		})
	}
}

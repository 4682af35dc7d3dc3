package placement_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// benchHosts returns the benchmark's nodes with allocatable resources, images,
// taints that affect scores, and as many pods.
func benchHosts(n int) []runtime.Object {
	objects := benchNodes(n)
	for i := range n {
		node := objects[i].(*corev1.Node)
		node.Spec.Taints = node.Spec.Taints[:1]
		node.Spec.Taints[0].Effect = corev1.TaintEffectPreferNoSchedule
		node.Status.Allocatable = corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse(fmt.Sprint(4 + 4*(i%3))),
			corev1.ResourceMemory: resource.MustParse(fmt.Sprint(16+16*(i%2), "Gi")),
			corev1.ResourcePods:   resource.MustParse("110"),
		}
		if i%3 == 0 {
			node.Status.Images = []corev1.ContainerImage{{Names: []string{"registry.example.com/web:1"}, SizeBytes: 300 << 20}}
		}
		pod := benchPod(fmt.Sprint("pod-", i), fmt.Sprint(100*(1+i%9), "m"))
		pod.Spec.NodeName = node.Name
		objects = append(objects, pod)
	}
	return objects
}

func benchPod(name, cpu string) *corev1.Pod {
	prefer := func(weight int32, key, value string) corev1.PreferredSchedulingTerm {
		return corev1.PreferredSchedulingTerm{Weight: weight, Preference: corev1.NodeSelectorTerm{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}},
		}}
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: map[string]string{"app": "web"}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "c", Image: "registry.example.com/web:1", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse("500Mi")},
			}}},
			Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
				prefer(50, "topology.kubernetes.io/zone", "zone-1"), prefer(10, "pool", "pool-3"),
			}}},
		},
	}
}

// All scores of the second and every later pod, including its fit.
func BenchmarkScoreWarm(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, err := cluster.Adopt(benchHosts(n)...)
			if err != nil {
				b.Fatal(err)
			}
			w, err := placement.ForPod(benchPod("new", "250m"))
			if err != nil {
				b.Fatal(err)
			}
			room.Bind(w.Predict(c), "new", 1)
			b.Run("fit", func(b *testing.B) {
				for b.Loop() {
					if got := w.Predict(c).Placed().Len(); got != n {
						b.Fatal(got)
					}
				}
				perNode(b, n)
			})
			b.Run("fit and scores", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if r, ok := room.Bind(w.Predict(c), "new", 1); !ok || r.TiedNodes > n/10 {
						b.Fatal(r)
					}
				}
				perNode(b, n)
			})
			b.Run("ranking", func(b *testing.B) {
				for b.Loop() {
					if got := len(w.Predict(c).Ranking()); got != n {
						b.Fatal(got)
					}
				}
				perNode(b, n)
			})
		})
	}
}

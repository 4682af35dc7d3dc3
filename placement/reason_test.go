package placement_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// No preemption resolves what does not depend on other pods, or asks for them: the
// status is UnschedulableAndUnresolvable
// (pkg/scheduler/framework/plugins/nodename/node_name.go: NodeName.Filter;
// pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go:
// NodeUnschedulable.Filter;
// pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go:
// TaintToleration.Filter;
// pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go: NodeAffinity.Filter;
// pkg/scheduler/framework/plugins/noderesources/fit.go: Fit.Filter;
// pkg/scheduler/framework/plugins/interpodaffinity/filtering.go:
// InterPodAffinity.Filter;
// pkg/scheduler/framework/plugins/podtopologyspread/filtering.go:
// PodTopologySpread.Filter).
func TestWhichReasonsPreemptionDoesNotResolve(t *testing.T) {
	near := []corev1.PodAffinityTerm{{TopologyKey: "zone", LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}}}
	cpu := func(n string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(n)}
	}
	spread := func(key string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "busy"}}}}
		}
	}
	for _, test := range []struct {
		message      string
		unresolvable bool
		node         func(*corev1.Node)
		pod          func(*corev1.Pod)
	}{
		{"node(s) didn't match the requested node name", true, nil, func(pod *corev1.Pod) { pod.Spec.NodeName = "other" }},
		{"node(s) were unschedulable", true, func(n *corev1.Node) { n.Spec.Unschedulable = true }, nil},
		{"node(s) had untolerated taint(s)", true, func(n *corev1.Node) {
			n.Spec.Taints = []corev1.Taint{{Key: "a", Effect: corev1.TaintEffectNoSchedule}}
		}, nil},
		{"node(s) didn't match Pod's node affinity/selector", true, nil, func(pod *corev1.Pod) { pod.Spec.NodeSelector = map[string]string{"a": "b"} }},
		{"node(s) didn't have free ports for the requested pod ports", false, nil, func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}
		}},
		{"Insufficient cpu", false, nil, func(pod *corev1.Pod) { pod.Spec.Containers[0].Resources.Requests = cpu("2") }},
		{"Insufficient cpu", true, nil, func(pod *corev1.Pod) { pod.Spec.Containers[0].Resources.Requests = cpu("2001m") }},
		{"node(s) didn't match pod affinity rules", true, nil, func(pod *corev1.Pod) {
			pod.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: near}}
		}},
		{"node(s) didn't match pod anti-affinity rules", false, nil, func(pod *corev1.Pod) {
			away := []corev1.PodAffinityTerm{{TopologyKey: "zone", LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "busy"}}}}
			pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: away}}
		}},
		{"node(s) didn't match pod topology spread constraints", false, nil, spread("zone")},
		{"node(s) didn't match pod topology spread constraints (missing required label)", true, nil, spread("rack")},
	} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"zone": "a"}}}
		node.Status.Allocatable = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourcePods: resource.MustParse("10")}
		empty := node.DeepCopy()
		empty.Name, empty.Labels = "empty", map[string]string{"zone": "b"}
		if test.node != nil {
			test.node(node)
		}
		busy := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "busy", Labels: map[string]string{"app": "busy"}}, Spec: corev1.PodSpec{NodeName: "n", Containers: []corev1.Container{
			{Name: "c", Image: "i", Ports: []corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}, Resources: corev1.ResourceRequirements{Requests: cpu("1")}},
		}}}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "new", Labels: map[string]string{"app": "busy"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
		if test.pod != nil {
			test.pod(pod)
		}
		c, err := cluster.New(node, empty, busy)
		if err != nil {
			t.Fatal(err)
		}
		w, err := placement.ForPod(pod)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := w.Predict(c).Verdict("n")
		if len(v.Reasons) != 1 || v.Reasons[0].Message != test.message || v.Reasons[0].Unresolvable != test.unresolvable {
			t.Errorf("%+v, want %s, unresolvable %v", v.Reasons, test.message, test.unresolvable)
		}
	}
}

package dryrun_test

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout/dryrun"
)

// big returns n nodes of ten pools, each with one pod of an agent and two other pods.
func big(b *testing.B, n int) (*cluster.Cluster, *appsv1.DaemonSet) {
	labels := map[string]string{"app": "agent"}
	agent := cluster.Default(&appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ops", Name: "agent", UID: "agent"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
				NodeSelector: map[string]string{"kubernetes.io/os": "linux"},
				Containers:   []corev1.Container{{Name: "c", Image: "agent:1", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("100m")}}}},
			}},
		},
	})
	objects := []runtime.Object{agent}
	controller := true
	for i := range n {
		name := fmt.Sprintf("node-%05d", i)
		node := gpuNode(name)
		node.Labels["pool"], node.Spec.Taints = fmt.Sprint(i%10), nil
		objects = append(objects, node)
		for _, app := range []string{"agent", "web", "job"} {
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: "ops", Name: app + "-" + name, Labels: map[string]string{"app": app}},
				Spec:       *agent.Spec.Template.Spec.DeepCopy(),
				Status:     corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
			}
			pod.Spec.NodeName = name
			if app == "agent" {
				pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: "agent", UID: "agent", Controller: &controller}}
			}
			objects = append(objects, pod)
		}
	}
	c, err := cluster.Adopt(objects...)
	if err != nil {
		b.Fatal(err)
	}
	return c, agent
}

// BenchmarkQuestion measures one question on a warm cluster of 5,000 nodes, including
// the edit of a node: which nodes does the agent lose, and is a policy met?
func BenchmarkQuestion(b *testing.B) {
	c, _ := big(b, 5_000)
	base, err := dryrun.NewBaseline(c, dryrun.Config{})
	if err != nil {
		b.Fatal(err)
	}
	node, pool := c.Named("node-02501"), c.Labeled("pool", "1")
	b.Run("lost", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plan, err := base.Plan(dryrun.EditNodes(node, cluster.Taint("maintenance:NoExecute")))
			if err != nil {
				b.Fatal(err)
			}
			if e, _ := plan.Effect("ops/agent"); len(e.Changes) != 1 {
				b.Fatal(e.Changes)
			}
		}
	})
	b.Run("policy", func(b *testing.B) {
		covers := dryrun.Covers(pool).For("ops/agent")
		b.ReportAllocs()
		for b.Loop() {
			plan, err := base.Plan(dryrun.EditNodes(node, cluster.Cordon()))
			if err != nil {
				b.Fatal(err)
			}
			if r := plan.Check(covers); r.Err() != nil || r.Results[0].Outcome != dryrun.OutcomeSatisfied {
				b.Fatal(r)
			}
		}
	})
}

// BenchmarkPlan measures a whole plan, including the simulation of a rolling update
// over all nodes.
func BenchmarkPlan(b *testing.B) {
	c, agent := big(b, 5_000)
	base, err := dryrun.NewBaseline(c, dryrun.Config{})
	if err != nil {
		b.Fatal(err)
	}
	changed := agent.DeepCopy()
	changed.Spec.Template.Spec.Containers[0].Image = "agent:2"
	for b.Loop() {
		plan, err := base.Plan(dryrun.Apply(changed))
		if err != nil {
			b.Fatal(err)
		}
		if e, _ := plan.Effect("ops/agent"); len(e.Pods.Updated) != 5_000 {
			b.Fatal(e)
		}
	}
}

// BenchmarkStart measures the baseline of plans: the cluster simulated until it has
// settled.
func BenchmarkStart(b *testing.B) {
	c, _ := big(b, 5_000)
	for b.Loop() {
		base, err := dryrun.NewBaseline(c, dryrun.Config{})
		if err != nil || base.Cluster().Nodes().Len() != 5_000 {
			b.Fatal(err)
		}
	}
}

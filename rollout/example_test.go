package rollout_test

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
)

func agent(image string) *appsv1.DaemonSet {
	labels := map[string]string{"app": "agent"}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "agent"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "agent", Image: image}}},
			},
		},
	}
}

func nodes(names ...string) *cluster.Cluster {
	var objects []runtime.Object
	for _, name := range names {
		objects = append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	c, err := cluster.New(objects...)
	if err != nil {
		panic(err)
	}
	return c
}

func Example() {
	sim, err := rollout.New(nodes("a", "b"), rollout.Config{})
	if err != nil {
		panic(err)
	}
	sim.Apply(agent("agent:1"))
	for range sim.Run(100) {
	}
	sim.Apply(agent("agent:2"))
	for events := range sim.Run(100) {
		for _, e := range events {
			if e.Pod != "" {
				fmt.Println(e)
			}
		}
	}
	message, done, _ := sim.RolloutStatus("default/agent")
	fmt.Print(message, done)
	// Output:
	// 2 Deleted default/agent agent-22224 r1 on a: budget 1 of 1 used
	// 2 Created default/agent agent-22226 r2 on a in round 2: no pod there
	// 3 Ready default/agent agent-22226 r2 on a
	// 3 Deleted default/agent agent-22225 r1 on b: budget 1 of 1 used
	// 3 Created default/agent agent-22227 r2 on b in round 2: no pod there
	// 4 Ready default/agent agent-22227 r2 on b
	// daemon set "agent" successfully rolled out
	// true
}

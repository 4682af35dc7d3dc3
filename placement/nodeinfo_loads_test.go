package placement

import (
	"fmt"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/kube"
	_ "github.com/berthsim/berth/internal/seed"
)

// TestLoadsOfPods compares the loads of pods that resemble each other with the load of
// each pod by itself, whichever field differs. Mutants seen to fail: sameResizes that
// does not compare AllocatedResources; of that keeps the name of a pod with host ports;
// loadsOf without sameResize.
func TestLoadsOfPods(t *testing.T) {
	var pods []*corev1.Pod
	for o := range gen.Dump(2) {
		if pod, ok := o.(*corev1.Pod); ok {
			pods = append(pods, pod)
		}
	}
	shared := 0
	rapid.Check(t, func(t *rapid.T) {
		like := rapid.SampledFrom(pods).Draw(t, "like").DeepCopy()
		if rapid.Bool().Draw(t, "port") {
			like.Spec.Containers[0].Ports[0].HostPort = 8080
		}
		c := &cluster.Cluster{}
		for i := range rapid.IntRange(2, 5).Draw(t, "pods") {
			pod := like.DeepCopy()
			pod.Name = fmt.Sprint("pod-", i)
			if rapid.Bool().Draw(t, "changed") {
				gen.ChangeField(t, reflect.ValueOf(rapid.SampledFrom([]any{&pod.Spec, &pod.ObjectMeta, &pod.Status.Resources, &pod.Status.AllocatedResources}).Draw(t, "in")).Elem())
			}
			resize(t, &pod.Status)
			if next, err := c.With(pod); err == nil { // a change may be of the name
				c = next
			}
		}
		b := borrow.From(c)
		loads := loadsOf(b)
		for i, pod := range b.Pods() {
			got, want := loads[i], loadOf(pod)
			if !reflect.DeepEqual(got.requests, want.requests) || got.scoredCPU != want.scoredCPU || got.scoredMemory != want.scoredMemory ||
				!reflect.DeepEqual(got.ports, want.ports) || got.kind.signature != want.kind.signature || len(got.ports) > 0 && got.name != want.name {
				t.Fatalf("%s: got %+v, want %+v", kube.Key(pod), got, want)
			}
			if i > 0 && got == loads[i-1] {
				shared++
			}
		}
	})
	if shared == 0 {
		t.Error("no pods share a load")
	}
}

// resize has the status tell of an in-place resize, or not.
func resize(t *rapid.T, status *corev1.PodStatus) {
	more := corev1.ResourceList{"cpu": resource.MustParse("700m")}
	container := &status.ContainerStatuses[0]
	switch rapid.IntRange(0, 5).Draw(t, "resize") {
	case 0:
		container.AllocatedResources = more
	case 1:
		container.Resources = &corev1.ResourceRequirements{Requests: more}
	case 2:
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: corev1.PodResizePending, Reason: corev1.PodReasonInfeasible})
		container.AllocatedResources = more
	}
}

package placement

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	helper "k8s.io/component-helpers/resource"
	"pgregory.net/rapid"
)

var resizeLists = rapid.Custom(func(t *rapid.T) corev1.ResourceList {
	if rapid.IntRange(0, 3).Draw(t, "nil") == 0 {
		return nil
	}
	list := corev1.ResourceList{}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if n := rapid.IntRange(0, 4).Draw(t, string(name)); n > 0 {
			list[name] = *resource.NewQuantity(int64(n), resource.DecimalSI)
		}
	}
	return list
})

// requirements draws requests, or nil.
func requirements(t *rapid.T, what string) *corev1.ResourceRequirements {
	if rapid.Bool().Draw(t, what) {
		return nil
	}
	return &corev1.ResourceRequirements{Requests: resizeLists.Draw(t, what)}
}

func drawResizedPod(t *rapid.T) *corev1.Pod {
	always := corev1.ContainerRestartPolicyAlways
	pod := &corev1.Pod{}
	for _, name := range []string{"a", "b", "init", "side"} {
		c := corev1.Container{Name: name, Resources: corev1.ResourceRequirements{Requests: resizeLists.Draw(t, name)}}
		s := corev1.ContainerStatus{Name: name, Resources: requirements(t, "uses"), AllocatedResources: resizeLists.Draw(t, "allocated")}
		told := rapid.Bool().Draw(t, "told")
		if name == "side" {
			c.RestartPolicy = &always
		}
		if name == "a" || name == "b" {
			pod.Spec.Containers = append(pod.Spec.Containers, c)
			if told {
				pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, s)
			}
		} else {
			pod.Spec.InitContainers = append(pod.Spec.InitContainers, c)
			if told {
				pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, s)
			}
		}
	}
	pod.Spec.Resources, pod.Status.Resources = requirements(t, "whole"), requirements(t, "wholeUses")
	pod.Status.AllocatedResources = resizeLists.Draw(t, "wholeAllocated")
	pod.Spec.Overhead = resizeLists.Draw(t, "overhead")
	if rapid.Bool().Draw(t, "infeasible") {
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonInfeasible}}
	}
	return pod
}

// By the rules of 1.37, a pod that is resized counts as the component-helpers of 1.37
// say.
func TestRequestsDuringResize(t *testing.T) {
	if _, is := reflect.TypeFor[corev1.PodSpec]().FieldByName("EvictionResponders"); !is {
		t.Skip("the linked component-helpers is older than 1.37")
	}
	rapid.Check(t, func(t *rapid.T) {
		pod := drawResizedPod(t)
		missing := resizeLists.Draw(t, "missing")
		want := helper.PodRequests(pod, helper.PodResourcesOptions{
			UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true, NonMissingContainerRequests: missing,
		})
		if got := requestsDuringResize(0, pod, missing); !equality.Semantic.DeepEqual(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// The oracle of Kubernetes 1.34: see package driver.
package main

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/controller/daemon"
	kube "k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/berthsim/berth/internal/conformance/oracles/driver"
)

func main() {
	driver.Main(driver.Release{SchedulePod: schedulePod, ShouldRun: shouldRun})
}

func schedulePod(ctx context.Context, s *kube.Scheduler, f framework.Framework, state *framework.CycleState, pod *corev1.Pod) (kube.ScheduleResult, error) {
	return s.SchedulePod(ctx, f, state, pod)
}

func shouldRun(node *corev1.Node, ds *appsv1.DaemonSet) (run, stay bool) {
	return daemon.NodeShouldRunDaemonPod(node, ds)
}

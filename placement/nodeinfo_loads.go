package placement

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/podtemplate"
	"github.com/berthsim/berth/internal/snapshot"
)

// loadsOf returns the loads of all pods of a snapshot, in the order of its pods. Most of
// the work on a pod is the same for each pod of its template and done once. Pods of a
// template without host ports share a load: nothing asks for its name.
func loadsOf(b *snapshot.Snapshot) []*load {
	return b.PodLoads().Get(func() any {
		pods, templates := b.Pods(), b.PodTemplates()
		all := make([]*load, len(pods))
		var last []int32 // by template: the last pod whose load was computed, or none
		for i, pod := range pods {
			t := int(templates[i])
			if t == len(last) {
				last = append(last, -1)
			}
			if k := last[t]; k >= 0 && sameResize(&pods[k].Status, &pod.Status) {
				all[i] = all[k].of(pod)
			} else {
				all[i], last[t] = loadAt(b.Release(), pod), int32(i)
			}
		}
		return all
	}).([]*load)
}

// of returns the load of another pod of the template.
func (l *load) of(pod *corev1.Pod) *load {
	if len(l.ports) == 0 {
		return l
	}
	return &load{name: kube.Key(pod), requests: l.requests, scoredCPU: l.scoredCPU, scoredMemory: l.scoredMemory, ports: l.ports, kind: l.kind}
}

// sameResize reports whether two statuses say the same about in-place resizes
// (k8s.io/component-helpers/resource/helpers.go: PodRequests).
func sameResize(a, b *corev1.PodStatus) bool {
	return pendingResize(a) == pendingResize(b) &&
		podtemplate.Identical(&a.Resources, &b.Resources) && podtemplate.Identical(&a.AllocatedResources, &b.AllocatedResources) &&
		sameResizes(a.ContainerStatuses, b.ContainerStatuses) && sameResizes(a.InitContainerStatuses, b.InitContainerStatuses)
}

// pendingResize returns why a resize is pending, or "".
func pendingResize(s *corev1.PodStatus) string {
	for i := range s.Conditions {
		if s.Conditions[i].Type == corev1.PodResizePending {
			return s.Conditions[i].Reason
		}
	}
	return ""
}

func sameResizes(a, b []corev1.ContainerStatus) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := &a[i], &b[i]
		if x.Name != y.Name || !podtemplate.Identical(&x.Resources, &y.Resources) || !podtemplate.Identical(&x.AllocatedResources, &y.AllocatedResources) {
			return false
		}
	}
	return true
}

package controllers

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	v1helper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// schedule tries the unbound pods that the queue has and binds those that fit. It
// reports whether it bound any.
func (w *world) schedule() bool {
	var unbound []*corev1.Pod
	for _, pod := range w.pods.list() {
		if pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil {
			unbound = append(unbound, pod)
		}
	}
	if w.queue.clock.Now().Before(w.now) {
		w.queue.clock.SetTime(w.now)
	}
	w.queue.show(unbound)
	bound := false
	w.queue.each(func(key string) bool {
		pod, _ := w.pods.get(key)
		node := w.nodeFor(pod)
		if node == "" {
			return false
		}
		w.bind(pod, node)
		bound = true
		return true
	})
	return bound
}

// nodeFor returns the node for the pod, or "". A daemon pod is pinned to a node. Other
// pods get the chosen node if it fits, then the node with the fewest pods, then the first
// by name.
func (w *world) nodeFor(pod *corev1.Pod) string {
	if pinned := targetNode(pod); pinned != "" {
		if node, ok := w.nodes.get(pinned); ok && w.fits(pod, node) {
			return pinned
		}
		return ""
	}
	best, fewest := "", 0
	for _, node := range w.nodes.list() {
		if !w.fits(pod, node) {
			continue
		}
		if c := w.controller.options.Choices; c != nil && c.Node(pod.Name) == node.Name {
			return node.Name
		}
		if n := len(w.podsOn(node.Name)); best == "" || n < fewest {
			best, fewest = node.Name, n
		}
	}
	return best
}

// fits asks the scheduler's own check (resources, node affinity and name, host
// ports), then the two filters on the node's state it leaves out.
func (w *world) fits(pod *corev1.Pod, node *corev1.Node) bool {
	info := framework.NewNodeInfo(slices.DeleteFunc(w.podsOn(node.Name), terminal)...)
	info.SetNode(node)
	return len(scheduler.AdmissionCheck(pod, info, false)) == 0 && tolerates(pod, node)
}

func tolerates(pod *corev1.Pod, node *corev1.Node) bool {
	taints := slices.Clone(node.Spec.Taints)
	if node.Spec.Unschedulable { // (pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go: Filter)
		taints = append(taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	}
	_, bad := v1helper.FindMatchingUntoleratedTaint(klog.Background(), taints, pod.Spec.Tolerations, func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}, false)
	return !bad
}

func (w *world) bind(pod *corev1.Pod, node string) {
	pod = pod.DeepCopy()
	pod.Spec.NodeName = node
	setCondition(pod, corev1.PodScheduled, corev1.ConditionTrue, w.now)
	w.updatePod(pod)
}

package controllers

import (
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	v1helper "k8s.io/kubernetes/pkg/apis/core/v1/helper"
	"k8s.io/kubernetes/pkg/controller/daemon"
)

// noteEvictions records for every pod when the NoExecute taints of its node evict it. A
// recorded time stays as long as its taints do, and while the node does not exist
// (pkg/controller/tainteviction/taint_eviction.go: processPodOnNode).
func (w *world) noteEvictions() {
	for _, pod := range w.pods.list() {
		k := key(pod)
		if _, there := w.nodes.get(pod.Spec.NodeName); !there {
			continue // what is noted stays until the node is back
		}
		patience, ends := w.patience(pod)
		_, noted := w.evictions[k]
		switch {
		case !ends:
			delete(w.evictions, k)
		case !noted || patience == 0:
			w.evictions[k] = w.now.Add(patience)
		}
	}
}

// evict deletes the pods whose eviction is due.
func (w *world) evict() {
	for _, pod := range w.pods.list() {
		if at, noted := w.evictions[key(pod)]; noted && !w.now.Before(at) {
			delete(w.evictions, key(pod))
			w.deletePod(pod)
		}
	}
}

// patience is how long a pod stays on its node, if that ends. The pods of a
// DaemonSet that the node excludes are left to their controller, which deletes
// them at the same moment.
func (w *world) patience(pod *corev1.Pod) (d time.Duration, ends bool) {
	node, ok := w.nodes.get(pod.Spec.NodeName)
	if !ok || pod.DeletionTimestamp != nil || w.excluded(pod, node) {
		return 0, false
	}
	var taints []corev1.Taint
	for _, t := range node.Spec.Taints {
		if t.Effect == corev1.TaintEffectNoExecute {
			taints = append(taints, t)
		}
	}
	if len(taints) == 0 {
		return 0, false
	}
	tolerated, used := v1helper.GetMatchingTolerations(klog.Background(), taints, pod.Spec.Tolerations)
	if !tolerated {
		return 0, true
	}
	return least(used)
}

// least follows the controller (pkg/controller/tainteviction/taint_eviction.go:
// getMinTolerationTime).
func least(used []corev1.Toleration) (d time.Duration, ends bool) {
	seconds := int64(math.MaxInt64)
	for _, t := range used {
		if t.TolerationSeconds != nil {
			seconds = min(seconds, max(0, *t.TolerationSeconds))
		}
	}
	if seconds == math.MaxInt64 {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

func (w *world) excluded(pod *corev1.Pod, node *corev1.Node) bool {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || owner.Kind != "DaemonSet" {
		return false
	}
	ds, ok := w.daemonSets.get(pod.Namespace + "/" + owner.Name)
	if !ok || ds.UID != owner.UID {
		return false
	}
	_, stays := daemon.NodeShouldRunDaemonPod(klog.Background(), node, ds)
	return !stays
}

// withDefaultTolerations adds what admission adds to a pod: it tolerates a node that is
// not ready or unreachable for five minutes
// (plugin/pkg/admission/defaulttolerationseconds/admission.go: Admit).
func withDefaultTolerations(pod *corev1.Pod) {
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		taint := corev1.Taint{Key: key, Effect: corev1.TaintEffectNoExecute}
		if tolerated, _ := v1helper.GetMatchingTolerations(klog.Background(), []corev1.Taint{taint}, pod.Spec.Tolerations); !tolerated {
			seconds := int64(300)
			pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{
				Key: key, Operator: corev1.TolerationOpExists, Effect: taint.Effect, TolerationSeconds: &seconds,
			})
		}
	}
}

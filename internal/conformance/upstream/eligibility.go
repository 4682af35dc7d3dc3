package upstream

import (
	_ "unsafe" // for linkname

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/controller/daemon/util"
)

// ShouldRun is the controller's answer for one node: whether it wants a pod
// there, and whether it lets a running one be.
func ShouldRun(ds *appsv1.DaemonSet, node *corev1.Node) (run, stay bool) {
	return daemon.NodeShouldRunDaemonPod(klog.Logger{}, node, ds)
}

// Loop holds what the controller's loops over all nodes (manage,
// updateDaemonSetStatus) compute once from a DaemonSet.
type Loop struct {
	ds          *appsv1.DaemonSet
	tolerations []corev1.Toleration
	affinity    nodeaffinity.RequiredNodeAffinity
}

// NewLoop prepares as updateDaemonSetStatus does before its loop.
func NewLoop(ds *appsv1.DaemonSet) *Loop {
	spec := ds.Spec.Template.Spec
	util.AddOrUpdateDaemonPodTolerations(&spec)
	return &Loop{ds, spec.Tolerations, nodeaffinity.NewRequiredNodeAffinity(spec.NodeSelector, spec.Affinity)}
}

// ShouldRun is what happens in the loop.
func (l *Loop) ShouldRun(node *corev1.Node) (run, stay bool) {
	return nodeShouldRunDaemonPod(klog.Logger{}, node, l.ds, l.tolerations, l.affinity)
}

// DaemonPod is the pod that the controller creates for a node, as the API server
// stores it: from the template with the tolerations of every daemon pod, its
// required node affinity replaced by the node's name (syncNodes). Its name is made up.
func DaemonPod(ds *appsv1.DaemonSet, node string) (*corev1.Pod, error) {
	template := util.CreatePodTemplate(ds.Spec.Template, nil, "")
	template.Spec.Affinity = util.ReplaceDaemonSetPodNodeNameNodeAffinity(template.Spec.Affinity, node)
	kind := appsv1.SchemeGroupVersion.WithKind("DaemonSet")
	pod, err := controller.GetPodFromTemplate(&template, ds, metav1.NewControllerRef(ds, kind))
	if err != nil {
		return nil, err
	}
	pod.Namespace, pod.Name = ds.Namespace, ds.Name+"-"+node
	Default(pod)
	return pod, nil
}

// The controller does not export the function that its own loops call.
// NodeShouldRunDaemonPod parses the affinity for each node, so it would be too slow a
// baseline.
//
//go:linkname nodeShouldRunDaemonPod k8s.io/kubernetes/pkg/controller/daemon.nodeShouldRunDaemonPod
func nodeShouldRunDaemonPod(logger klog.Logger, node *corev1.Node, ds *appsv1.DaemonSet, tolerations []corev1.Toleration, affinity nodeaffinity.RequiredNodeAffinity) (bool, bool)

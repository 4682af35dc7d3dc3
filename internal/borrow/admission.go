package borrow

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/snapshot"
)

// Admit returns a new pod as the API server of the cluster stores it, or why it refuses
// the pod. Simulations and predictions both ask it. The plugins in without do not run.
// webhooks is as for admission.Admit. ResourceQuotas are not asked.
func Admit(c *cluster.Cluster, pod *corev1.Pod, without admission.Plugins, webhooks func(*corev1.Pod)) (*corev1.Pod, *admission.Refusal) {
	objects, plugins := Admission(c)
	return admission.Admit(pod, objects, plugins&^without, webhooks)
}

// AdmissionChanges returns what each plugin changes in a pod that Admit admits.
func AdmissionChanges(c *cluster.Cluster, pod *corev1.Pod, without admission.Plugins, webhooks func(*corev1.Pod)) []admission.Change {
	objects, plugins := Admission(c)
	return admission.Changes(pod, objects, plugins&^without, webhooks)
}

// Decides reports whether an object of the cluster may refuse a valid pod, or change
// what the scheduler reads of it. Asking costs nothing beside Admit.
func Decides(c *cluster.Cluster, pod *corev1.Pod) bool {
	s := From(c)
	return pod.Spec.RuntimeClassName != nil || pod.Spec.PriorityClassName != "" && len(s.PriorityClasses()) > 0 ||
		len(s.LimitRangesIn(pod.Namespace)) > 0 || len(s.ServiceAccounts()) > 0 ||
		namespaceDecides(s, pod.Namespace) || toleratesSome(s, pod)
}

// namespaceDecides reports whether a namespace refuses or changes any pods.
func namespaceDecides(s *snapshot.Snapshot, name string) bool {
	ns, ok := s.Namespace(name)
	if !ok {
		return false
	}
	_, enforces := ns.Labels[api.EnforceLevelLabel]
	return enforces || ns.Status.Phase == corev1.NamespaceTerminating || len(annotated(ns)) > 0
}

// toleratesSome reports whether DefaultTolerationSeconds adds a toleration of a taint
// that a node has. Daemon pods have these tolerations from their controller.
func toleratesSome(s *snapshot.Snapshot, pod *corev1.Pod) bool {
	for _, t := range s.Taints() {
		added := t.Effect == corev1.TaintEffectNoExecute && (t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable)
		if added && !slices.ContainsFunc(pod.Spec.Tolerations, func(own corev1.Toleration) bool { return kube.Tolerates(&own, &t) }) {
			return true
		}
	}
	return false
}

// Admission returns what admission knows of a cluster, and the plugins that its
// objects tell of. A snapshot may lack whole kinds, so a plugin that refuses pods for
// what does not exist runs only where there is an object of that kind. The plugins that
// distributions switch on run where a namespace has their annotation.
func Admission(c *cluster.Cluster) (admission.Objects, admission.Plugins) {
	s := From(c)
	plugins := admission.DefaultPlugins
	if len(s.ServiceAccounts()) == 0 {
		plugins = plugins.Without(admission.ServiceAccount)
	}
	if len(s.PriorityClasses()) == 0 {
		plugins = plugins.Without(admission.Priority)
	}
	if len(s.RuntimeClasses()) == 0 {
		plugins = plugins.Without(admission.RuntimeClass)
	}
	for _, ns := range s.Namespaces() {
		plugins = plugins.With(annotated(ns)...)
	}
	return objects{s}, plugins
}

// annotated returns the plugins whose annotations a namespace has.
func annotated(ns *corev1.Namespace) []admission.Plugin {
	var plugins []admission.Plugin
	for annotation := range ns.Annotations { // any order: the plugins become a set
		switch annotation {
		case admission.NodeSelectorAnnotation:
			plugins = append(plugins, admission.PodNodeSelector)
		case admission.ProjectNodeSelectorAnnotation:
			plugins = append(plugins, admission.OriginPodNodeEnvironment)
		case admission.DefaultTolerationsAnnotation, admission.TolerationsWhitelistAnnotation:
			plugins = append(plugins, admission.PodTolerationRestriction)
		}
	}
	return plugins
}

// objects looks up the objects of a snapshot for admission.
type objects struct{ *snapshot.Snapshot }

// Namespace returns an empty namespace where the snapshot lacks it.
func (o objects) Namespace(name string) (*corev1.Namespace, bool) {
	if ns, ok := o.Snapshot.Namespace(name); ok {
		return ns, true
	}
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, true
}

// ServiceAccount returns an empty default account where the snapshot lacks it: a
// controller makes one in each namespace
// (pkg/controller/serviceaccount/serviceaccounts_controller.go: syncNamespace).
func (o objects) ServiceAccount(namespace, name string) (*corev1.ServiceAccount, bool) {
	account, ok := o.Snapshot.ServiceAccount(namespace, name)
	if !ok && name == "default" {
		return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}, true
	}
	return account, ok
}

// LimitRanges returns the LimitRanges of a namespace.
func (o objects) LimitRanges(namespace string) []*corev1.LimitRange {
	return o.LimitRangesIn(namespace)
}

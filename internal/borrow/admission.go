package borrow

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/snapshot"
)

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

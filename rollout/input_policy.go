package rollout

import (
	"cmp"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// policy is an object that decides about new pods.
type policy interface {
	runtime.Object
	metav1.Object
}

// policyOf returns the object and the word for its kind if it decides about new pods, and
// "" for other objects and for nil pointers.
func policyOf(object runtime.Object) (kind string, o policy) {
	switch o := object.(type) {
	case *corev1.Namespace:
		if o != nil {
			return "namespace", o
		}
	case *corev1.LimitRange:
		if o != nil {
			return "limitrange", o
		}
	case *corev1.ResourceQuota:
		if o != nil {
			return "resourcequota", o
		}
	case *corev1.ServiceAccount:
		if o != nil {
			return "serviceaccount", o
		}
	}
	return "", nil
}

// policyKey returns the object's name, after its namespace if it has one.
func policyKey(o policy) string {
	if o.GetNamespace() == "" {
		return o.GetName()
	}
	return kube.Key(o)
}

// checkNamed returns what is wrong with an Apply of an object that needs no more than a
// name and what cluster.Validate asks for.
func (in Apply) checkNamed(o policy) error {
	switch {
	case o.GetName() == "":
		return errors.New("metadata.name: Required value")
	case in.Unvalidated:
		return nil
	}
	if errs := cluster.Validate(o); len(errs) > 0 {
		return errs.ToAggregate()
	}
	return nil
}

func defaultPolicy(kind string, o policy) runtime.Object {
	o = cluster.Default(o)
	if kind != "namespace" {
		o.SetNamespace(cmp.Or(o.GetNamespace(), corev1.NamespaceDefault))
	}
	return o
}

// applyPolicy adds or replaces an object that decides about new pods. No controller is
// told: those whose pods are refused come back when their backoff is over.
func (in Apply) applyPolicy(s *Sim, o policy) {
	next, err := s.cluster.With(o)
	if err != nil {
		s.refuse("", in, err.Error())
		return
	}
	s.cluster = next
	namespace := o.GetNamespace()
	if ns, ok := o.(*corev1.Namespace); ok {
		namespace = ns.Name
	}
	if q, ok := o.(*corev1.ResourceQuota); ok {
		s.setQuota(q)
	}
	s.readmit(namespace)
	s.emit(Event{Kind: EventInputApplied, Detail: in.line()})
}

// policyNow returns the object with a key such as "limitrange/apps/limits", or nil.
func (s *store) policyNow(key string) runtime.Object {
	b := borrow.From(s.cluster)
	find := func(kind, name string) bool { return kind+"/"+name == key }
	for _, o := range b.Namespaces() {
		if find("namespace", o.Name) {
			return o
		}
	}
	for _, o := range b.LimitRanges() {
		if find("limitrange", kube.Key(o)) {
			return o
		}
	}
	for _, o := range s.quotasNow() {
		if find("resourcequota", kube.Key(o)) {
			return o
		}
	}
	for _, o := range b.ServiceAccounts() {
		if find("serviceaccount", kube.Key(o)) {
			return o
		}
	}
	return nil
}

package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install" // into legacyscheme
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
)

// registry is what the API server does to objects of one kind on their way in:
// defaults, then the strategy of the kind, as every registry calls it
// (k8s.io/apiserver/pkg/registry/rest/create.go: BeforeCreate;
// k8s.io/apiserver/pkg/registry/rest/update.go: BeforeUpdate).
type registry struct {
	external func() object         // an empty object of the API
	internal func() runtime.Object // of the registry
	strategy interface {
		rest.RESTCreateStrategy
		rest.RESTUpdateStrategy
	}
	status rest.RESTUpdateStrategy
}

// registries holds the registry of each kind that has a strategy here, by resource.
var registries = map[string]registry{
	"daemonsets": {
		func() object { return &appsv1.DaemonSet{} }, func() runtime.Object { return &apps.DaemonSet{} },
		daemonset.Strategy, daemonset.StatusStrategy,
	},
	"deployments": {
		func() object { return &appsv1.Deployment{} }, func() runtime.Object { return &apps.Deployment{} },
		deployment.Strategy, deployment.StatusStrategy,
	},
	"replicasets": {
		func() object { return &appsv1.ReplicaSet{} }, func() runtime.Object { return &apps.ReplicaSet{} },
		replicaset.Strategy, replicaset.StatusStrategy,
	},
}

// create is the object as it would be stored.
func (s *server) create(resource string, o object, validate bool) (object, error) {
	r := registries[resource]
	in, err := r.in(o)
	if err != nil {
		return nil, err
	}
	ctx := genericapirequest.NewContext()
	r.strategy.PrepareForCreate(ctx, in)
	if errs := r.strategy.Validate(ctx, in); validate && len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	out, err := r.out(in)
	if err != nil {
		return nil, err
	}
	out.SetResourceVersion(s.nextVersion())
	out.SetUID(types.UID(fmt.Sprintf("%s-%s-%s", out.GetNamespace(), out.GetName(), out.GetResourceVersion())))
	out.SetCreationTimestamp(metav1.NewTime(s.now))
	return out, nil
}

// update is likewise; it is the old object where nothing changes.
func (s *server) update(resource string, subresource string, o, old object, validate bool) (object, error) {
	r, ok := registries[resource]
	if !ok {
		o.SetResourceVersion(s.nextVersion())
		return o, nil
	}
	strategy := rest.RESTUpdateStrategy(r.strategy)
	if subresource == "status" {
		strategy = r.status
	}
	in, err := r.in(o)
	if err != nil {
		return nil, err
	}
	was, err := r.in(old)
	if err != nil {
		return nil, err
	}
	ctx := genericapirequest.NewContext()
	strategy.PrepareForUpdate(ctx, in, was)
	if errs := strategy.ValidateUpdate(ctx, in, was); validate && len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	out, err := r.out(in)
	if err != nil {
		return nil, err
	}
	if out.SetResourceVersion(old.GetResourceVersion()); equality.Semantic.DeepEqual(out, old) {
		return old, nil
	}
	out.SetResourceVersion(s.nextVersion())
	return out, nil
}

func (r registry) in(o object) (runtime.Object, error) {
	in := r.internal()
	return in, legacyscheme.Scheme.Convert(defaulted(o), in, context.Background())
}

func (r registry) out(in runtime.Object) (object, error) {
	out := r.external()
	return out, legacyscheme.Scheme.Convert(in, out, context.Background())
}

func defaulted[T object](o T) T {
	o = o.DeepCopyObject().(T)
	legacyscheme.Scheme.Default(o)
	return o
}

// identify sets the fields that only the server knows in an object from a user.
func identify(o, old object) {
	o.SetUID(old.GetUID())
	o.SetCreationTimestamp(old.GetCreationTimestamp())
	o.SetGeneration(old.GetGeneration())
	o.SetResourceVersion(old.GetResourceVersion())
	o.SetDeletionTimestamp(old.GetDeletionTimestamp())
	o.SetDeletionGracePeriodSeconds(old.GetDeletionGracePeriodSeconds())
	o.SetFinalizers(old.GetFinalizers())
	o.SetOwnerReferences(old.GetOwnerReferences())
}

package driver

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/node"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"

	"github.com/berthsim/berth/internal/conformance/oracles/driver/wire"
)

var strategies = map[string]rest.RESTCreateStrategy{
	"DaemonSet":           daemonset.Strategy,
	"Deployment":          deployment.Strategy,
	"Namespace":           namespace.Strategy,
	"Node":                node.Strategy,
	"Pod":                 pod.Strategy,
	"PodDisruptionBudget": poddisruptionbudget.Strategy,
	"PriorityClass":       priorityclass.Strategy,
	"ReplicaSet":          replicaset.Strategy,
	"Service":             service.Strategy,
	"StatefulSet":         statefulset.Strategy,
}

// create defaults and validates an object as the registry of its kind does.
func create(ctx context.Context, text json.RawMessage) (wire.Answer, error) {
	object, kind, err := legacyscheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
	if err != nil {
		return wire.Answer{}, err
	}
	strategy, ok := strategies[kind.Kind]
	if !ok {
		return wire.Answer{}, fmt.Errorf("no strategy for %s", kind.Kind)
	}
	legacyscheme.Scheme.Default(object)
	defaulted, err := json.Marshal(object)
	if err != nil {
		return wire.Answer{}, err
	}
	internal, err := legacyscheme.Scheme.UnsafeConvertToVersion(object, runtime.InternalGroupVersioner)
	if err != nil {
		return wire.Answer{}, err
	}
	if s, ok := internal.(*core.Service); ok && s.Spec.ClusterIP != "" && len(s.Spec.ClusterIPs) == 0 {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP} // as normalizeClusterIPs of the service's storage
	}
	ctx = klog.NewContext(ctx, klog.Logger{})
	ctx = genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{APIGroup: kind.Group, APIVersion: kind.Version})
	strategy.PrepareForCreate(ctx, internal)
	a := wire.Answer{Object: defaulted}
	for _, m := range strategy.Validate(ctx, internal) {
		a.Mistakes = append(a.Mistakes, wire.Mistake{Field: m.Field, Type: string(m.Type), Detail: m.Detail})
	}
	return a, nil
}

func eligible(r Release, q *wire.Eligible) (wire.Answer, error) {
	nodes, err := decode[corev1.Node](q.Nodes)
	if err != nil {
		return wire.Answer{}, err
	}
	ds := new(appsv1.DaemonSet)
	if err := json.Unmarshal(q.DaemonSet, ds); err != nil {
		return wire.Answer{}, err
	}
	var a wire.Answer
	for _, n := range nodes {
		run, stay := r.ShouldRun(n, ds)
		a.Run, a.Stay = append(a.Run, run), append(a.Stay, stay)
	}
	return a, nil
}

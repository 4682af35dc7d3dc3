package upstream

import (
	"context"
	"fmt"
	"time"
	_ "unsafe" // for linkname

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	discoveryfake "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	scalefake "k8s.io/client-go/scale/fake"
	clientgotesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/disruption"
	clocktesting "k8s.io/utils/clock/testing"
)

//go:linkname syncBudget k8s.io/kubernetes/pkg/controller/disruption.(*DisruptionController).sync
func syncBudget(dc *disruption.DisruptionController, ctx context.Context, key string) error

// Disruptions returns the status that the disruption controller writes to a
// PodDisruptionBudget in one sync, with these objects in its caches. Only the
// ReplicaSets, Deployments and StatefulSets among them have a scale, as in the apps
// group.
func Disruptions(budget *policyv1.PodDisruptionBudget, now time.Time, objects ...runtime.Object) (policyv1.PodDisruptionBudgetStatus, error) {
	ctx := klog.NewContext(context.Background(), logr.Discard())
	client := fake.NewClientset(budget.DeepCopy())
	f := informers.NewSharedInformerFactory(client, 0)
	scales := &scalefake.FakeScaleClient{}
	scales.AddReactor("*", "*", func(a clientgotesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewNotFound(a.GetResource().GroupResource(), "")
	})
	known := &discoveryfake.FakeDiscovery{Fake: &clientgotesting.Fake{Resources: []*metav1.APIResourceList{
		{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{{Name: "replicasets/scale", Group: "autoscaling", Version: "v1", Kind: "Scale"}, {Name: "statefulsets/scale", Group: "autoscaling", Version: "v1", Kind: "Scale"}, {Name: "daemonsets"}}},
		{GroupVersion: "batch/v1", APIResources: []metav1.APIResource{{Name: "jobs"}}},
	}}}
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []string{"DaemonSet", "ReplicaSet", "StatefulSet"} {
		mapper.Add(appsv1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	mapper.Add(schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}, meta.RESTScopeNamespace)
	dc := disruption.NewDisruptionControllerInternal(ctx, f.Core().V1().Pods(), f.Policy().V1().PodDisruptionBudgets(), f.Core().V1().ReplicationControllers(),
		f.Apps().V1().ReplicaSets(), f.Apps().V1().Deployments(), f.Apps().V1().StatefulSets(),
		client, mapper, scales, known, clocktesting.NewFakeClock(now), time.Minute)
	for _, o := range append(objects, budget) {
		var store cache.Indexer
		switch o.(type) {
		case *corev1.Pod:
			store = f.Core().V1().Pods().Informer().GetIndexer()
		case *appsv1.ReplicaSet:
			store = f.Apps().V1().ReplicaSets().Informer().GetIndexer()
		case *appsv1.Deployment:
			store = f.Apps().V1().Deployments().Informer().GetIndexer()
		case *appsv1.StatefulSet:
			store = f.Apps().V1().StatefulSets().Informer().GetIndexer()
		case *policyv1.PodDisruptionBudget:
			store = f.Policy().V1().PodDisruptionBudgets().Informer().GetIndexer()
		default:
			continue
		}
		if err := store.Add(o); err != nil {
			return policyv1.PodDisruptionBudgetStatus{}, err
		}
	}
	if err := syncBudget(dc, ctx, budget.Namespace+"/"+budget.Name); err != nil {
		return policyv1.PodDisruptionBudgetStatus{}, err
	}
	stored, err := client.PolicyV1().PodDisruptionBudgets(budget.Namespace).Get(ctx, budget.Name, metav1.GetOptions{})
	if err != nil {
		return policyv1.PodDisruptionBudgetStatus{}, fmt.Errorf("after the sync: %w", err)
	}
	return stored.Status, nil
}

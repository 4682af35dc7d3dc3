package upstream

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle"
	"k8s.io/apiserver/pkg/admission/plugin/resourcequota"
	"k8s.io/apiserver/pkg/authentication/user"
	quota "k8s.io/apiserver/pkg/quota/v1"
	"k8s.io/apiserver/pkg/quota/v1/generic"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-base/compatibility"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/core/v1/helper/qos"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	evaluator "k8s.io/kubernetes/pkg/quota/v1/evaluator/core"
	"k8s.io/kubernetes/plugin/pkg/admission/defaulttolerationseconds"
	"k8s.io/kubernetes/plugin/pkg/admission/extendedresourcetoleration"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
	"k8s.io/kubernetes/plugin/pkg/admission/podnodeselector"
	"k8s.io/kubernetes/plugin/pkg/admission/podtolerationrestriction"
	podpriority "k8s.io/kubernetes/plugin/pkg/admission/priority"
	"k8s.io/kubernetes/plugin/pkg/admission/runtimeclass"
	"k8s.io/kubernetes/plugin/pkg/admission/security/podsecurity"
	"k8s.io/kubernetes/plugin/pkg/admission/serviceaccount"
	"k8s.io/utils/clock"
)

// Admission is the admission plugins of an API server that decide about pods, with
// objects that are put into their caches.
type Admission struct {
	factory informers.SharedInformerFactory
	chain   []namedPlugin
}

type namedPlugin struct {
	name   string
	plugin admission.Interface
}

// admissionOrder is the order of AllOrderedPlugins, which package options has with
// everything else that it imports.
var admissionOrder = []struct {
	name     string
	register func(*admission.Plugins)
}{
	{lifecycle.PluginName, lifecycle.Register},
	{limitranger.PluginName, limitranger.Register},
	{serviceaccount.PluginName, serviceaccount.Register},
	{podsecurity.PluginName, podsecurity.Register},
	{podnodeselector.PluginName, podnodeselector.Register},
	{podpriority.PluginName, podpriority.Register},
	{defaulttolerationseconds.PluginName, defaulttolerationseconds.Register},
	{podtolerationrestriction.PluginName, podtolerationrestriction.Register},
	{extendedresourcetoleration.PluginName, extendedresourcetoleration.Register},
	{runtimeclass.PluginName, runtimeclass.Register},
}

// NewAdmission initialises the plugins.
func NewAdmission() (*Admission, error) {
	client := fake.NewClientset()
	a := &Admission{factory: informers.NewSharedInformerFactory(client, 0)}
	effective := compatibility.NewEffectiveVersionFromString("1.37", "", "")
	with := initializer.New(client, nil, a.factory, nil, utilfeature.DefaultFeatureGate, effective, nil, nil)
	plugins := admission.NewPlugins()
	for _, p := range admissionOrder {
		p.register(plugins)
		plugin, err := plugins.InitPlugin(p.name, nil, with)
		if err != nil {
			return nil, err
		}
		if waits, ok := plugin.(interface{ SetReadyFunc(admission.ReadyFunc) }); ok {
			waits.SetReadyFunc(func() bool { return true }) // nothing fills the caches but Set
		}
		a.chain = append(a.chain, namedPlugin{p.name, plugin})
	}
	return a, nil
}

// AdmissionObjects are the objects that decide about pods.
type AdmissionObjects struct {
	Namespaces      []*corev1.Namespace
	LimitRanges     []*corev1.LimitRange
	ServiceAccounts []*corev1.ServiceAccount
	RuntimeClasses  []*nodev1.RuntimeClass
	PriorityClasses []*schedulingv1.PriorityClass
}

// Set replaces all objects.
func (a *Admission) Set(objects AdmissionObjects) error {
	c := a.factory.Core().V1()
	for _, err := range []error{
		fill(c.Namespaces().Informer(), objects.Namespaces),
		fill(c.LimitRanges().Informer(), objects.LimitRanges),
		fill(c.ServiceAccounts().Informer(), objects.ServiceAccounts),
		fill(a.factory.Node().V1().RuntimeClasses().Informer(), objects.RuntimeClasses),
		fill(a.factory.Scheduling().V1().PriorityClasses().Informer(), objects.PriorityClasses),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func fill[T any](informer cache.SharedIndexInformer, objects []T) error {
	items := make([]any, len(objects))
	for i, o := range objects {
		items[i] = o
	}
	return informer.GetIndexer().Replace(items, "")
}

var podsResource = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

func createOf(pod *core.Pod, name string) admission.Attributes {
	return admission.NewAttributesRecord(pod, nil, schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, pod.Namespace, name,
		podsResource, "", admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{Name: "daemon-set-controller"})
}

// Admit changes a pod as the enabled plugins do, or returns the plugin that refuses it
// and why. The pod has its defaults.
func (a *Admission) Admit(ctx context.Context, pod *core.Pod, enabled func(string) bool) (plugin string, err error) {
	attributes := createOf(pod, pod.Name)
	for _, p := range a.chain {
		if m, ok := p.plugin.(admission.MutationInterface); ok && enabled(p.name) {
			if err := m.Admit(ctx, attributes, nil); err != nil {
				return p.name, err
			}
		}
	}
	return "", nil
}

// Validate checks a pod as the enabled plugins do.
func (a *Admission) Validate(ctx context.Context, pod *core.Pod, enabled func(string) bool) (plugin string, err error) {
	attributes := createOf(pod, pod.Name)
	for _, p := range a.chain {
		if v, ok := p.plugin.(admission.ValidationInterface); ok && enabled(p.name) {
			if err := v.Validate(ctx, attributes, nil); err != nil {
				return p.name, err
			}
		}
	}
	return "", nil
}

// Charge returns the quotas after a new pod, as the plugin ResourceQuota does.
func Charge(quotas []*corev1.ResourceQuota, pod *corev1.Pod) ([]corev1.ResourceQuota, error) {
	list := make([]corev1.ResourceQuota, len(quotas))
	for i, q := range quotas {
		list[i] = *q.DeepCopy()
	}
	internal, err := legacyscheme.Scheme.UnsafeConvertToVersion(pod.DeepCopy(), runtime.InternalGroupVersioner)
	if err != nil {
		return nil, err
	}
	p, ok := internal.(*core.Pod)
	if !ok {
		return nil, fmt.Errorf("a %T", internal)
	}
	return resourcequota.CheckRequest(list, createOf(p, p.Name), evaluator.NewPodEvaluator(nil, clock.RealClock{}), nil)
}

// QOSClass is the quality of service of a pod.
func QOSClass(pod *corev1.Pod) corev1.PodQOSClass { return qos.ComputePodQOS(pod) }

// Used is what the quota controller counts for a quota from the pods of its namespace.
func Used(q *corev1.ResourceQuota, pods []*corev1.Pod) (corev1.ResourceList, error) {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, pod := range pods {
		if err := indexer.Add(pod); err != nil {
			return nil, err
		}
	}
	lister := func(r schema.GroupVersionResource) (cache.GenericLister, error) {
		return cache.NewGenericLister(indexer, r.GroupResource()), nil
	}
	registry := generic.NewRegistry([]quota.Evaluator{evaluator.NewPodEvaluator(lister, clock.RealClock{})})
	return quota.CalculateUsage(q.Namespace, q.Spec.Scopes, q.Spec.Hard, registry, q.Spec.ScopeSelector)
}

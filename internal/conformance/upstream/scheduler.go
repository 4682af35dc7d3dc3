package upstream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	kube "k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedulercache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/profile"
)

// Modelled are the plugins of the default profile that berth follows, in its order.
var Modelled = []string{
	"NodeName", "NodeUnschedulable", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit",
	"PodTopologySpread", "InterPodAffinity", "NodeResourcesBalancedAllocation", "ImageLocality",
}

// World is what the scheduler knows of a cluster. Nodes have different names.
type World struct {
	Nodes        []*corev1.Node
	Pods         []*corev1.Pod
	Namespaces   []*corev1.Namespace
	Services     []*corev1.Service
	ReplicaSets  []*appsv1.ReplicaSet
	StatefulSets []*appsv1.StatefulSet
	Budgets      []*policyv1.PodDisruptionBudget
}

// Scheduler is kube-scheduler as its own New makes it, with the default profile
// and the default feature gates but one goroutine, asked step by step about one world after the
// other. It reads no API server: its snapshot and its listers are filled by Show.
// Not safe for concurrent use.
type Scheduler struct {
	kube       *kube.Scheduler
	framework  framework.Framework
	snapshot   *schedulercache.Snapshot
	informers  informers.SharedInformerFactory
	weights    map[string]int64
	filters    []fwk.FilterPlugin // each again, to be asked alone
	preemption *defaultpreemption.DefaultPreemption
	shown      []*corev1.Node // in the scheduler's cache
}

// NewScheduler starts a scheduler; its few goroutines end with ctx.
func NewScheduler(ctx context.Context) (*Scheduler, error) {
	client := fake.NewClientset()
	s := &Scheduler{
		snapshot:  schedulercache.NewEmptySnapshot(),
		informers: informers.NewSharedInformerFactory(client, 0),
		weights:   map[string]int64{},
	}
	var used config.KubeSchedulerProfile
	recorders := profile.NewRecorderFactory(events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()}))
	var err error
	s.kube, err = kube.New(ctx, client, s.informers, nil, recorders,
		kube.WithNodeInfoSnapshot(s.snapshot),
		kube.WithParallelism(1),
		kube.WithBuildFrameworkCapturer(func(p config.KubeSchedulerProfile) { used = p }))
	if err != nil {
		return nil, err
	}
	s.framework = s.kube.Profiles[corev1.DefaultSchedulerName]
	for _, score := range s.framework.ListPlugins().Score.Enabled {
		s.weights[score.Name] = int64(score.Weight)
	}
	return s, s.instantiate(ctx, used)
}

// instantiate makes every modelled filter of the profile once more, as
// NewFramework does, because a framework stops at the first that fails. (Not every
// plugin can be made twice: DynamicResources leaves an index behind.)
func (s *Scheduler) instantiate(ctx context.Context, used config.KubeSchedulerProfile) error {
	registry := plugins.NewInTreeRegistry()
	build := func(name string) (fwk.Plugin, error) {
		i := slices.IndexFunc(used.PluginConfig, func(c config.PluginConfig) bool { return c.Name == name })
		if i < 0 {
			return registry[name](ctx, nil, s.framework)
		}
		return registry[name](ctx, used.PluginConfig[i].Args, s.framework)
	}
	for _, f := range s.framework.ListPlugins().Filter.Enabled {
		if !slices.Contains(Modelled, f.Name) {
			continue
		}
		plugin, err := build(f.Name)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		s.filters = append(s.filters, plugin.(fwk.FilterPlugin))
	}
	plugin, err := build(defaultpreemption.Name)
	if err != nil {
		return err
	}
	s.preemption = plugin.(*defaultpreemption.DefaultPreemption)
	return nil
}

// Show makes the scheduler see a world, and no other one.
func (s *Scheduler) Show(w World) error {
	*s.snapshot = *schedulercache.NewSnapshot(counted(w), w.Nodes)
	core := s.informers.Core().V1()
	return errors.Join(
		s.learnImages(w.Nodes),
		replace(core.Nodes().Informer(), w.Nodes),
		replace(core.Pods().Informer(), w.Pods),
		replace(core.Namespaces().Informer(), w.Namespaces),
		replace(core.Services().Informer(), w.Services),
		replace(s.informers.Apps().V1().ReplicaSets().Informer(), w.ReplicaSets),
		replace(s.informers.Apps().V1().StatefulSets().Informer(), w.StatefulSets),
		replace(s.informers.Policy().V1().PodDisruptionBudgets().Informer(), w.Budgets),
	)
}

// learnImages lets the scheduler's cache work out the sizes of images and on how
// many nodes they are, as it hears of one node after the other. NewSnapshot, with
// which only tests make snapshots, takes each node at its own word.
func (s *Scheduler) learnImages(nodes []*corev1.Node) error {
	var logger klog.Logger
	for _, n := range s.shown {
		if err := s.kube.Cache.RemoveNode(logger, n); err != nil {
			return err
		}
	}
	s.shown = nodes
	for _, n := range nodes {
		s.kube.Cache.AddNode(logger, n)
	}
	for name, learnt := range s.kube.Cache.Dump().Nodes { // any order: each by itself
		info, err := s.snapshot.Get(name)
		if err != nil {
			return err
		}
		info.(*framework.NodeInfo).ImageStates = learnt.ImageStates
	}
	return nil
}

// counted returns the pods that use resources of nodes: the scheduler's informer leaves
// out terminal pods (newPodInformer), and its snapshot has no unknown nodes.
func counted(w World) []*corev1.Pod {
	known := map[string]bool{}
	for _, n := range w.Nodes {
		known[n.Name] = true
	}
	var pods []*corev1.Pod
	for _, p := range w.Pods {
		if known[p.Spec.NodeName] && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			pods = append(pods, p)
		}
	}
	return pods
}

func replace[T any](informer cache.SharedIndexInformer, objects []T) error {
	all := make([]any, len(objects))
	for i, o := range objects {
		all[i] = o
	}
	return informer.GetIndexer().Replace(all, "")
}

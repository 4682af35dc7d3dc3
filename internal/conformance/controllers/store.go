package controllers

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	appslisters "k8s.io/client-go/listers/apps/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

type object interface {
	metav1.Object
	runtime.Object
}

// store holds the objects of one kind: the API server and the informer in one,
// for between two syncs every watch has been delivered. What is in it is never
// modified, only replaced.
type store[T object] struct {
	index    *orderedIndexer
	handlers []cache.ResourceEventHandler
	version  func() string // the newest resource version there is
}

func newStore[T object](version func() string, order func([]any)) *store[T] {
	indexers := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	index := cache.NewIndexer(cache.MetaNamespaceKeyFunc, indexers)
	return &store[T]{index: &orderedIndexer{index, version, order}, version: version}
}

func (s *store[T]) get(key string) (T, bool) {
	o, ok, _ := s.index.GetByKey(key)
	if !ok {
		var zero T
		return zero, false
	}
	return o.(T), true
}

// list is every object, ascending by key.
func (s *store[T]) list() []T {
	objects := s.index.Indexer.List()
	sortByKey(objects)
	typed := make([]T, len(objects))
	for i, o := range objects {
		typed[i] = o.(T)
	}
	return typed
}

// put adds or replaces, and tells the controller as its watch would.
func (s *store[T]) put(o T) {
	old, exists := s.get(keyOf(o))
	s.index.Update(o)
	for _, h := range s.handlers {
		if exists {
			h.OnUpdate(old, o)
		} else {
			h.OnAdd(o, false)
		}
	}
}

func (s *store[T]) remove(o T) {
	s.index.Delete(o)
	s.removed(o)
}

// added and removed only tell the controller.
func (s *store[T]) added(o T) {
	for _, h := range s.handlers {
		h.OnAdd(o, false)
	}
}

func (s *store[T]) removed(o T) {
	for _, h := range s.handlers {
		h.OnDelete(o)
	}
}

func keyOf(o metav1.Object) string {
	if o.GetNamespace() == "" {
		return o.GetName()
	}
	return key(o)
}

// orderedIndexer answers in an order of the driver's choice, where a cache answers
// in map order. The controller's own maps remain.
type orderedIndexer struct {
	cache.Indexer
	version func() string
	order   func([]any)
}

// LastStoreSyncResourceVersion returns the latest version: every write has been watched.
func (i *orderedIndexer) LastStoreSyncResourceVersion() string { return i.version() }

func (i *orderedIndexer) List() []any {
	objects := i.Indexer.List()
	i.order(objects)
	return objects
}

func (i *orderedIndexer) ByIndex(name, value string) ([]any, error) {
	objects, err := i.Indexer.ByIndex(name, value)
	i.order(objects)
	return objects, err
}

func asItComes([]any) {}

func sortByKey(objects []any) {
	slices.SortFunc(objects, func(a, b any) int {
		return strings.Compare(keyOf(a.(metav1.Object)), keyOf(b.(metav1.Object)))
	})
}

// shuffleNodes puts the nodes into random order, and keeps the order of the pods of each.
func shuffleNodes(objects []any) {
	sortByKey(objects)
	rank := map[string]uint64{}
	for _, o := range objects {
		if n := nodeName(o); rank[n] == 0 {
			rank[n] = 1 + rand.Uint64N(1<<62)
		}
	}
	slices.SortStableFunc(objects, func(a, b any) int { return cmp.Compare(rank[nodeName(a)], rank[nodeName(b)]) })
}

func nodeName(o any) string {
	if pod, ok := o.(*corev1.Pod); ok {
		return targetNode(pod)
	}
	return o.(metav1.Object).GetName()
}

// informer lets the controller register its handlers with a store. It uses nothing else
// of an informer; a call through the nil SharedIndexInformer would panic.
type informer struct {
	cache.SharedIndexInformer
	index   *orderedIndexer
	handler func(cache.ResourceEventHandler)
}

func informerOf[T object](s *store[T]) informer {
	return informer{index: s.index, handler: func(h cache.ResourceEventHandler) { s.handlers = append(s.handlers, h) }}
}

func (i informer) Informer() cache.SharedIndexInformer { return i }
func (i informer) GetIndexer() cache.Indexer           { return i.index }
func (i informer) GetStore() cache.Store               { return i.index }
func (i informer) AddIndexers(x cache.Indexers) error  { return i.index.AddIndexers(x) }
func (i informer) HasSynced() bool                     { return true }
func (i informer) AddEventHandler(h cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	i.handler(h)
	return nil, nil
}

type daemonSetInformer struct{ informer }
type deploymentInformer struct{ informer }
type replicaSetInformer struct{ informer }
type revisionInformer struct{ informer }
type podInformer struct{ informer }
type nodeInformer struct{ informer }

func (i daemonSetInformer) Lister() appslisters.DaemonSetLister {
	return appslisters.NewDaemonSetLister(i.index)
}
func (i deploymentInformer) Lister() appslisters.DeploymentLister {
	return appslisters.NewDeploymentLister(i.index)
}
func (i replicaSetInformer) Lister() appslisters.ReplicaSetLister {
	return appslisters.NewReplicaSetLister(i.index)
}
func (i revisionInformer) Lister() appslisters.ControllerRevisionLister {
	return appslisters.NewControllerRevisionLister(i.index)
}
func (i podInformer) Lister() corelisters.PodLister   { return corelisters.NewPodLister(i.index) }
func (i nodeInformer) Lister() corelisters.NodeLister { return corelisters.NewNodeLister(i.index) }

type (
	daemonSets  = store[*appsv1.DaemonSet]
	deployments = store[*appsv1.Deployment]
	replicaSets = store[*appsv1.ReplicaSet]
	revisions   = store[*appsv1.ControllerRevision]
	pods        = store[*corev1.Pod]
	nodes       = store[*corev1.Node]
)

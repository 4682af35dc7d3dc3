package snapshot

import (
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// tables holds all objects of a snapshot except the nodes.
type tables struct {
	pods            table[*corev1.Pod]
	namespaces      table[*corev1.Namespace]
	daemonSets      table[*appsv1.DaemonSet]
	revisions       table[*appsv1.ControllerRevision]
	deployments     table[*appsv1.Deployment]
	replicaSets     table[*appsv1.ReplicaSet]
	statefulSets    table[*appsv1.StatefulSet]
	services        table[*corev1.Service]
	budgets         table[*policyv1.PodDisruptionBudget]
	priorityClasses table[*schedulingv1.PriorityClass]
	accounts        table[*corev1.ServiceAccount]
	limitRanges     table[*corev1.LimitRange]
	quotas          table[*corev1.ResourceQuota]
	runtimeClasses  table[*nodev1.RuntimeClass]
}

// batch holds objects sorted by kind, to be added to a snapshot.
type batch struct {
	tables
	nodes table[*corev1.Node]
	mixed map[string]bool // kinds whose objects did not arrive in ascending order
	errs  []error
}

// newBatch sorts objects by kind and key. Its error names every nil, unknown,
// unnamed and repeated object.
func newBatch(objects []runtime.Object, keep func(runtime.Object) runtime.Object) (*batch, error) {
	b := &batch{mixed: map[string]bool{}}
	b.grow(objects)
	for i, o := range objects {
		if kinds.IsNil(o) {
			b.errs = append(b.errs, fmt.Errorf("object %d: is nil", i))
			continue
		}
		b.add(i, keep(o))
	}
	order(b, "Node", b.nodes)
	order(b, "Pod", b.pods)
	order(b, "Namespace", b.namespaces)
	order(b, "DaemonSet", b.daemonSets)
	order(b, "ControllerRevision", b.revisions)
	order(b, "Deployment", b.deployments)
	order(b, "ReplicaSet", b.replicaSets)
	order(b, "StatefulSet", b.statefulSets)
	order(b, "Service", b.services)
	order(b, "PodDisruptionBudget", b.budgets)
	order(b, "PriorityClass", b.priorityClasses)
	order(b, "ServiceAccount", b.accounts)
	order(b, "LimitRange", b.limitRanges)
	order(b, "ResourceQuota", b.quotas)
	order(b, "RuntimeClass", b.runtimeClasses)
	return b, errors.Join(b.errs...)
}

// grow reserves room for the kinds that usually are numerous.
func (b *batch) grow(objects []runtime.Object) {
	var nodes, pods int
	for _, o := range objects {
		switch o.(type) {
		case *corev1.Node:
			nodes++
		case *corev1.Pod:
			pods++
		}
	}
	b.nodes, b.pods = make(table[*corev1.Node], 0, nodes), make(table[*corev1.Pod], 0, pods)
}

func (b *batch) add(i int, object runtime.Object) {
	kind := kinds.Of(object)
	switch o := object.(type) {
	case *corev1.Node:
		put(b, i, kind, &b.nodes, o)
	case *corev1.Pod:
		put(b, i, kind, &b.pods, o)
	case *corev1.Namespace:
		put(b, i, kind, &b.namespaces, o)
	case *appsv1.DaemonSet:
		put(b, i, kind, &b.daemonSets, o)
	case *appsv1.ControllerRevision:
		put(b, i, kind, &b.revisions, o)
	case *appsv1.Deployment:
		put(b, i, kind, &b.deployments, o)
	case *appsv1.ReplicaSet:
		put(b, i, kind, &b.replicaSets, o)
	case *appsv1.StatefulSet:
		put(b, i, kind, &b.statefulSets, o)
	case *corev1.Service:
		put(b, i, kind, &b.services, o)
	case *policyv1.PodDisruptionBudget:
		put(b, i, kind, &b.budgets, o)
	case *schedulingv1.PriorityClass:
		put(b, i, kind, &b.priorityClasses, o)
	case *corev1.ServiceAccount:
		put(b, i, kind, &b.accounts, o)
	case *corev1.LimitRange:
		put(b, i, kind, &b.limitRanges, o)
	case *corev1.ResourceQuota:
		put(b, i, kind, &b.quotas, o)
	case *nodev1.RuntimeClass:
		put(b, i, kind, &b.runtimeClasses, o)
	default:
		b.errs = append(b.errs, fmt.Errorf("object %d: %s: not a kind that a cluster holds", i, kinds.NameOf(object)))
	}
}

func put[T metav1.Object](b *batch, i int, kind kinds.Kind, t *table[T], o T) {
	k := keyOf(o)
	switch {
	case k.name == "":
		b.errs = append(b.errs, fmt.Errorf("object %d: %s: metadata.name: is required", i, kind.Name))
	case kind.Namespaced && k.namespace == "":
		b.errs = append(b.errs, fmt.Errorf("object %d: %s %s: metadata.namespace: is required", i, kind.Name, k.name))
	case !kind.Namespaced && k.namespace != "":
		b.errs = append(b.errs, fmt.Errorf("object %d: %s %s: metadata.namespace: is not allowed on this kind", i, kind.Name, k.name))
	default:
		if n := len(*t); n > 0 && !b.mixed[kind.Name] && compareKeys(keyOf((*t)[n-1]), k) >= 0 {
			b.mixed[kind.Name] = true
		}
		*t = append(*t, o)
	}
}

// order sorts a table and reports repeated keys. It skips a table that arrived in
// order: with many objects, reading each once more dominates the cost.
func order[T metav1.Object](b *batch, kind string, t table[T]) {
	if !b.mixed[kind] {
		return
	}
	slices.SortFunc(t, compareObjects[T])
	for i := 1; i < len(t); i++ {
		if k := keyOf(t[i]); k == keyOf(t[i-1]) {
			b.errs = append(b.errs, fmt.Errorf("%s %s: is given twice", kind, k))
		}
	}
}

// with returns the tables with the objects of u added or replaced.
func (t tables) with(u tables) tables {
	return tables{
		pods:            t.pods.with(u.pods),
		namespaces:      t.namespaces.with(u.namespaces),
		daemonSets:      t.daemonSets.with(u.daemonSets),
		revisions:       t.revisions.with(u.revisions),
		deployments:     t.deployments.with(u.deployments),
		replicaSets:     t.replicaSets.with(u.replicaSets),
		statefulSets:    t.statefulSets.with(u.statefulSets),
		services:        t.services.with(u.services),
		budgets:         t.budgets.with(u.budgets),
		priorityClasses: t.priorityClasses.with(u.priorityClasses),
		accounts:        t.accounts.with(u.accounts),
		limitRanges:     t.limitRanges.with(u.limitRanges),
		quotas:          t.quotas.with(u.quotas),
		runtimeClasses:  t.runtimeClasses.with(u.runtimeClasses),
	}
}

// without returns the tables without the objects named in u. The error names the
// objects that t does not have.
func (t tables) without(u tables) (tables, error) {
	var errs []error
	next := tables{
		pods:            remove(t.pods, u.pods, "Pod", &errs),
		namespaces:      remove(t.namespaces, u.namespaces, "Namespace", &errs),
		daemonSets:      remove(t.daemonSets, u.daemonSets, "DaemonSet", &errs),
		revisions:       remove(t.revisions, u.revisions, "ControllerRevision", &errs),
		deployments:     remove(t.deployments, u.deployments, "Deployment", &errs),
		replicaSets:     remove(t.replicaSets, u.replicaSets, "ReplicaSet", &errs),
		statefulSets:    remove(t.statefulSets, u.statefulSets, "StatefulSet", &errs),
		services:        remove(t.services, u.services, "Service", &errs),
		budgets:         remove(t.budgets, u.budgets, "PodDisruptionBudget", &errs),
		priorityClasses: remove(t.priorityClasses, u.priorityClasses, "PriorityClass", &errs),
		accounts:        remove(t.accounts, u.accounts, "ServiceAccount", &errs),
		limitRanges:     remove(t.limitRanges, u.limitRanges, "LimitRange", &errs),
		quotas:          remove(t.quotas, u.quotas, "ResourceQuota", &errs),
		runtimeClasses:  remove(t.runtimeClasses, u.runtimeClasses, "RuntimeClass", &errs),
	}
	return next, errors.Join(errs...)
}

func remove[T metav1.Object](t, u table[T], kind string, errs *[]error) table[T] {
	gone := make(map[key]bool, len(u))
	for _, o := range u {
		k := keyOf(o)
		if _, ok := t.find(k); !ok {
			*errs = append(*errs, fmt.Errorf("%s %s: is not in the cluster", kind, k))
		}
		gone[k] = true
	}
	return t.without(gone)
}

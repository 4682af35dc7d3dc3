package cluster

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/decode"
	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/par"
)

// Manifest holds the objects of YAML or JSON streams, each kind in the order of the
// input. Objects are as written, with two exceptions: an absent namespace reads as
// "default" with a warning, and list items without kind and apiVersion get them from
// their list. The field managedFields, which berth does not use, is dropped unless
// [KeepAll] is set.
//
// In Go, a cluster can be built from a literal:
//
//	c, err := (&cluster.Manifest{Nodes: nodes, DaemonSets: sets}).Cluster()
type Manifest struct {
	Nodes                []*corev1.Node                  `json:"nodes,omitempty"`
	Pods                 []*corev1.Pod                   `json:"pods,omitempty"`
	Namespaces           []*corev1.Namespace             `json:"namespaces,omitempty"`
	DaemonSets           []*appsv1.DaemonSet             `json:"daemonSets,omitempty"`
	ControllerRevisions  []*appsv1.ControllerRevision    `json:"controllerRevisions,omitempty"`
	Deployments          []*appsv1.Deployment            `json:"deployments,omitempty"`
	ReplicaSets          []*appsv1.ReplicaSet            `json:"replicaSets,omitempty"`
	StatefulSets         []*appsv1.StatefulSet           `json:"statefulSets,omitempty"`
	Services             []*corev1.Service               `json:"services,omitempty"`
	PodDisruptionBudgets []*policyv1.PodDisruptionBudget `json:"podDisruptionBudgets,omitempty"`
	PriorityClasses      []*schedulingv1.PriorityClass   `json:"priorityClasses,omitempty"`
	ServiceAccounts      []*corev1.ServiceAccount        `json:"serviceAccounts,omitempty"`
	LimitRanges          []*corev1.LimitRange            `json:"limitRanges,omitempty"`
	ResourceQuotas       []*corev1.ResourceQuota         `json:"resourceQuotas,omitempty"`
	RuntimeClasses       []*nodev1.RuntimeClass          `json:"runtimeClasses,omitempty"`

	// Version is the release of the API server: "1.36". [ReadManifest] takes it from the
	// output of kubectl version -o yaml or -o json, where that is one of the documents.
	// "" if it is not known. It may be a release whose rules berth does not know.
	Version Version `json:"version,omitempty"`

	// Skipped lists the objects that are not in the Manifest, and why, in the order of
	// the stream. The kind in Object follows its apiVersion: "batch/v1 Job shop/report".
	Skipped []ManifestError `json:"skipped,omitempty"`

	// Warnings lists what the API server would accept but the author probably did not
	// mean, in the order of the stream: unknown or misspelt fields, repeated keys, absent
	// namespaces.
	Warnings []ManifestError `json:"warnings,omitempty"`

	places map[runtime.Object]decode.Place // where each object was read
}

// storedAtOnce is how many objects are stored together and share equal parts.
const storedAtOnce = 2048

// Cluster returns the cluster that the API server would hold if it created the
// objects: validated, with every default filled in. The Manifest and its objects are
// not modified. An object without a namespace is created in "default".
//
// The error joins a [*ManifestError] for every mistake of every object, as
// errors.Join does.
func (m *Manifest) Cluster() (*Cluster, error) {
	written := m.Objects()
	type stored struct {
		objects  []runtime.Object
		mistakes manifestErrors
	}
	var all []runtime.Object
	var mistakes manifestErrors
	for s := range par.Map(slices.Chunk(written, storedAtOnce), func(some []runtime.Object) (s stored) {
		s.objects, s.mistakes = m.store(some)
		return s
	}) {
		all, mistakes = append(all, s.objects...), append(mistakes, s.mistakes...)
	}
	if len(mistakes) > 0 {
		return nil, mistakes.sorted()
	}
	c, err := Adopt(all...)
	if err != nil {
		return nil, err
	}
	return c.withRelease(m.release()), nil
}

// release returns the release that Version names, or 0 if it names none.
func (m *Manifest) release() kube.Release {
	if m == nil {
		return 0
	}
	r, _ := kube.ParseRelease(string(m.Version))
	return r
}

// store returns copies of the objects as the API server stores them, and the
// mistakes in objects that it refuses.
func (m *Manifest) store(some []runtime.Object) (all []runtime.Object, mistakes manifestErrors) {
	lines := decode.NewLineFinder()
	var known patterns
	for _, written := range some {
		if kinds.IsNil(written) {
			mistakes = append(mistakes, &ManifestError{Object: kinds.Of(written).Name, Message: "is nil"})
			continue
		}
		pod, isPod := written.(*corev1.Pod)
		if isPod {
			if stored, ok := known.store(pod); ok {
				all = append(all, stored)
				continue
			}
		}
		object := defaults.ApplyAt(m.release(), written)
		setNamespace(object)
		errs := validation.ValidateDefaulted(object)
		for _, err := range errs {
			mistakes = append(mistakes, refused(object, err, m.places[written], lines))
		}
		if isPod && len(errs) == 0 {
			known.add(pod, object.(*corev1.Pod))
		}
		all = append(all, object)
	}
	return all, mistakes
}

// Objects returns all objects of the Manifest, kind after kind in the order of its
// fields. They are not copies.
func (m *Manifest) Objects() []runtime.Object {
	if m == nil {
		return nil
	}
	var all []runtime.Object
	all = appendObjects(all, m.Nodes)
	all = appendObjects(all, m.Pods)
	all = appendObjects(all, m.Namespaces)
	all = appendObjects(all, m.DaemonSets)
	all = appendObjects(all, m.ControllerRevisions)
	all = appendObjects(all, m.Deployments)
	all = appendObjects(all, m.ReplicaSets)
	all = appendObjects(all, m.StatefulSets)
	all = appendObjects(all, m.Services)
	all = appendObjects(all, m.PodDisruptionBudgets)
	all = appendObjects(all, m.PriorityClasses)
	all = appendObjects(all, m.ServiceAccounts)
	all = appendObjects(all, m.LimitRanges)
	all = appendObjects(all, m.ResourceQuotas)
	return appendObjects(all, m.RuntimeClasses)
}

func appendObjects[T runtime.Object](all []runtime.Object, some []T) []runtime.Object {
	for _, object := range some {
		all = append(all, object)
	}
	return all
}

// add appends an object to the slice of its kind.
func (m *Manifest) add(object runtime.Object) {
	switch o := object.(type) {
	case *corev1.Node:
		m.Nodes = append(m.Nodes, o)
	case *corev1.Pod:
		m.Pods = append(m.Pods, o)
	case *corev1.Namespace:
		m.Namespaces = append(m.Namespaces, o)
	case *appsv1.DaemonSet:
		m.DaemonSets = append(m.DaemonSets, o)
	case *appsv1.ControllerRevision:
		m.ControllerRevisions = append(m.ControllerRevisions, o)
	case *appsv1.Deployment:
		m.Deployments = append(m.Deployments, o)
	case *appsv1.ReplicaSet:
		m.ReplicaSets = append(m.ReplicaSets, o)
	case *appsv1.StatefulSet:
		m.StatefulSets = append(m.StatefulSets, o)
	case *corev1.Service:
		m.Services = append(m.Services, o)
	case *policyv1.PodDisruptionBudget:
		m.PodDisruptionBudgets = append(m.PodDisruptionBudgets, o)
	case *schedulingv1.PriorityClass:
		m.PriorityClasses = append(m.PriorityClasses, o)
	case *corev1.ServiceAccount:
		m.ServiceAccounts = append(m.ServiceAccounts, o)
	case *corev1.LimitRange:
		m.LimitRanges = append(m.LimitRanges, o)
	case *corev1.ResourceQuota:
		m.ResourceQuotas = append(m.ResourceQuotas, o)
	case *nodev1.RuntimeClass:
		m.RuntimeClasses = append(m.RuntimeClasses, o)
	}
}

// setNamespace sets an absent namespace to "default" if the kind needs one, as a
// client does before it sends the object.
func setNamespace(object runtime.Object) {
	meta, ok := object.(metav1.Object)
	if ok && meta.GetNamespace() == "" && kinds.Of(object).Namespaced {
		meta.SetNamespace(metav1.NamespaceDefault)
	}
}

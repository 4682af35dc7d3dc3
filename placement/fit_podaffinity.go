package placement

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"github.com/berthsim/berth/internal/snapshot"
)

// podTerm is a required podAffinityTerm, compiled as the scheduler does
// (k8s.io/kube-scheduler/framework/types.go: newAffinityTerm). It matches pods
// of some namespaces by a selector, within a domain of nodes with the same
// value for a label.
type podTerm struct {
	key        string // topologyKey
	selector   labels.Selector
	namespaces []string
	named      labels.Selector // namespaces by their labels; matches none if the term has no namespaceSelector
}

func compilePodTerms(namespace string, terms []corev1.PodAffinityTerm) ([]podTerm, error) {
	var all []podTerm
	for i := range terms {
		t, err := compilePodTerm(namespace, &terms[i])
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func compilePodTerm(namespace string, term *corev1.PodAffinityTerm) (podTerm, error) {
	selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
	if err != nil {
		return podTerm{}, err
	}
	named, err := metav1.LabelSelectorAsSelector(term.NamespaceSelector)
	if err != nil {
		return podTerm{}, err
	}
	namespaces := term.Namespaces
	if len(namespaces) == 0 && term.NamespaceSelector == nil {
		namespaces = []string{namespace}
	}
	return podTerm{term.TopologyKey, selector, namespaces, named}, nil
}

// matches reports whether the term matches a pod (AffinityTerm.Matches).
func (t *podTerm) matches(namespace string, of labels.Set, pod map[string]string) bool {
	return (slices.Contains(t.namespaces, namespace) || t.named.Matches(of)) && t.selector.Matches(labels.Set(pod))
}

// resolve returns the terms of a pod that is to be placed, with their
// namespaces taken from the cluster. A pod of an unknown namespace is matched
// only by name or by an empty selector
// (pkg/scheduler/framework/plugins/interpodaffinity/plugin.go:
// mergeAffinityTermNamespacesIfNotEmpty).
func resolve(terms []podTerm, b *snapshot.Snapshot) []podTerm {
	resolved := slices.Clone(terms)
	for i := range resolved {
		t := &resolved[i]
		if t.named.Empty() {
			continue
		}
		t.namespaces = slices.Clone(t.namespaces)
		for _, ns := range b.Namespaces() {
			if t.named.Matches(labels.Set(ns.Labels)) {
				t.namespaces = append(t.namespaces, ns.Name)
			}
		}
		t.named = labels.Nothing()
	}
	return resolved
}

// relations is what a pod requires of other pods near it.
type relations struct {
	with, without []podTerm
	prefers       []weighted
	fault         string // why the scheduler places it nowhere
}

// weighted is a preferred term and its weight, which is below 0 for
// anti-affinity.
type weighted struct {
	podTerm
	weight int64
}

func compileWeighted(namespace string, terms []corev1.WeightedPodAffinityTerm, sign int64) ([]weighted, error) {
	var all []weighted
	for i := range terms {
		t, err := compilePodTerm(namespace, &terms[i].PodAffinityTerm)
		if err != nil {
			return nil, err
		}
		all = append(all, weighted{t, sign * int64(terms[i].Weight)})
	}
	return all, nil
}

// compileRelations follows the scheduler (pkg/scheduler/framework/types.go:
// NewPodInfo; pkg/scheduler/framework/plugins/interpodaffinity/filtering.go:
// PreFilter): a mistake in a preferred term counts too.
func compileRelations(pod *corev1.Pod) relations {
	var r relations
	var faults []error
	note := func(field string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", field, err))
		}
	}
	affinity, anti := required(pod.Spec.Affinity)
	var err error
	r.with, err = compilePodTerms(pod.Namespace, affinity)
	note("requiredAffinityTerms", err)
	r.without, err = compilePodTerms(pod.Namespace, anti)
	note("requiredAntiAffinityTerms", err)
	prefers, avoids := preferred(pod.Spec.Affinity)
	r.prefers, err = compileWeighted(pod.Namespace, prefers, 1)
	note("preferredAffinityTerms", err)
	aversions, err := compileWeighted(pod.Namespace, avoids, -1)
	note("preferredAntiAffinityTerms", err)
	r.prefers = append(r.prefers, aversions...)
	if len(faults) > 0 {
		r.fault = "parsing pod: " + utilerrors.NewAggregate(faults).Error()
	}
	return r
}

func required(a *corev1.Affinity) (affinity, anti []corev1.PodAffinityTerm) {
	if a == nil {
		return nil, nil
	}
	if a.PodAffinity != nil {
		affinity = a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	if a.PodAntiAffinity != nil {
		anti = a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return affinity, anti
}

func preferred(a *corev1.Affinity) (affinity, anti []corev1.WeightedPodAffinityTerm) {
	if a == nil {
		return nil, nil
	}
	if a.PodAffinity != nil {
		affinity = a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	}
	if a.PodAntiAffinity != nil {
		anti = a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	}
	return affinity, anti
}

const (
	affinityPath     = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[%d]"
	antiAffinityPath = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[%d]"
)

package rollout

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

func defaultBudget(b *policyv1.PodDisruptionBudget) *policyv1.PodDisruptionBudget {
	b = cluster.Default(b)
	b.Namespace = cmp.Or(b.Namespace, corev1.NamespaceDefault)
	return b
}

// applyBudget adds or replaces a PodDisruptionBudget. An update keeps its status
// (pkg/registry/policy/poddisruptionbudget/strategy.go: PrepareForUpdate).
func (in Apply) applyBudget(s *Sim, b *policyv1.PodDisruptionBudget) {
	b = b.DeepCopy()
	b.Status = policyv1.PodDisruptionBudgetStatus{}
	for _, old := range borrow.From(s.cluster).PodDisruptionBudgets() {
		if kube.Key(old) == kube.Key(b) {
			b.Status = *old.Status.DeepCopy()
		}
	}
	next, err := s.cluster.With(b)
	if err != nil {
		s.refuse("", in, err.Error())
		return
	}
	s.cluster = next
	s.emit(Event{Kind: EventInputApplied, Detail: in.line()})
}

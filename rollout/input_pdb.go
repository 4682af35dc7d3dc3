package rollout

import (
	"cmp"
	"errors"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// checkBudget returns what is wrong with an Apply of a PodDisruptionBudget.
func (in Apply) checkBudget(b *policyv1.PodDisruptionBudget) error {
	switch {
	case b.Name == "":
		return errors.New("metadata.name: Required value")
	case in.Unvalidated:
		return nil
	}
	if errs := cluster.Validate(b); len(errs) > 0 {
		return errs.ToAggregate()
	}
	return nil
}

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

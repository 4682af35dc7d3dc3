package rollout

import (
	"slices"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/borrow"
)

// pdbIndex has the PodDisruptionBudgets of a snapshot with their compiled
// selectors, and which classes of pods each selects. It is scratch: it is made when a
// budget is first asked for, and again when the snapshot has other budgets.
type pdbIndex struct {
	of      []*policyv1.PodDisruptionBudget
	all     []pdb
	ofClass [][]*pdb // by class; nil where nobody has asked
}

// pdb is a PodDisruptionBudget, compiled.
type pdb struct {
	*policyv1.PodDisruptionBudget
	selector labels.Selector
	err      error   // the selector cannot be read
	classes  []int32 // of the classes that there were, those that it selects
	seen     int     // how many classes there were
}

// pdbs returns the index of the present budgets, ascending by namespace and name.
func (e *evictions) pdbs() *pdbIndex {
	budgets := borrow.From(e.cluster).PodDisruptionBudgets()
	if e.index == nil || !slices.Equal(e.index.of, budgets) {
		e.index = &pdbIndex{of: budgets, all: make([]pdb, len(budgets))}
		for i, b := range budgets {
			e.index.all[i].PodDisruptionBudget = b
			e.index.all[i].selector, e.index.all[i].err = metav1.LabelSelectorAsSelector(b.Spec.Selector)
		}
	}
	return e.index
}

// budgetsOf returns the budgets that select the pod, ascending by name.
func (e *evictions) budgetsOf(p *pod) []*pdb {
	index := e.pdbs()
	if missing := len(e.classes) - len(index.ofClass); missing > 0 {
		index.ofClass = append(index.ofClass, make([][]*pdb, missing)...)
	}
	of := &index.ofClass[p.class]
	if *of == nil {
		*of = []*pdb{}
		for i := range index.all {
			if b := &index.all[i]; b.selects(e.classes[p.class]) {
				*of = append(*of, b)
			}
		}
	}
	return *of
}

func (b *pdb) selects(c *class) bool {
	return b.err == nil && b.Namespace == c.namespace && b.selector.Matches(labels.Set(c.labels))
}

// guarded returns the pods that a budget selects, in no order that means anything.
func (e *evictions) guarded(b *pdb) []int32 {
	for ; b.seen < len(e.classes); b.seen++ {
		if b.selects(e.classes[b.seen]) {
			b.classes = append(b.classes, int32(b.seen))
		}
	}
	var all []int32
	for _, class := range b.classes {
		all = slices.AppendSeq(all, e.podsIn(class))
	}
	return all
}

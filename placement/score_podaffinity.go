package placement

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/snapshot"
)

// attraction is the score that the pods in each domain of a topology key add
// for the pod that is scored.
type attraction struct {
	key    string
	column snapshot.Column
	pods   []int64 // by domain: pods that count, once for each term
	worth  []int64 // by domain
}

// pull is the score of one pod of a kind in an attraction.
type pull struct {
	attraction int
	weight     int64
}

// attractions is the state of InterPodAffinity when it scores
// (pkg/scheduler/framework/plugins/interpodaffinity/scoring.go: preScoreState),
// one attraction for each topology key.
type attractions []attraction

// attracted returns the raw scores of InterPodAffinity. It returns false if no
// term of the pod, or of an existing pod, is met anywhere.
func (r *room) attracted(w *Workload, nodes *feasibleNodes) ([]int64, bool) {
	if len(w.relations.prefers) == 0 && r.kinds.partial.Load() == 0 {
		return nil, false
	}
	var a attractions
	kinds := r.kinds.list()
	wanted, pulls := make([]bool, len(kinds)), r.pulls(w, kinds, &a)
	for i := range kinds {
		wanted[i] = len(pulls[i]) > 0
	}
	for kind, p := range r.presence(wanted) {
		for _, pull := range pulls[kind] {
			a.add(pull, p)
		}
	}
	if !a.any() {
		return nil, false
	}
	return a.scores(nodes), true
}

// pulls follows processExistingPod. It counts preferred terms of the pod that
// match the kind, and terms of the kind that match the pod. Required terms of
// the kind count 1.
func (r *room) pulls(w *Workload, kinds []*kind, a *attractions) [][]pull {
	b := borrow.From(r.cluster)
	var namespace labels.Set
	if ns, ok := b.Namespace(w.pod.Namespace); ok {
		namespace = ns.Labels
	}
	prefers := resolveWeighted(w.relations.prefers, b)
	all := make([][]pull, len(kinds))
	for i, k := range kinds {
		for _, t := range prefers {
			if t.matches(k.namespace, nil, k.labels) {
				all[i] = append(all[i], pull{a.of(r, t.key), t.weight})
			}
		}
		for _, t := range k.relations.with {
			if t.matches(w.pod.Namespace, namespace, w.pod.Labels) {
				all[i] = append(all[i], pull{a.of(r, t.key), hardWeight})
			}
		}
		for _, t := range k.relations.prefers {
			if t.matches(w.pod.Namespace, namespace, w.pod.Labels) {
				all[i] = append(all[i], pull{a.of(r, t.key), t.weight})
			}
		}
	}
	return all
}

// hardWeight is the weight of a required term of another pod
// (InterPodAffinityArgs, hardPodAffinityWeight).
const hardWeight = 1

func resolveWeighted(terms []weighted, b *snapshot.Snapshot) []weighted {
	resolved := slices.Clone(terms)
	for i := range resolved {
		resolved[i].podTerm = resolve([]podTerm{resolved[i].podTerm}, b)[0]
	}
	return resolved
}

// of returns the index of the attraction of a topology key.
func (a *attractions) of(r *room, key string) int {
	if i := slices.IndexFunc(*a, func(x attraction) bool { return x.key == key }); i >= 0 {
		return i
	}
	column := r.column(key)
	*a = append(*a, attraction{key, column, make([]int64, len(column.Values)), make([]int64, len(column.Values))})
	return len(*a) - 1
}

func (a attractions) add(p pull, at place) {
	x := &a[p.attraction]
	if domain := x.column.IDs[at.position]; domain >= 0 {
		x.worth[domain] += p.weight * int64(at.pods)
		x.pods[domain] += int64(at.pods)
	}
}

// any reports whether any pod counts, even if the sum is 0.
func (a attractions) any() bool {
	return slices.ContainsFunc(a, func(x attraction) bool {
		return slices.ContainsFunc(x.pods, func(pods int64) bool { return pods > 0 })
	})
}

func (a attractions) scores(nodes *feasibleNodes) []int64 {
	raw := make([]int64, nodes.n)
	for i := range a {
		x, place := &a[i], 0
		for position := range nodes.positions() {
			if domain := x.column.IDs[position]; domain >= 0 {
				raw[place] += x.worth[domain]
			}
			place++
		}
	}
	return raw
}

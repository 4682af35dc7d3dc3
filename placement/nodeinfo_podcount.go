package placement

import (
	"iter"
)

// cohort is how many pods of a kind are on a node.
type cohort struct{ kind, pods int32 }

// place is how many pods of one kind are on a node.
type place struct{ position, pods int32 }

// census is the cohorts of a frozen room by kind.
type census struct {
	start  []int32 // by kind, one more than kinds: its places
	places []place // ascending by kind, then position
}

func (r *Room) takeCensus() *census {
	n := len(r.kinds.list())
	c := &census{start: make([]int32, n+1)}
	for _, g := range r.cohorts() {
		c.start[g.kind+1]++
	}
	for k := range n {
		c.start[k+1] += c.start[k]
	}
	c.places = make([]place, c.start[n])
	next := append([]int32(nil), c.start...)
	for position, g := range r.cohorts() {
		c.places[next[g.kind]] = place{int32(position), g.pods}
		next[g.kind]++
	}
	return c
}

// of gives where a kind is; one that is newer than the census is nowhere.
func (c *census) of(kind int) []place {
	if kind+1 >= len(c.start) {
		return nil
	}
	return c.places[c.start[kind]:c.start[kind+1]]
}

// cohorts yields all cohorts, ascending by position.
func (r *Room) cohorts() iter.Seq2[int, cohort] {
	return func(yield func(int, cohort) bool) {
		for k, b := range r.blocks {
			for i := range b.value.pods {
				for _, g := range b.value.pods[i] {
					if !yield(k<<6|i, g) {
						return
					}
				}
			}
		}
	}
}

// regroup counts pods of a kind on a node, whose cohorts are given.
func (r *Room) regroup(on *[]cohort, c change) {
	r.note(c)
	all := *on
	for i := range all {
		if all[i].kind != c.kind {
			continue
		}
		if all[i].pods += c.pods; all[i].pods == 0 {
			last := len(all) - 1
			all[i] = all[last]
			*on = all[:last]
		}
		return
	}
	*on = append(all, cohort{c.kind, c.pods})
}

// presence yields where the pods of the wanted kinds are, by number, and how many:
// a kind and a node may come several times, with what came and what went.
func (r *Room) presence(wanted []bool) iter.Seq2[int, place] {
	if r.base == nil {
		return r.presenceByNode(wanted)
	}
	return func(yield func(int, place) bool) {
		census := r.base.census()
		for kind, want := range wanted {
			if !want {
				continue
			}
			for _, p := range census.of(kind) {
				if !yield(kind, p) {
					return
				}
			}
		}
		for _, c := range r.log {
			if wanted[c.kind] && !yield(int(c.kind), place{c.position, c.pods}) {
				return
			}
		}
	}
}

func (r *Room) presenceByNode(wanted []bool) iter.Seq2[int, place] {
	return func(yield func(int, place) bool) {
		for position, g := range r.cohorts() {
			if wanted[g.kind] && !yield(int(g.kind), place{int32(position), g.pods}) {
				return
			}
		}
	}
}

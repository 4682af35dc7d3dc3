package rollout

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// candidate is a remedy that is to be tried.
type candidate struct {
	means  Means
	does   string
	inputs []Input
}

// and takes both. The dearer of the two names what is done.
func (c candidate) and(o candidate) candidate {
	switch {
	case len(c.inputs) == 0:
		return o
	case len(o.inputs) == 0:
		return c
	}
	return candidate{max(c.means, o.means), c.does + ", " + o.does, slices.Concat(c.inputs, o.inputs)}
}

// candidates are the remedies for the DaemonSet as a whole and, of those for
// nodes, every way to have one for each obstacle.
func (x *exam) candidates(dx *Diagnosis) []candidate {
	if x.whole != 0 {
		return []candidate{x.strategy(ChangeBudget, "set maxUnavailable to 1", intstr.FromInt32(1), nil)}
	}
	return append(x.general(), ways(x.kinds(), slices.Concat(dx.Culprits, dx.Foreseen), x.against)...)
}

// ways are every way to have one remedy for each kind of obstacle.
func ways(kinds []Obstacle, culprits []Culprit, against func(Obstacle, []Culprit) []candidate) []candidate {
	const enough = 16
	ways := []candidate{{}}
	for _, o := range kinds {
		var of []Culprit
		for _, c := range culprits {
			if c.Why == o {
				of = append(of, c)
			}
		}
		if len(of) == 0 {
			continue // to put right some of the others is enough
		}
		var longer []candidate
		for _, way := range ways {
			for _, c := range against(o, of) {
				longer = append(longer, way.and(c))
			}
		}
		ways = longer
	}
	return ways[:min(enough, len(ways))]
}

// general remedies do not look at what exactly is in the way.
func (x *exam) general() []candidate {
	if x.d.deleting {
		return nil
	}
	var all []candidate
	if c, ok := x.raise(); ok {
		all = append(all, c)
	}
	if x.surge {
		one := intstr.FromInt32(1)
		all = append(all, x.strategy(ReplaceInstead, "set maxSurge to 0 and maxUnavailable to 1", one, nil))
	}
	all = append(all, x.undo()...)
	return all
}

// undo goes back to the latest of the earlier revisions that lets the rollout end.
func (x *exam) undo() []candidate {
	history := slices.Clone(x.d.revisions)
	slices.SortFunc(history, byNumber)
	slices.Reverse(history)
	for _, r := range history {
		if r.object.Name == x.d.current {
			continue
		}
		c := candidate{UndoRollout, fmt.Sprintf("roll back to revision %d", r.object.Revision), []Input{Undo{x.d.key, r.object.Revision}}}
		if tried, ok := x.try(c); ok && len(tried.Leaves) == 0 {
			return []candidate{c}
		}
	}
	return nil
}

// against is what may be done about one obstacle on some nodes.
func (x *exam) against(o Obstacle, of []Culprit) []candidate {
	if o == TurnedOutAgain {
		return append(x.endPatience(of), removeNodes(of))
	}
	if c := x.repairs(o, of); c != nil {
		return c
	}
	return append([]candidate{x.deletePods(of, false), x.makeRoom(of)}, x.hinted(nodesOf(of))...)
}

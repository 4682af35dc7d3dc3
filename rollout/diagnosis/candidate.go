package diagnosis

import (
	"fmt"
	"slices"

	"github.com/berthsim/berth/rollout"
)

// candidate is a remedy that is to be tried.
type candidate struct {
	means  Means
	does   string
	inputs []rollout.Input
}

// and returns both together. The dearer of the two names what is done.
func (c candidate) and(o candidate) candidate {
	switch {
	case len(c.inputs) == 0:
		return o
	case len(o.inputs) == 0:
		return c
	}
	return candidate{max(c.means, o.means), c.does + ", " + o.does, slices.Concat(c.inputs, o.inputs)}
}

// candidates returns the remedies for the object as a whole and, of those for its
// culprits, every way to have one for each obstacle.
func (x *examination) candidates(culprits []Culprit) []candidate {
	if x.deleting {
		return x.ways(culprits)
	}
	all, only := x.general(x)
	if only {
		return all
	}
	return slices.Concat(all, x.goingBack(), x.ways(culprits))
}

// goingBack returns to the latest of the earlier revisions that lets the rollout end.
func (x *examination) goingBack() []candidate {
	for _, n := range slices.Backward(x.earlier) {
		c := x.undo(n)
		if r, ok := x.try(c); ok && len(r.Leaves) == 0 {
			return []candidate{c}
		}
	}
	return nil
}

// rollBack undoes the rollout of the key.
func rollBack(key string, revision int64) candidate {
	return candidate{UndoRollout, fmt.Sprintf("roll back to revision %d", revision), []rollout.Input{rollout.Undo{Key: key, Revision: revision}}}
}

// ways returns every way to have one remedy for each kind of obstacle.
func (x *examination) ways(culprits []Culprit) []candidate {
	const enough = 16
	ways := []candidate{{}}
	for _, o := range x.kinds() {
		of := among(o, culprits)
		if len(of) == 0 {
			continue // to put right some of the others is enough
		}
		var longer []candidate
		for _, way := range ways {
			for _, c := range x.against(x, o, of) {
				longer = append(longer, way.and(c))
			}
		}
		ways = longer
	}
	return ways[:min(enough, len(ways))]
}

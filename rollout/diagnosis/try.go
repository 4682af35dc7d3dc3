package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// candidate is a remedy that has not been tried.
type candidate struct {
	means  RemedyKind
	does   string
	inputs []rollout.Input
	then   []rollout.Input // once the goal is reached
}

// and returns both together, with the larger kind and both descriptions. What both do
// is done once.
func (c candidate) and(o candidate) candidate {
	switch {
	case len(c.inputs) == 0:
		return o
	case len(o.inputs) == 0:
		return c
	}
	more := missingFrom(c.inputs, o.inputs)
	if len(more) == 0 {
		return c
	}
	return candidate{
		larger(c.means, o.means), c.does + ", " + o.does,
		slices.Concat(c.inputs, more), slices.Concat(c.then, missingFrom(c.then, o.then)),
	}
}

// missingFrom returns the inputs that are not in the list.
func missingFrom(list, inputs []rollout.Input) []rollout.Input {
	known := map[string]bool{}
	for _, in := range list {
		known[rollout.FormatInput(in)] = true
	}
	return slices.DeleteFunc(slices.Clone(inputs), func(in rollout.Input) bool { return known[rollout.FormatInput(in)] })
}

// distinct sorts remedies by cost and keeps the first of those that do the same.
func distinct(remedies []Remedy) []Remedy {
	slices.SortStableFunc(remedies, cheapest)
	known := map[string]bool{}
	return slices.DeleteFunc(remedies, func(r Remedy) bool {
		var lines []string
		for _, in := range slices.Concat(r.Inputs, r.Then) {
			lines = append(lines, rollout.FormatInput(in))
		}
		slices.Sort(lines)
		key := strings.Join(lines, "\n")
		was := known[key]
		known[key] = true
		return was
	})
}

// goal is the aim of a remedy: the end of a rollout, or of a drain.
type goal interface {
	// rest passes time in a fork until the goal is reached, or never will be.
	rest(f *rollout.Sim) probe.Outcome
	// reached reports whether the goal was reached in a fork after rest. It
	// returns the nodes that are left, which are all blocked now.
	reached(f *rollout.Sim, o probe.Outcome) (leaves []string, ok bool)
}

// try injects the candidate's inputs into a fork, as printed, and runs it. The candidate
// is a remedy if no input is refused and the goal is reached.
func try(sim *rollout.Sim, g goal, c candidate) (Remedy, bool) {
	f := sim.Fork()
	r := Remedy{Kind: c.means, Description: c.does}
	if len(c.inputs) == 0 {
		return r, false
	}
	inputs, changes := printed(sim, slices.Concat(c.inputs, c.then))
	n := len(c.inputs)
	r.Inputs, r.Then, r.Changes = inputs[:n:n], inputs[n:], changes
	o, ok := r.step(f, g, r.Inputs)
	r.Ticks = o.Last - sim.Now()
	if ok && len(r.Then) > 0 {
		_, ok = r.step(f, g, r.Then)
	}
	return r, ok
}

// step injects inputs and passes time. It reports whether none was refused and the goal
// is reached then.
func (r *Remedy) step(f *rollout.Sim, g goal, inputs []rollout.Input) (o probe.Outcome, ok bool) {
	if f.Inject(inputs...) != nil {
		return o, false
	}
	if o = g.rest(f); o.Refused {
		return o, false
	}
	r.Unresolved, ok = g.reached(f, o)
	return o, ok
}

func (x *diagnoser) try(c candidate) (Remedy, bool) { return try(x.sim, x, c) }

func (x *diagnoser) rest(f *rollout.Sim) probe.Outcome { return probe.Of(f).Rest(x.key()) }

func (x *diagnoser) reached(f *rollout.Sim, o probe.Outcome) (leaves []string, ok bool) {
	if f.State(x.key()) == rollout.StateUnknown {
		return nil, x.deleting
	}
	return x.recovered(x, f, o.Settled)
}

// least returns the candidate with the smallest number, from low to high, that is
// as good as the one with high, and false if that one is no remedy. It bisects,
// since a greater number is no worse. It begins with small numbers, since these
// are mostly enough.
func (x *diagnoser) least(low, high int, with func(int) candidate) (candidate, bool) {
	if low > high {
		return candidate{}, false
	}
	best, ok := x.try(with(high))
	if !ok {
		return candidate{}, false
	}
	does := func(n int) bool {
		r, ok := x.try(with(n))
		return ok && len(r.Unresolved) <= len(best.Unresolved)
	}
	for step := 1; low+step-1 < high; step *= 2 {
		if does(low + step - 1) {
			high = low + step - 1
			break
		}
		low += step
	}
	for low < high { // high does
		if middle := (low + high) / 2; does(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return with(high), true
}

// remedies tries the candidates and returns the successful ones.
func (x *diagnoser) remedies(culprits []Wait) (remedies, reliefs []Remedy) {
	for _, c := range x.candidates(culprits) {
		if r, ok := x.try(c); !ok {
			continue
		} else if len(r.Unresolved) == 0 {
			remedies = append(remedies, r)
		} else if r.Kind == RemedyChangeUpdateLimit {
			reliefs = append(reliefs, r)
		}
	}
	return distinct(remedies), reliefs
}

// within reports whether the first names, ascending, are all among the second.
func within(names, all []string) bool {
	for _, n := range names {
		if _, ok := slices.BinarySearch(all, n); !ok {
			return false
		}
	}
	return true
}

// candidates returns the remedies for the object as a whole and, of those for its
// blocking nodes, every way to have one for each blocker.
func (x *diagnoser) candidates(culprits []Wait) []candidate {
	if x.deleting {
		return x.ways(culprits)
	}
	all, only := x.general(x)
	if only {
		return all
	}
	return slices.Concat(all, x.goingBack(), x.ways(culprits))
}

// goingBack returns the undo to the latest of the earlier revisions that let the
// rollout end.
func (x *diagnoser) goingBack() []candidate {
	for _, n := range slices.Backward(x.earlier) {
		c := x.undo(n)
		if r, ok := x.try(c); ok && len(r.Unresolved) == 0 {
			return []candidate{c}
		}
	}
	return nil
}

// rollBack undoes the rollout of the key.
func rollBack(key string, revision int64) candidate {
	return candidate{means: RemedyUndo, does: fmt.Sprintf("roll back to revision %d", revision), inputs: []rollout.Input{rollout.Undo{Key: key, Revision: revision}}}
}

// ways returns every way to have one remedy for each kind of blocker.
func (x *diagnoser) ways(culprits []Wait) []candidate {
	const enough = 16
	ways := []candidate{{}}
	for _, o := range x.kinds() {
		of := among(o, culprits)
		if len(of) == 0 {
			continue // repairing some of the others is enough
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

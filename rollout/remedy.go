package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Remedy is inputs that were tried on a fork: injected now, they let the rollout
// end, or as a relief go on as far as it can.
type Remedy struct {
	Means  Means
	Does   string   // the inputs in words
	Inputs []Input  // for Sim.Inject
	Ticks  int      // from now until the rollout's last event
	Leaves []string // of a relief: the nodes that are not as wanted even then, ascending
}

// String is the remedy in one line.
func (r Remedy) String() string {
	s := fmt.Sprintf("%v: %s", r.Means, r.Does)
	if len(r.Leaves) > 0 {
		return s + fmt.Sprintf(": leaves %s in %s", some(r.Leaves), ticks(r.Ticks))
	}
	return s + ": ends in " + ticks(r.Ticks)
}

func ticks(n int) string {
	if n == 1 {
		return "1 tick"
	}
	return strconv.Itoa(n) + " ticks"
}

// Means is what kind of thing a remedy does, cheap ones first.
type Means uint8

const (
	ChangeBudget   Means = iota + 1 // of the rollout: neither pods nor nodes are touched by it
	ReplaceInstead                  // of surging: each old pod goes before the new one comes
	DeleteThePods                   // that are in the way
	RepairNodes                     // or give them what they lack
	ChangeTemplate                  // which makes a new revision: all nodes are updated again
	UndoRollout                     // the update is given up
	RemoveNodes                     // from the cluster
)

var means = [...]string{"", "ChangeBudget", "ReplaceInstead", "DeleteThePods", "RepairNodes", "ChangeTemplate", "UndoRollout", "RemoveNodes"}

// String is the name of the means.
func (m Means) String() string {
	if m > 0 && int(m) < len(means) {
		return means[m]
	}
	return fmt.Sprintf("Means(%d)", uint8(m))
}

// MarshalText makes means their name in JSON.
func (m Means) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the name of means.
func (m *Means) UnmarshalText(text []byte) error {
	if i := slices.Index(means[:], string(text)); i > 0 {
		*m = Means(i)
		return nil
	}
	return fmt.Errorf("no means are called %q", text)
}

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

// remedies tries what may help and keeps what does.
func (x *exam) remedies(dx *Diagnosis) (remedies, reliefs []Remedy) {
	for _, c := range x.candidates(dx) {
		if r, ok := x.try(c); !ok {
			continue
		} else if len(r.Leaves) == 0 {
			remedies = append(remedies, r)
		} else if r.Means == ChangeBudget {
			reliefs = append(reliefs, r)
		}
	}
	cheapest := func(a, b Remedy) int {
		return cmp.Or(cmp.Compare(a.Means, b.Means), cmp.Compare(len(a.Inputs), len(b.Inputs)), cmp.Compare(a.Ticks, b.Ticks))
	}
	slices.SortStableFunc(remedies, cheapest)
	return remedies, reliefs
}

// candidates are the remedies for the DaemonSet as a whole and, of those for
// nodes, every way to have one for each obstacle.
func (x *exam) candidates(dx *Diagnosis) []candidate {
	if x.whole != 0 {
		return []candidate{x.strategy(ChangeBudget, "set maxUnavailable to 1", intstr.FromInt32(1), nil)}
	}
	all := x.general()
	ways := []candidate{{}}
	for _, o := range x.kinds() {
		var of []Culprit
		for _, c := range slices.Concat(dx.Culprits, dx.Foreseen) {
			if c.Why == o {
				of = append(of, c)
			}
		}
		if len(of) == 0 {
			continue // to put right some of the others is enough
		}
		var longer []candidate
		for _, way := range ways {
			for _, c := range x.against(o, of) {
				longer = append(longer, way.and(c))
			}
		}
		ways = longer
	}
	const enough = 16
	return append(all, ways[:min(enough, len(ways))]...)
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
	nodes := nodesOf(of)
	each := func(m Means, does string, input func(node string) Input) candidate {
		c := candidate{means: m, does: fmt.Sprintf(does, some(nodes))}
		for _, n := range nodes {
			c.inputs = append(c.inputs, input(n))
		}
		return c
	}
	remove := each(RemoveNodes, "remove %s", func(n string) Input { return RemoveNode{n} })
	up := each(RepairNodes, "bring %s back", func(n string) Input { return NodeUp{n} })
	ready := each(RepairNodes, "make %s ready", func(n string) Input { return NodeReady{n} })
	pods := each(RepairNodes, "let pods become ready on %s", func(n string) Input { return PodsReady{n} })
	switch o {
	case NodeIsDown:
		return []candidate{x.deletePods(of, true), up, remove}
	case NodeIsUnready:
		return []candidate{ready, remove}
	case PodsHeldUnready:
		return []candidate{pods, remove}
	case CannotPull, KeepsCrashing, KeepsRejecting, NeverGetsReady:
		return []candidate{x.recover(of), pods, x.deletePods(of, false), remove}
	case NeverStarts:
		return []candidate{pods, x.deletePods(of, false), remove}
	case NeverStops, PodOnLostNode:
		return []candidate{x.deletePods(of, true), remove}
	case TurnedOutAgain:
		return append(x.endPatience(of), remove)
	}
	return append([]candidate{x.deletePods(of, false), x.makeRoom(of)}, x.hinted(nodes)...)
}

// recover ends what befell an image on the nodes. Where that is on all nodes it is the
// image itself, and there is nothing to repair but by another one.
func (x *exam) recover(of []Culprit) candidate {
	c := candidate{means: RepairNodes, does: "repair what is wrong with the pods on " + some(nodesOf(of))}
	for _, k := range of {
		id := x.sim.findPod(x.d.object.Namespace + "/" + k.Pod)
		if id == none {
			return candidate{} // foreseen, and not there yet
		}
		t := x.sim.troubleOf(&x.sim.pods[id])
		if t.kind != noImage && len(t.nodes) == 0 {
			return candidate{}
		}
		c.inputs = append(c.inputs, Recover{Image: t.image, Nodes: []string{k.Node}})
	}
	return c
}

func (x *exam) deletePods(of []Culprit, force bool) candidate {
	c := candidate{means: DeleteThePods, does: "delete the pods of " + some(nodesOf(of))}
	if force {
		c.does = "delete the pods of " + some(nodesOf(of)) + " with --force"
	}
	for _, p := range of {
		if p.Pod != "" {
			c.inputs = append(c.inputs, DeletePod{x.d.object.Namespace + "/" + p.Pod, force})
		}
	}
	return c
}

// raise finds the smallest budget with which the rollout gets as far as it does
// with the greatest, as a percentage where the DaemonSet has one and that is enough.
func (x *exam) raise() (candidate, bool) {
	now := x.amount()
	if now == nil || len(x.blocked) == 0 {
		return candidate{}, false
	}
	if now.Type == intstr.String {
		percent, _ := strconv.Atoi(strings.TrimSuffix(now.StrVal, "%"))
		if c, ok := x.smallestBudget(percent, 100, "%"); ok {
			return c, true
		}
	}
	return x.smallestBudget(x.budget, int(x.plenty()), "")
}

// smallestBudget searches between a number that is not enough and the greatest. A
// greater budget lets the rollout get no less far.
func (x *exam) smallestBudget(low, high int, unit string) (candidate, bool) {
	with := func(n int) candidate {
		a := intstr.Parse(strconv.Itoa(n) + unit)
		return candidate{ChangeBudget, fmt.Sprintf("set %s to %v", x.budgetName(), &a), []Input{x.withBudget(a)}}
	}
	best, ok := x.try(with(high))
	if !ok || low >= high {
		return candidate{}, false
	}
	for low+1 < high { // low is not enough, high is
		middle := (low + high) / 2
		if r, ok := x.try(with(middle)); ok && len(r.Leaves) <= len(best.Leaves) {
			high = middle
		} else {
			low = middle
		}
	}
	return with(high), true
}

func (x *exam) budgetName() string {
	if x.surge {
		return "maxSurge"
	}
	return "maxUnavailable"
}

// amount is the budget as the DaemonSet says it; nil if it has none.
func (x *exam) amount() *intstr.IntOrString {
	r := x.d.object.Spec.UpdateStrategy.RollingUpdate
	switch {
	case !x.d.rolling || r == nil:
		return nil
	case x.surge:
		return r.MaxSurge
	}
	return r.MaxUnavailable
}

// withBudget applies the DaemonSet as it is but for its budget.
func (x *exam) withBudget(a intstr.IntOrString) Input {
	zero := intstr.FromInt32(0)
	if x.surge {
		return x.strategy(ChangeBudget, "", zero, &a).inputs[0]
	}
	return x.strategy(ChangeBudget, "", a, nil).inputs[0]
}

// strategy applies the DaemonSet as it is but for its strategy.
func (x *exam) strategy(m Means, does string, unavailable intstr.IntOrString, surge *intstr.IntOrString) candidate {
	ds := x.d.object.DeepCopy()
	ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{
		Type:          appsv1.RollingUpdateDaemonSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &unavailable, MaxSurge: surge},
	}
	return candidate{m, does, []Input{Apply{DaemonSet: ds}}}
}

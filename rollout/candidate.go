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

package rollout

import (
	"fmt"
	"slices"
)

// ward is where a patient is treated.
type ward struct {
	sim       *Sim // without inputs to come
	namespace string
	patient   patient
}

// eachNode does one thing to every node of the culprits.
func eachNode(of []Culprit, m Means, does string, input func(node string) Input) candidate {
	nodes := where(of)
	c := candidate{means: m, does: fmt.Sprintf(does, some(nodes))}
	for _, n := range nodes {
		c.inputs = append(c.inputs, input(n))
	}
	return c
}

func removeNodes(of []Culprit) candidate {
	return eachNode(of, RemoveNodes, "remove %s", func(n string) Input { return RemoveNode{n} })
}

// repairs are what may be done about an obstacle that is a node's or a kubelet's;
// nil for others.
func (w ward) repairs(o Obstacle, of []Culprit) []candidate {
	remove := removeNodes(of)
	up := eachNode(of, RepairNodes, "bring %s back", func(n string) Input { return NodeUp{n} })
	ready := eachNode(of, RepairNodes, "make %s ready", func(n string) Input { return NodeReady{n} })
	pods := eachNode(of, RepairNodes, "let pods become ready on %s", func(n string) Input { return PodsReady{n} })
	switch o {
	case NodeIsDown:
		return []candidate{w.deletePods(of, true), up, remove}
	case NodeIsUnready:
		return []candidate{ready, remove}
	case PodsHeldUnready:
		return []candidate{pods, remove}
	case CannotPull, KeepsCrashing, KeepsRejecting, NeverGetsReady:
		return []candidate{w.recover(of), pods, w.deletePods(of, false), remove}
	case NeverStarts:
		return []candidate{pods, w.deletePods(of, false), remove}
	case NeverStops, PodOnLostNode:
		return []candidate{w.deletePods(of, true), remove}
	}
	return nil
}

// recover ends what befell an image on the nodes. Where that is on all nodes it is the
// image itself, and there is nothing to repair but by another one.
func (w ward) recover(of []Culprit) candidate {
	c := candidate{means: RepairNodes, does: "repair what is wrong with the pods on " + some(where(of))}
	seen := map[string]bool{}
	for _, k := range of {
		id := w.sim.findPod(w.namespace + "/" + k.Pod)
		if id == none {
			return candidate{} // foreseen, and not there yet
		}
		t := w.sim.troubleOf(&w.sim.pods[id])
		if t.kind != noImage && len(t.nodes) == 0 {
			return candidate{}
		}
		if in := (Recover{Image: t.image, Nodes: []string{k.Node}}); !seen[in.String()] {
			seen[in.String()] = true
			c.inputs = append(c.inputs, in)
		}
	}
	return c
}

// where are the nodes of the culprits, each once, ascending.
func where(of []Culprit) []string {
	nodes := nodesOf(of)
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

func (w ward) deletePods(of []Culprit, force bool) candidate {
	c := candidate{means: DeleteThePods, does: "delete the pods of " + some(nodesOf(of))}
	if w.patient.owner().deployment != "" {
		c.does = "delete the pods " + some(podsAmong(of))
	}
	if force {
		c.does += " with --force"
	}
	for _, p := range of {
		if p.Pod != "" {
			c.inputs = append(c.inputs, DeletePod{w.namespace + "/" + p.Pod, force})
		}
	}
	return c
}

func podsAmong(of []Culprit) []string {
	var pods []string
	for _, c := range of {
		pods = append(pods, c.Pod)
	}
	return pods
}

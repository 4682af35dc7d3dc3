package diagnosis

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// places returns candidates for a Deployment's unschedulable pods: nodes that
// take no pods are repaired or uncordoned, the template or nodes are changed, or
// nodes are added.
func (d *deployment) places(x *diagnoser, of []Wait) []candidate {
	repaired, cordoned := x.closed()
	all := append(d.hintChanges(x, of), repaired, x.added(of, candidate{}))
	if c, ok := x.least(1, len(cordoned), func(n int) candidate { return uncordon(cordoned[:n]) }); ok {
		return append(all, c)
	}
	opened := repaired.and(uncordon(cordoned))
	if len(cordoned) > 0 {
		all = append(all, opened)
	}
	if _, ok := x.try(opened); !ok && len(opened.inputs) > 0 {
		all = append(all, x.added(of, opened))
	}
	return all
}

// closed returns how to repair the nodes that are not ready, and the nodes that are
// cordoned.
func (x *diagnoser) closed() (repaired candidate, cordoned []Wait) {
	var down, unready []Wait
	for _, n := range x.probe.Nodes() {
		switch c := (Wait{Node: n.Name}); {
		case n.Down:
			down = append(down, c)
		case n.Unready:
			unready = append(unready, c)
		case n.Cordoned:
			cordoned = append(cordoned, c)
		}
	}
	return bringBack(down).and(makeReady(unready)), cordoned
}

func uncordon(nodes []Wait) candidate {
	return edited(nodes, "uncordon %s", cluster.Uncordon())
}

// hintChanges returns the changes to nodes or to the template that make a pod
// fit, according to placement.
func (d *deployment) hintChanges(x *diagnoser, of []Wait) (all []candidate) {
	id := x.find(of[0])
	if id == probe.None {
		return nil
	}
	const enough = 6
	hints := x.probe.Hints(id)
	for _, h := range hints[:min(enough, len(hints))] {
		switch does := stepText(h.Steps); {
		case does == cluster.Uncordon().String(): // places does that, on as few as are enough
		case h.Nodes.Len() > 0:
			all = append(all, x.onNodes(h, h.Nodes.Names()))
		default:
			all = append(all, d.changed(RemedyChangeTemplate, does, func(object *appsv1.Deployment) {
				object.Spec.Template.Spec = h.PodSpec(object.Spec.Template.Spec)
			}))
		}
	}
	return all
}

// added returns another candidate with copies of the largest node added: as few
// as are enough.
func (x *diagnoser) added(of []Wait, beside candidate) candidate {
	model := x.largest()
	if model == nil {
		return candidate{}
	}
	with := func(n int) candidate {
		c := candidate{means: RemedyAddNodes, does: fmt.Sprintf("add %d nodes like %s", n, model.Name)}
		if n == 1 {
			c.does = "add a node like " + model.Name
		}
		for i := 1; len(c.inputs) < n; i++ {
			if name := fmt.Sprintf("%s-%d", model.Name, i); !x.probe.KnowsNode(name) {
				c.inputs = append(c.inputs, rollout.ApplyNode{Node: another(model, name)})
			}
		}
		return beside.and(c)
	}
	if c, ok := x.least(1, len(of), with); ok {
		return c
	}
	return with(len(of)) // it may be enough with what is done about other blockers
}

// largest returns the node with the most cpu and then memory, as it is when it takes
// pods; nil if there is none.
func (x *diagnoser) largest() (largest *corev1.Node) {
	for node := range x.cluster().Nodes().All() {
		if largest == nil || more(node.Status.Allocatable, largest.Status.Allocatable) {
			largest = node
		}
	}
	if largest == nil {
		return nil
	}
	open, err := x.cluster().Edit(largest.Name, cluster.Uncordon(), cluster.Ready())
	if err != nil {
		return nil
	}
	largest, _ = open.Node(largest.Name)
	return largest
}

func more(a, b corev1.ResourceList) bool {
	if c := a.Cpu().Cmp(*b.Cpu()); c != 0 {
		return c > 0
	}
	return a.Memory().Cmp(*b.Memory()) > 0
}

// another returns a node like the model.
func another(model *corev1.Node, name string) *corev1.Node {
	node := model.DeepCopy()
	node.Name, node.UID = name, ""
	if _, labelled := node.Labels[corev1.LabelHostname]; labelled {
		node.Labels[corev1.LabelHostname] = name
	}
	return node
}

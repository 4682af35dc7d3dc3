package rollout

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// places are what lets pods that fit nowhere have a node: nodes that are there and
// take no pods are given back, the template or nodes are changed, nodes come.
func (x *deploymentExam) places(of []Culprit) []candidate {
	repaired, cordoned := x.closed()
	all := append(x.hinted(of), repaired, x.added(of, candidate{}))
	if n, ok := x.least(1, len(cordoned), func(n int) candidate { return uncordon(cordoned[:n]) }); ok {
		return append(all, uncordon(cordoned[:n]))
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

// closed are the nodes that take no pods: how those that are not ready would be, and
// those that are cordoned.
func (x *deploymentExam) closed() (repaired candidate, cordoned []Culprit) {
	var down, unready []Culprit
	for n, state := range x.sim.nodes {
		node, there := x.sim.cluster.Borrow().Node(x.sim.roster[n].name)
		switch c := (Culprit{Node: x.sim.roster[n].name}); {
		case !there:
		case state.is(isDown):
			down = append(down, c)
		case state.is(isUnready):
			unready = append(unready, c)
		case node.Spec.Unschedulable:
			cordoned = append(cordoned, c)
		}
	}
	up := eachNode(down, RepairNodes, "bring %s back", func(n string) Input { return NodeUp{n} })
	ready := eachNode(unready, RepairNodes, "make %s ready", func(n string) Input { return NodeReady{n} })
	return up.and(ready), cordoned
}

func uncordon(nodes []Culprit) candidate {
	return eachNode(nodes, RepairNodes, "uncordon %s", func(n string) Input { return EditNode{n, []cluster.NodeEdit{cluster.Uncordon()}} })
}

// hinted are the changes to nodes, or to the template, that let a pod onto them:
// placement knows them.
func (x *deploymentExam) hinted(of []Culprit) []candidate {
	id := x.sim.findPod(x.namespace + "/" + of[0].Pod)
	if id == none {
		return nil
	}
	const enough = 6
	var all []candidate
	hints := x.sim.predict(x.sim.pods[id].class).Hints()
	for _, h := range hints[:min(enough, len(hints))] {
		if stepWords(h.Steps) == cluster.Uncordon().String() {
			continue // places does that, on as few as will do
		}
		if h.Nodes.Len() > 0 {
			all = append(all, x.onNodes(h))
			continue
		}
		d := x.d.object.DeepCopy()
		d.Spec.Template.Spec = h.PodSpec(d.Spec.Template.Spec)
		all = append(all, candidate{ChangeTemplate, stepWords(h.Steps), []Input{Apply{Deployment: d}}})
	}
	return all
}

// onNodes are the changes of a hint to nodes.
func (x *deploymentExam) onNodes(h placement.Hint) candidate {
	c, err := h.Cluster(x.sim.cluster)
	if err != nil {
		return candidate{}
	}
	all := candidate{means: RepairNodes, does: stepWords(h.Steps) + " on " + some(h.Nodes.Names())}
	for _, n := range h.Nodes.Names() {
		if object, ok := c.Node(n); ok {
			all.inputs = append(all.inputs, ApplyNode{object})
		}
	}
	return all
}

// added are more nodes like the one that has most to allocate, beside what else is
// done: as few as will do.
func (x *deploymentExam) added(of []Culprit, beside candidate) candidate {
	model := x.largest()
	if model == nil {
		return candidate{}
	}
	with := func(n int) candidate {
		c := candidate{means: AddNodes, does: fmt.Sprintf("add %d nodes like %s", n, model.Name)}
		if n == 1 {
			c.does = "add a node like " + model.Name
		}
		for i := 1; len(c.inputs) < n; i++ {
			if name := fmt.Sprintf("%s-%d", model.Name, i); x.sim.slotOf(name) == none {
				c.inputs = append(c.inputs, ApplyNode{another(model, name)})
			}
		}
		return beside.and(c)
	}
	if n, ok := x.least(1, len(of), with); ok {
		return with(n)
	}
	return with(len(of)) // it may do with what is done about other obstacles
}

// largest is the node that has most cpu and then memory, as it is when it takes pods.
func (x *deploymentExam) largest() (largest *corev1.Node) {
	for node := range x.sim.cluster.Nodes().All() {
		if largest == nil || more(node.Status.Allocatable, largest.Status.Allocatable) {
			largest = node
		}
	}
	if largest == nil {
		return nil
	}
	open, err := x.sim.cluster.Edit(largest.Name, cluster.Uncordon(), cluster.Ready())
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

// another is a node like one.
func another(model *corev1.Node, name string) *corev1.Node {
	node := model.DeepCopy()
	node.Name, node.UID = name, ""
	if _, labelled := node.Labels[corev1.LabelHostname]; labelled {
		node.Labels[corev1.LabelHostname] = name
	}
	return node
}

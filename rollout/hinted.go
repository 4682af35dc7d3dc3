package rollout

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// hinted are the changes to the template, or to nodes, that let the pod onto the
// nodes: placement knows them.
func (x *exam) hinted(nodes []string) []candidate {
	w := x.d.workload
	if x.surge {
		w = w.Surging()
	}
	p := w.Predict(x.sim.Cluster())
	var template []placement.Step
	onNodes := candidate{means: RepairNodes}
	for _, n := range nodes {
		for _, h := range p.HintsFor(n) {
			if h.Nodes.Len() == 0 {
				template = merged(template, h.Steps)
			} else if in, ok := x.onNode(n, h); ok {
				onNodes = onNodes.and(candidate{RepairNodes, stepWords(h.Steps) + " on " + n, []Input{in}})
			}
		}
	}
	if len(template) == 0 {
		return []candidate{onNodes}
	}
	ds := x.d.object.DeepCopy()
	ds.Spec.Template.Spec = placement.Hint{Steps: template}.PodSpec(ds.Spec.Template.Spec)
	return []candidate{onNodes, {ChangeTemplate, stepWords(template), []Input{Apply{DaemonSet: ds}}}}
}

// onNode is the node with the changes of a hint that changes nothing else.
func (x *exam) onNode(node string, h placement.Hint) (Input, bool) {
	c, err := h.Cluster(x.sim.cluster)
	if err != nil {
		return nil, false
	}
	object, ok := c.Node(node)
	return ApplyNode{object}, ok
}

// merged adds steps that are not there yet; of two requests for the same resource
// the smaller one counts.
func merged(steps, more []placement.Step) []placement.Step {
	for _, s := range more {
		i := slices.IndexFunc(steps, func(t placement.Step) bool {
			return t.String() == s.String() || s.Request != nil && t.Request != nil &&
				t.Request.Container == s.Request.Container && t.Request.Resource == s.Request.Resource
		})
		switch {
		case i < 0:
			steps = append(steps, s)
		case s.Request != nil && s.Request.To.Cmp(steps[i].Request.To) < 0:
			steps[i] = s
		}
	}
	return steps
}

func stepWords(steps []placement.Step) string {
	var words []string
	for _, s := range steps {
		words = append(words, s.String())
	}
	return strings.Join(words, ", ")
}

// endPatience are the ways out of a loop of evictions: to take the NoExecute taints
// away, to tolerate them for ever, or not at all.
func (x *exam) endPatience(of []Culprit) []candidate {
	untaint := candidate{means: RepairNodes, does: "take the NoExecute taints off " + some(nodesOf(of))}
	for _, c := range of {
		in := EditNode{Node: c.Node}
		for _, t := range x.sim.taintsOf(x.sim.slotOf(c.Node)) {
			if t.Effect == corev1.TaintEffectNoExecute {
				in.Edits = append(in.Edits, cluster.Untaint(t.Key+":"+string(t.Effect)))
			}
		}
		untaint.inputs = append(untaint.inputs, in)
	}
	forEver, never := x.d.object.DeepCopy(), x.d.object.DeepCopy()
	for i := range forEver.Spec.Template.Spec.Tolerations {
		forEver.Spec.Template.Spec.Tolerations[i].TolerationSeconds = nil
	}
	list := &never.Spec.Template.Spec.Tolerations
	*list = slices.DeleteFunc(*list, func(t corev1.Toleration) bool { return t.TolerationSeconds != nil })
	return []candidate{
		untaint,
		{ChangeTemplate, "leave out tolerationSeconds", []Input{Apply{DaemonSet: forEver}}},
		{ChangeTemplate, "leave out the tolerations with tolerationSeconds", []Input{Apply{DaemonSet: never}}},
	}
}

// makeRoom deletes pods that no DaemonSet owns so that those that wait fit: on each
// node as few as can be found by leaving out one after the other, the smallest first.
func (x *exam) makeRoom(of []Culprit) candidate {
	c := candidate{means: DeleteThePods}
	var names []string
	for _, k := range of {
		id, others := x.sim.findPod(x.d.object.Namespace+"/"+k.Pod), []int32(nil)
		if id == none {
			return candidate{}
		}
		for other := range x.sim.listed(none, x.sim.slotOf(k.Node)) {
			if p := &x.sim.pods[other]; p.is(bound) && !p.terminal() && !p.is(terminating) {
				others = append(others, other)
			}
		}
		for _, other := range x.fewest(id, others) {
			name := x.sim.namespace(&x.sim.pods[other]) + "/" + x.sim.podName(other)
			names = append(names, name)
			c.inputs = append(c.inputs, DeletePod{Pod: name})
		}
	}
	c.does = "delete the other pods " + some(names)
	return c
}

// fewest are those of the others without which the pod fits, none of them needless.
func (x *exam) fewest(id int32, others []int32) []int32 {
	fits := func(gone []int32) bool {
		f := *x.sim
		if f.room != nil {
			f.room = x.sim.room.Clone()
		}
		for _, other := range gone {
			f.seat(&f.pods[other], false)
		}
		return f.fits(&f.pods[id])
	}
	if !fits(others) {
		return nil
	}
	for i := 0; i < len(others); {
		if less := slices.Delete(slices.Clone(others), i, i+1); fits(less) {
			others = less
		} else {
			i++
		}
	}
	return others
}

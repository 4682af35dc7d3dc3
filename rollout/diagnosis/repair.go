package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// eachNode does one thing to every node of the blocking nodes.
func eachNode(of []Wait, m RemedyKind, does string, input func(node string) rollout.Input) candidate {
	nodes := where(of)
	c := candidate{means: m, does: fmt.Sprintf(does, listed(nodes))}
	for _, n := range nodes {
		c.inputs = append(c.inputs, input(n))
	}
	return c
}

// where returns the nodes of the blocking nodes, each once, ascending.
func where(of []Wait) []string {
	nodes := nodesOf(of)
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

func removeNodes(of []Wait) candidate {
	return eachNode(of, RemedyRemoveNodes, "remove %s", func(n string) rollout.Input { return rollout.RemoveNode{Node: n} })
}

func bringBack(of []Wait) candidate {
	return eachNode(of, RemedyRepairNodes, "bring %s back", func(n string) rollout.Input { return rollout.NodeReady{Node: n} })
}

func makeReady(of []Wait) candidate {
	return eachNode(of, RemedyRepairNodes, "make %s ready", func(n string) rollout.Input { return rollout.NodeReady{Node: n} })
}

func edited(of []Wait, does string, edit cluster.NodeEdit) candidate {
	return eachNode(of, RemedyRepairNodes, does, func(n string) rollout.Input {
		return rollout.EditNode{Node: n, Edits: []cluster.NodeEdit{edit}}
	})
}

// repairs returns candidates against an blocker of a node or a kubelet, or nil
// for others.
func (x *diagnoser) repairs(o Blocker, of []Wait) []candidate {
	remove := removeNodes(of)
	pods := eachNode(of, RemedyRepairNodes, "let pods become ready on %s", func(n string) rollout.Input { return rollout.PodsReady{Node: n} })
	switch o {
	case BlockerNodeDown:
		return []candidate{x.deletePods(of, true), bringBack(of), remove}
	case BlockerNodeNotReady:
		return []candidate{makeReady(of), remove}
	case BlockerPodsNotReady:
		return []candidate{pods, remove}
	case BlockerImagePullBackOff, BlockerCrashLoopBackOff, BlockerRejected, BlockerNotReady:
		return []candidate{x.recover(of), pods, x.deletePods(of, false), remove}
	case BlockerNotStarted:
		return []candidate{pods, x.deletePods(of, false), remove}
	case BlockerTerminating, BlockerNodeDeleted:
		return []candidate{x.deletePods(of, true), remove}
	}
	return nil
}

// find returns the blocking node's pod, or probe.None: a latent one does not
// exist yet.
func (x *diagnoser) find(c Wait) int32 { return x.probe.FindPod(x.namespace + "/" + c.Pod) }

// recover ends the fault of an image on the nodes. If the fault is on all nodes,
// the image itself is bad, and only another image helps.
func (x *diagnoser) recover(of []Wait) candidate {
	c := candidate{means: RemedyRepairNodes, does: "repair what is wrong with the pods on " + listed(where(of))}
	seen := map[string]bool{}
	for _, k := range of {
		id := x.find(k)
		if id == probe.None {
			return candidate{}
		}
		t := x.probe.Fault(id)
		if !t.Pull && len(t.Nodes) == 0 {
			return candidate{}
		}
		if in := (rollout.Recover{Image: t.Image, Nodes: []string{k.Node}}); !seen[rollout.FormatInput(in)] {
			seen[rollout.FormatInput(in)] = true
			c.inputs = append(c.inputs, in)
		}
	}
	return c
}

func (x *diagnoser) deletePods(of []Wait, force bool) candidate {
	c := candidate{means: RemedyDeletePods, does: "delete the pods of " + listed(nodesOf(of))}
	if x.pods {
		c.does = "delete the pods " + listed(podsOf(of))
	}
	if force {
		c.does += " with --force"
	}
	for _, p := range of {
		if p.Pod != "" {
			c.inputs = append(c.inputs, rollout.DeletePods{Pod: x.namespace + "/" + p.Pod, Force: force})
		}
	}
	return c
}

// makeRoom deletes pods that no DaemonSet owns so that the waiting pods fit. On
// each node it finds a minimal set by leaving out one pod after the other, in
// order.
func (x *diagnoser) makeRoom(of []Wait) candidate {
	c := candidate{means: RemedyDeletePods}
	var names []string
	for _, k := range of {
		id := x.find(k)
		if id == probe.None {
			return candidate{}
		}
		for _, other := range x.fewest(id, x.probe.Neighbours(id, false)) {
			p := x.probe.Pod(other)
			name := p.Namespace + "/" + p.Name
			names = append(names, name)
			c.inputs = append(c.inputs, rollout.DeletePods{Pod: name})
		}
	}
	c.does = "delete the other pods " + listed(names)
	return c
}

// reserve is makeRoom where other pods would take the room: the nodes are cordoned, which
// DaemonSets ignore, until the pods run.
func (x *diagnoser) reserve(of []Wait) candidate {
	room := x.makeRoom(of)
	if len(room.inputs) == 0 {
		return candidate{}
	}
	if r, ok := x.try(room); ok && len(r.Unresolved) == 0 {
		return candidate{}
	}
	cordoned := func(w Wait) bool {
		n, ok := x.cluster().Node(w.Node)
		return !ok || n.Spec.Unschedulable
	}
	open := slices.DeleteFunc(slices.Clone(of), cordoned)
	c := edited(open, "cordon %s", cluster.Cordon()).and(room)
	if undo := uncordon(open); len(undo.inputs) > 0 {
		c.does, c.then = c.does+", and after the rollout "+undo.does, undo.inputs
	}
	return c
}

// scaleDownOthers scales down a Deployment that has pods on the nodes, by as few
// replicas as are enough. Deleted pods would be replaced, and may get the room again.
func (x *diagnoser) scaleDownOthers(of []Wait) (all []candidate) {
	var owners []string
	for _, w := range of {
		id := x.find(w)
		if id == probe.None {
			return nil
		}
		for _, other := range x.probe.Neighbours(id, false) {
			if owner := x.probe.Pod(other).Owner; owner != "" && !slices.Contains(owners, owner) {
				owners = append(owners, owner)
			}
		}
	}
	slices.Sort(owners)
	for _, key := range owners {
		replicas := x.probe.Deployment(key).Replicas
		c, ok := x.least(1, replicas, func(n int) candidate {
			does := fmt.Sprintf("scale %s down to %d", key, replicas-n)
			return candidate{means: RemedyScaleDown, does: does, inputs: []rollout.Input{rollout.Scale{Key: key, Replicas: int32(replicas - n)}}}
		})
		if ok {
			all = append(all, c)
		}
	}
	return all
}

// fewest returns a minimal subset of the others without which the pod fits.
func (x *diagnoser) fewest(id int32, others []int32) []int32 {
	if !x.probe.FitsWithout(id, others) {
		return nil
	}
	for i := 0; i < len(others); {
		if less := slices.Delete(slices.Clone(others), i, i+1); x.probe.FitsWithout(id, less) {
			others = less
		} else {
			i++
		}
	}
	return others
}

// onNodes returns the changes of a hint to some of its nodes.
func (x *diagnoser) onNodes(h placement.Hint, nodes []string) candidate {
	c, err := h.Cluster(x.cluster())
	if err != nil {
		return candidate{}
	}
	all := candidate{means: RemedyRepairNodes, does: stepText(h.Steps) + " on " + listed(nodes)}
	for _, n := range nodes {
		if object, ok := c.Node(n); ok {
			all.inputs = append(all.inputs, rollout.ApplyNode{Node: object})
		}
	}
	return all
}

// merged adds the steps that are missing; of two requests for the same resource it
// keeps the smaller one.
func merged(steps, more []placement.HintStep) []placement.HintStep {
	for _, s := range more {
		i := slices.IndexFunc(steps, func(t placement.HintStep) bool {
			return t.String() == s.String() || isRequest(s) && t.Path == s.Path
		})
		switch {
		case i < 0:
			steps = append(steps, s)
		case isRequest(s) && below(s.To, steps[i].To):
			steps[i] = s
		}
	}
	return steps
}

func isRequest(s placement.HintStep) bool { return strings.Contains(s.Path, ".resources.requests[") }

// below reports whether an amount is smaller than another.
func below(a, b string) bool {
	x, err := resource.ParseQuantity(a)
	if err != nil {
		return false
	}
	y, err := resource.ParseQuantity(b)
	return err == nil && x.Cmp(y) < 0
}

func stepText(steps []placement.HintStep) string {
	var words []string
	for _, s := range steps {
		words = append(words, s.String())
	}
	return strings.Join(words, ", ")
}

// prioritized returns the candidate with the lowest existing priority class that is
// enough, and says which pods it preempts.
func (x *diagnoser) prioritized(spec *corev1.PodSpec, with func(class, does string) candidate) candidate {
	for _, class := range x.probe.PriorityClasses(spec) {
		does := "set priorityClassName to " + class
		c := with(class, does)
		r, ok := x.try(c)
		if !ok || len(r.Unresolved) > 0 {
			continue
		}
		if victims := x.preempted(r); len(victims) > 0 {
			return with(class, does+", which preempts "+listed(victims))
		}
		return c
	}
	return candidate{}
}

func setPriorityClass(spec *corev1.PodSpec, class string) {
	spec.PriorityClassName, spec.Priority, spec.PreemptionPolicy = class, nil, nil
}

// scheduled returns the change of a template that has the default scheduler try its pods,
// or nil if that is not the blocker.
func scheduled(o Blocker) (does string, change func(*corev1.PodSpec)) {
	switch o {
	case BlockerSchedulingGates:
		return "leave out the schedulingGates", func(spec *corev1.PodSpec) { spec.SchedulingGates = nil }
	case BlockerOtherScheduler:
		return "set schedulerName to " + corev1.DefaultSchedulerName, func(spec *corev1.PodSpec) { spec.SchedulerName = corev1.DefaultSchedulerName }
	}
	return "", nil
}

// preempted returns the pods that the scheduler deletes to make room while a remedy
// takes effect, in order.
func (x *diagnoser) preempted(r Remedy) []string {
	f := x.sim.Fork()
	if f.Inject(r.Inputs...) != nil {
		return nil
	}
	var names []string
	for events := range f.Run(r.Ticks) {
		for _, e := range events {
			if e.Kind == rollout.EventPreempted {
				names = append(names, e.Pod)
			}
		}
	}
	return names
}

package controllers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/util/taints"
)

// happen applies one input, or returns why it cannot.
func (w *world) happen(in Input) error {
	if t, is := faultIn(in); is {
		w.setFault(t)
		return nil
	}
	switch in := in.(type) {
	case Apply:
		return w.apply(in)
	case Scale, Pause, Resume:
		return w.changeDeployment(in)
	case Undo:
		return w.undo(in)
	case Delete:
		return w.delete(in)
	case ApplyNode:
		w.applyNode(in.Node.DeepCopy())
		return nil
	case interface{ do(*world) error }: // a test's own
		return in.do(w)
	}
	return w.happenOn(in)
}

// happenOn is for the inputs that name a node that must exist.
func (w *world) happenOn(in Input) error {
	name := nodeOf(in)
	node, ok := w.nodes.get(name)
	if !ok {
		return fmt.Errorf("no node %s", name)
	}
	f := w.faulty(name)
	switch in := in.(type) {
	case RemoveNode:
		f.gone, f.goneSince = true, w.now
		w.nodes.remove(node)
	case EditNode:
		edited, err := editNode(node, in.Edits)
		if err != nil {
			return err
		}
		w.updateNode(edited)
	case PodsNotReady:
		f.podsNotReady = true
		for _, pod := range w.podsOn(name) {
			w.unmark(pod)
			if ready(pod) {
				w.setReady(pod, corev1.ConditionFalse)
			}
		}
	case PodsReady:
		f.podsNotReady = false
	case NodeNotReady:
		w.setNode(node, corev1.ConditionFalse, corev1.TaintNodeNotReady)
	case NodeReady:
		w.setNode(node, corev1.ConditionTrue, "")
	case NodeDown:
		f.down, f.downSince = true, w.now
		w.markPodsNotReady(name)
		w.setNode(node, corev1.ConditionUnknown, conditionTaint(node))
	case NodeUp:
		if f.down {
			w.resume(name)
		}
		f.down = false
		w.setNode(node, corev1.ConditionTrue, "")
	case StuckTerminating:
		f.stuck = true
	case FailPods:
		w.failPods(name)
	case DeletePods:
		for _, pod := range w.podsOn(name) {
			w.deletePod(pod)
		}
	}
	return nil
}

func nodeOf(in Input) string {
	switch in := in.(type) {
	case RemoveNode:
		return in.Node
	case EditNode:
		return in.Node
	case PodsNotReady:
		return in.Node
	case PodsReady:
		return in.Node
	case NodeNotReady:
		return in.Node
	case NodeReady:
		return in.Node
	case NodeDown:
		return in.Node
	case NodeUp:
		return in.Node
	case StuckTerminating:
		return in.Node
	case FailPods:
		return in.Node
	case DeletePods:
		return in.Node
	}
	return ""
}

// applyNode also begins a new life for a node that was gone.
func (w *world) applyNode(node *corev1.Node) {
	if w.faulty(node.Name).gone {
		delete(w.faults, node.Name)
	}
	w.updateNode(node)
}

// taintDown adds the unreachable taints to nodes that have been down for NodeGrace.
func (w *world) taintDown() {
	for _, name := range slices.Sorted(maps.Keys(w.faults)) {
		f := w.faults[name]
		node, ok := w.nodes.get(name)
		if ok && f.down && conditionTaint(node) != corev1.TaintNodeUnreachable && w.due(f.downSince, w.config.NodeGrace) {
			w.setNode(node, corev1.ConditionUnknown, corev1.TaintNodeUnreachable)
		}
	}
}

// setNode sets the Ready condition and, of the two taints that may follow from
// it, the one given with both effects or none
// (pkg/controller/nodelifecycle/node_lifecycle_controller.go:
// doNoScheduleTaintingPass, doNoExecuteTaintingPass).
func (w *world) setNode(node *corev1.Node, status corev1.ConditionStatus, taint string) {
	node = node.DeepCopy()
	for i := range node.Status.Conditions {
		if node.Status.Conditions[i].Type == corev1.NodeReady {
			node.Status.Conditions[i].Status = status
		}
	}
	node.Spec.Taints = slices.DeleteFunc(node.Spec.Taints, func(t corev1.Taint) bool { return isConditionTaint(t.Key) })
	if taint != "" {
		node.Spec.Taints = append(node.Spec.Taints,
			corev1.Taint{Key: taint, Effect: corev1.TaintEffectNoSchedule},
			corev1.Taint{Key: taint, Effect: corev1.TaintEffectNoExecute})
	}
	w.updateNode(node)
}

func isConditionTaint(key string) bool {
	return key == corev1.TaintNodeNotReady || key == corev1.TaintNodeUnreachable
}

// conditionTaint is the key of the one the node has, or empty.
func conditionTaint(node *corev1.Node) string {
	for _, t := range node.Spec.Taints {
		if isConditionTaint(t.Key) {
			return t.Key
		}
	}
	return ""
}

// editNode is a copy with the edits, in kubectl's notation.
func editNode(node *corev1.Node, edits []string) (*corev1.Node, error) {
	node = node.DeepCopy()
	for _, edit := range edits {
		verb, arg, _ := strings.Cut(edit, " ")
		var err error
		switch verb {
		case "label":
			label(node, arg)
		case "taint":
			node, err = taint(node, arg)
		case "cordon", "uncordon":
			node, err = cordon(node, verb == "cordon")
		default:
			err = fmt.Errorf("no edit %q", edit)
		}
		if err != nil {
			return nil, err
		}
	}
	return node, nil
}

func label(node *corev1.Node, arg string) {
	if key, ok := strings.CutSuffix(arg, "-"); ok {
		delete(node.Labels, key)
		return
	}
	key, value, _ := strings.Cut(arg, "=")
	node.Labels[key] = value
}

func taint(node *corev1.Node, arg string) (*corev1.Node, error) {
	add, remove, err := taints.ParseTaints([]string{arg})
	if err != nil {
		return nil, err
	}
	for i := range add {
		if node, _, err = taints.AddOrUpdateTaint(node, &add[i]); err != nil {
			return nil, err
		}
	}
	for i := range remove {
		if node, _, err = taints.RemoveTaint(node, &remove[i]); err != nil {
			return nil, err
		}
	}
	return node, nil
}

// cordon sets the field and the taint that follows from it.
func cordon(node *corev1.Node, on bool) (*corev1.Node, error) {
	node.Spec.Unschedulable = on
	arg := corev1.TaintNodeUnschedulable + ":NoSchedule"
	if !on {
		arg += "-"
	}
	return taint(node, arg)
}

// failPods is the end of the containers of the live pods there.
func (w *world) failPods(node string) {
	for _, pod := range w.podsOn(node) {
		if pod.DeletionTimestamp == nil && !terminal(pod) {
			w.fail(pod)
		}
	}
}

func (w *world) fail(pod *corev1.Pod) {
	pod = pod.DeepCopy()
	pod.Status.Phase = corev1.PodFailed
	if ready(pod) {
		setCondition(pod, corev1.ContainersReady, corev1.ConditionFalse, w.now)
		setCondition(pod, corev1.PodReady, corev1.ConditionFalse, w.now)
	}
	w.updatePod(pod)
}

package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/berthsim/berth/internal/kube"
)

// NodeEdit is one change to a node, made by Label, Taint, Cordon and the like. It is
// plain, comparable data. String returns kubectl's notation. A malformed edit is
// reported by Cluster.Edit.
type NodeEdit struct {
	verb  verb
	key   string // label key, or a taint in kubectl's notation
	value string
}

type verb uint8

const (
	none verb = iota
	label
	unlabel
	taint
	untaint
	cordon
	uncordon
	ready
	notReady
)

// Label sets a label: kubectl label --overwrite node ... key=value.
func Label(key, value string) NodeEdit { return NodeEdit{label, key, value} }

// Unlabel removes a label. It changes nothing on a node without the label.
func Unlabel(key string) NodeEdit { return NodeEdit{verb: unlabel, key: key} }

// Taint sets a taint, "key=value:effect" or "key:effect". It replaces the value of a
// taint of the same key and effect, as kubectl taint --overwrite does.
func Taint(spec string) NodeEdit { return NodeEdit{verb: taint, key: spec} }

// Untaint removes the taints that a spec matches: "key" any effect, "key:effect"
// that effect, "key=value:effect" only with that value. It changes nothing on a node
// without such a taint.
func Untaint(spec string) NodeEdit { return NodeEdit{verb: untaint, key: spec} }

// Cordon makes the node unschedulable and adds the taint that follows from it,
// node.kubernetes.io/unschedulable:NoSchedule.
func Cordon() NodeEdit { return NodeEdit{verb: cordon} }

// Uncordon undoes Cordon.
func Uncordon() NodeEdit { return NodeEdit{verb: uncordon} }

// Ready sets the Ready condition to True and removes the not-ready and unreachable
// taints.
func Ready() NodeEdit { return NodeEdit{verb: ready} }

// NotReady sets the Ready condition to False and adds the taints of the node
// lifecycle controller: node.kubernetes.io/not-ready with NoSchedule and with
// NoExecute (pkg/controller/nodelifecycle/node_lifecycle_controller.go:
// nodeConditionToTaintKeyStatusMap, NotReadyTaintTemplate).
func NotReady() NodeEdit { return NodeEdit{verb: notReady} }

// String returns the edit in kubectl's notation.
func (e NodeEdit) String() string {
	switch e.verb {
	case label:
		return "label " + e.key + "=" + e.value
	case unlabel:
		return "label " + e.key + "-"
	case taint:
		return "taint " + e.key
	case untaint:
		return "taint " + e.key + "-"
	case cordon:
		return "cordon"
	case uncordon:
		return "uncordon"
	case ready:
		return "ready"
	case notReady:
		return "not-ready"
	}
	return "no edit"
}

// MarshalText returns the edit in kubectl's notation, as String does. A malformed
// edit is an error.
func (e NodeEdit) MarshalText() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	return []byte(e.String()), nil
}

// UnmarshalText parses an edit as ParseNodeEdit does.
func (e *NodeEdit) UnmarshalText(text []byte) (err error) {
	*e, err = ParseNodeEdit(string(text))
	return err
}

// GoString returns the call that makes the edit.
func (e NodeEdit) GoString() string {
	switch e.verb {
	case label:
		return fmt.Sprintf("cluster.Label(%q, %q)", e.key, e.value)
	case unlabel:
		return fmt.Sprintf("cluster.Unlabel(%q)", e.key)
	case taint:
		return fmt.Sprintf("cluster.Taint(%q)", e.key)
	case untaint:
		return fmt.Sprintf("cluster.Untaint(%q)", e.key)
	case cordon:
		return "cluster.Cordon()"
	case uncordon:
		return "cluster.Uncordon()"
	case ready:
		return "cluster.Ready()"
	case notReady:
		return "cluster.NotReady()"
	}
	return "cluster.NodeEdit{}"
}

// check returns an error that describes every mistake in the edit itself, or nil.
func (e NodeEdit) check() error {
	var errs []error
	switch e.verb {
	case label, unlabel:
		for _, msg := range badKey(e.key) {
			errs = append(errs, fmt.Errorf("label key %q: %s", e.key, msg))
		}
		for _, msg := range validation.IsValidLabelValue(e.value) {
			errs = append(errs, fmt.Errorf("label %s: value %q: %s", e.key, e.value, msg))
		}
	case taint:
		p, err := parseTaint(e.key)
		if err == nil && p.effect == "" {
			err = fmt.Errorf("taint %q: no effect: must be key=value:effect or key:effect", e.key)
		}
		errs = append(errs, err)
	case untaint:
		_, err := parseTaint(e.key)
		errs = append(errs, err)
	case none:
		errs = append(errs, errors.New("the zero NodeEdit edits nothing: use a function such as Label"))
	}
	return errors.Join(errs...)
}

func checkEdits(edits []NodeEdit) error {
	var errs []error
	for _, e := range edits {
		errs = append(errs, e.check())
	}
	return errors.Join(errs...)
}

// edited returns a copy of the node with edits that were checked before. It shares
// with n the parts that no edit changes.
func edited(n *corev1.Node, edits []NodeEdit) *corev1.Node {
	copied := *n
	n = &copied
	n.Labels = maps.Clone(n.Labels)
	n.Spec.Taints = slices.Clone(n.Spec.Taints)
	n.Status.Conditions = slices.Clone(n.Status.Conditions)
	for _, e := range edits {
		e.apply(n)
	}
	return n
}

func (e NodeEdit) apply(n *corev1.Node) {
	switch e.verb {
	case label:
		if n.Labels == nil {
			n.Labels = map[string]string{}
		}
		n.Labels[e.key] = e.value
	case unlabel:
		delete(n.Labels, e.key)
	case taint:
		p, _ := parseTaint(e.key)
		setTaint(n, corev1.Taint{Key: p.key, Value: p.value, Effect: p.effect})
	case untaint:
		p, _ := parseTaint(e.key)
		dropTaints(n, p)
	case cordon:
		n.Spec.Unschedulable = true
		setTaint(n, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	case uncordon:
		n.Spec.Unschedulable = false
		dropTaints(n, taintPattern{key: corev1.TaintNodeUnschedulable, effect: corev1.TaintEffectNoSchedule})
	case ready:
		kube.SetNodeReady(n, corev1.ConditionTrue)
		dropTaints(n, taintPattern{key: corev1.TaintNodeNotReady})
		dropTaints(n, taintPattern{key: corev1.TaintNodeUnreachable})
	case notReady:
		kube.SetNodeReady(n, corev1.ConditionFalse)
		dropTaints(n, taintPattern{key: corev1.TaintNodeUnreachable})
		for _, effect := range []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute} {
			setTaint(n, corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: effect})
		}
	}
}

// setTaint adds the taint, or updates the value of the taint of the same key and
// effect.
func setTaint(n *corev1.Node, t corev1.Taint) {
	for i, u := range n.Spec.Taints {
		if u.Key == t.Key && u.Effect == t.Effect {
			n.Spec.Taints[i].Value = t.Value
			return
		}
	}
	n.Spec.Taints = append(n.Spec.Taints, t)
}

func dropTaints(n *corev1.Node, p taintPattern) {
	n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, p.matches)
}

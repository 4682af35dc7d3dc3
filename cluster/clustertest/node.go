package clustertest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
)

// Node describes a ready node with 4 CPUs, 16Gi of memory and room for 110 pods. A
// later word overrides an earlier one:
//
//	key=value          a label; no value: key=
//	hostname           the label kubernetes.io/hostname, with the name of the node
//	taint:KEY=V:EFFECT a taint in kubectl's notation, or taint:KEY:EFFECT
//	cordoned           as kubectl cordon leaves it, with the taint
//	not-ready          the Ready condition False, with its taints
//	cpu:2 memory:4Gi pods:29 example.com/gpu:8
//	                   allocatable and capacity
func Node(name string, words ...string) Spec {
	return Spec{kind: node, name: name, words: slices.Clone(words)}
}

// Pool describes nodes with the same words: NAME-1, NAME-2, ..., zero-padded for ten
// or more. The nodes take values separated by | in turn: zone=a|b puts every second
// node in zone b.
func Pool(name string, nodes int, words ...string) Spec {
	return Spec{kind: pool, name: name, words: slices.Clone(words), nodes: nodes}
}

// poolNames returns the names of a pool's nodes, in order.
func (s Spec) poolNames() []string {
	var names []string
	digits := len(strconv.Itoa(s.nodes))
	for i := range max(s.nodes, 0) {
		names = append(names, fmt.Sprintf("%s-%0*d", s.name, digits, i+1))
	}
	return names
}

func (s Spec) nodeObjects() ([]runtime.Object, error) {
	var nodes []runtime.Object
	var errs []error
	if s.nodes < 0 {
		errs = append(errs, fmt.Errorf("%s: a pool of %d nodes", s.name, s.nodes))
	}
	for i, name := range s.Names() {
		n, err := s.node(i, name)
		if err != nil && i == 0 { // the other nodes have the same words
			errs = append(errs, err)
		}
		nodes = append(nodes, n)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return nodes, nil
}

func (s Spec) node(i int, name string) (*corev1.Node, error) {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status:     corev1.NodeStatus{Allocatable: room.DeepCopy()},
	}
	edits := []cluster.NodeEdit{cluster.Ready()}
	err := s.read(func(w word) error {
		w = w.dealt(i)
		if w.sep == ':' && isResource(w.key) {
			return setQuantity(node.Status.Allocatable, w)
		}
		edit, err := nodeEdit(name, w)
		edits = append(edits, edit)
		return err
	})
	if err != nil {
		return nil, err
	}
	node.Status.Capacity = node.Status.Allocatable.DeepCopy()
	return edited(node, edits)
}

// room is the capacity of a node unless a word overrides it.
var room = corev1.ResourceList{
	corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("110"),
}

// nodeEdit returns the edit for a word.
func nodeEdit(node string, w word) (edit cluster.NodeEdit, err error) {
	switch {
	case w == word{key: "cordoned"}:
		return cluster.Cordon(), nil
	case w == word{key: "not-ready"}:
		return cluster.NotReady(), nil
	case w == word{key: "hostname"}:
		return cluster.Label(corev1.LabelHostname, node), nil
	case w.sep == '=':
		edit = cluster.Label(w.key, w.value)
	case w.sep == ':' && w.key == "taint":
		edit = cluster.Taint(w.value)
	default:
		return edit, errNoSuchWord
	}
	_, err = edit.MarshalText()
	return edit, err
}

// dealt returns the word with its i-th value, of those separated by |.
func (w word) dealt(i int) word {
	values := strings.Split(w.value, "|")
	w.value = values[i%len(values)]
	return w
}

func edited(node *corev1.Node, edits []cluster.NodeEdit) (*corev1.Node, error) {
	c, err := cluster.Adopt(node)
	if err != nil {
		return nil, err
	}
	if c, err = c.Edit(node.Name, edits...); err != nil {
		return nil, err
	}
	node, _ = c.Node(node.Name)
	return node, nil
}

// isResource reports whether a word with that key is an amount of a resource.
func isResource(key string) bool {
	switch corev1.ResourceName(key) {
	case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods, corev1.ResourceEphemeralStorage:
		return true
	}
	return strings.HasPrefix(key, corev1.ResourceHugePagesPrefix) || strings.Contains(key, "/")
}

func setQuantity(list corev1.ResourceList, w word) error {
	q, err := resource.ParseQuantity(w.value)
	if err == nil {
		list[corev1.ResourceName(w.key)] = q
	}
	return err
}

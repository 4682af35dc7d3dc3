package rollout

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

// Input is something that happens to a cluster from outside. The kinds of
// inputs are the structs of this package that are named for it and no others.
// Each prints as one line; FormatInput and ParseInput write and read it whole.
//
// A new one is a struct with these methods, in an input_*.go file of the part that
// it is about, and a row of verbs that says how a script spells it. One that holds
// pointers or slices also has a method copied.
type Input interface {
	String() string
	check() error // what is wrong with the input itself
	apply(*Sim)
}

// Apply is kubectl apply of a DaemonSet or a Deployment: it is created, or its
// spec, labels and annotations become these. Exactly one of the two is to be set.
// Defaults are filled in and mistakes refused, unless Unvalidated says that an API
// server has let this object in before; a Deployment gets its defaults all the
// same. One that does not say spec.replicas keeps how many there are, and one that is
// paused stays so until Resume.
type Apply struct {
	DaemonSet   *appsv1.DaemonSet
	Deployment  *appsv1.Deployment
	Unvalidated bool
}

// Undo is kubectl rollout undo: the template becomes that of a revision, 0
// being the one before the last.
type Undo struct {
	Key      string
	Revision int64
}

// Propagation is what becomes of the pods and revisions of a DaemonSet or
// Deployment that is deleted.
type Propagation uint8

const (
	Background Propagation = iota // they are deleted after it
	Foreground                    // they are deleted first; it goes with the last pod
	Orphan                        // they stay, without an owner
)

// String is kubectl's word for it.
func (p Propagation) String() string {
	switch p {
	case Foreground:
		return "foreground"
	case Orphan:
		return "orphan"
	}
	return "background"
}

// Delete deletes a DaemonSet or a Deployment.
type Delete struct {
	Key         string
	Propagation Propagation
}

// ApplyNode adds a node or replaces it as it is; its Ready condition, if it has
// one, counts as NodeReady, NodeNotReady or NodeDown would.
type ApplyNode struct{ Node *corev1.Node }

// RemoveNode removes a node. Its pods stay, doing nothing, for Config.PodGC.
type RemoveNode struct{ Node string }

// EditNode changes a node.
type EditNode struct {
	Node  string
	Edits []cluster.NodeEdit
}

// PodsNotReady makes the pods on a node not ready, and those that come later,
// until PodsReady.
type PodsNotReady struct{ Node string }

// PodsReady ends PodsNotReady.
type PodsReady struct{ Node string }

// NodeNotReady makes a node's Ready condition False, with the taints
// node.kubernetes.io/not-ready, and its pods not ready, until NodeReady.
type NodeNotReady struct{ Node string }

// NodeReady makes a node ready again, whatever it was, and its taints go.
type NodeReady struct{ Node string }

// NodeDown makes a node's kubelet go: nothing starts, stops or becomes ready
// there. The Ready condition is Unknown and the pods are not ready at once; the
// taints node.kubernetes.io/unreachable come after Config.NodeGrace.
type NodeDown struct{ Node string }

// NodeUp ends NodeDown.
type NodeUp struct{ Node string }

// FailPods makes the live pods on a node Failed.
type FailPods struct{ Node string }

// DeletePods is a user deleting the pods on a node.
type DeletePods struct{ Node string }

// StuckTerminating keeps terminating pods on a node from going.
type StuckTerminating struct{ Node string }

func (in Apply) String() string {
	what := "nothing"
	switch {
	case in.DaemonSet != nil:
		what = keyOf(in.DaemonSet)
	case in.Deployment != nil:
		what = "deployment " + keyOf(in.Deployment)
	default:
		return "apply nothing"
	}
	if in.Unvalidated {
		return "apply unvalidated " + what
	}
	return "apply " + what
}

func (in Undo) String() string {
	if in.Revision == 0 {
		return "undo " + word(in.Key)
	}
	return fmt.Sprintf("undo %s to %d", word(in.Key), in.Revision)
}

func (in Delete) String() string {
	if in.Propagation == Background {
		return "delete " + word(in.Key)
	}
	return fmt.Sprintf("delete %s %v", word(in.Key), in.Propagation)
}

func (in ApplyNode) String() string {
	if in.Node == nil {
		return "apply-node nothing"
	}
	return "apply-node " + in.Node.Name
}

func (in EditNode) String() string {
	if len(in.Edits) == 0 {
		return "edit-node " + word(in.Node)
	}
	var edits []string
	for _, e := range in.Edits {
		edits = append(edits, e.String())
	}
	return "edit-node " + word(in.Node) + ": " + strings.Join(edits, ", ")
}

func (in RemoveNode) String() string       { return "remove-node " + word(in.Node) }
func (in PodsNotReady) String() string     { return "pods-not-ready " + word(in.Node) }
func (in PodsReady) String() string        { return "pods-ready " + word(in.Node) }
func (in NodeNotReady) String() string     { return "node-not-ready " + word(in.Node) }
func (in NodeReady) String() string        { return "node-ready " + word(in.Node) }
func (in NodeDown) String() string         { return "node-down " + word(in.Node) }
func (in NodeUp) String() string           { return "node-up " + word(in.Node) }
func (in FailPods) String() string         { return "fail-pods " + word(in.Node) }
func (in DeletePods) String() string       { return "delete-pods " + word(in.Node) }
func (in StuckTerminating) String() string { return "stuck-terminating " + word(in.Node) }

func (in Apply) check() error {
	switch {
	case in.DaemonSet != nil && in.Deployment != nil:
		return errors.New("a DaemonSet and a Deployment: must be one of them")
	case in.DaemonSet != nil:
		return in.checkDaemonSet()
	case in.Deployment != nil:
		return in.checkDeployment()
	}
	return errors.New("no DaemonSet or Deployment")
}

func (in Apply) checkDaemonSet() error {
	switch {
	case in.DaemonSet.Name == "":
		return errors.New("metadata.name: Required value")
	case in.Unvalidated:
		return nil
	}
	return cluster.Validate(in.DaemonSet).ToAggregate()
}

func (in Undo) check() error {
	if in.Revision < 0 {
		return errors.Join(checkKey(in.Key), fmt.Errorf("unable to find specified revision %d in history", in.Revision))
	}
	return checkKey(in.Key)
}

func (in Delete) check() error {
	if in.Propagation > Orphan {
		return errors.Join(checkKey(in.Key), fmt.Errorf("propagation %d: must be Background, Foreground or Orphan", uint8(in.Propagation)))
	}
	return checkKey(in.Key)
}

func (in ApplyNode) check() error {
	if in.Node == nil {
		return errors.New("no node")
	}
	return cluster.Validate(in.Node).ToAggregate()
}

func (in EditNode) check() error {
	errs := []error{checkNode(in.Node)}
	for _, e := range in.Edits {
		errs = append(errs, e.Check())
	}
	return errors.Join(errs...)
}

func (in RemoveNode) check() error       { return checkNode(in.Node) }
func (in PodsNotReady) check() error     { return checkNode(in.Node) }
func (in PodsReady) check() error        { return checkNode(in.Node) }
func (in NodeNotReady) check() error     { return checkNode(in.Node) }
func (in NodeReady) check() error        { return checkNode(in.Node) }
func (in NodeDown) check() error         { return checkNode(in.Node) }
func (in NodeUp) check() error           { return checkNode(in.Node) }
func (in FailPods) check() error         { return checkNode(in.Node) }
func (in DeletePods) check() error       { return checkNode(in.Node) }
func (in StuckTerminating) check() error { return checkNode(in.Node) }

func checkNode(node string) error {
	if node == "" {
		return errors.New("no node")
	}
	return nil
}

func checkKey(key string) error {
	if key == "" {
		return errors.New("no key: must be namespace/name")
	}
	_, plain := cutKind(key)
	if namespace, name, ok := strings.Cut(plain, "/"); !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return fmt.Errorf("key %q: must be namespace/name", key)
	}
	return nil
}

// scheduled is an input with its tick.
type scheduled struct {
	tick  int32
	input Input
}

// Inject has inputs take effect in the next tick, in the order given. It refuses
// all of them if one is malformed, naming every mistake. An input that turns out
// to be impossible when its time comes is a Refused event.
func (s *Sim) Inject(in ...Input) error { return s.At(int(s.now)+1, in...) }

// At is Inject for a later tick.
func (s *Sim) At(tick int, in ...Input) error {
	inputs, err := s.withInputs(s.inputs, tick, in)
	if err != nil {
		return err
	}
	s.inputs = inputs
	return nil
}

// withInputs returns a list of inputs to which others were added, behind those of
// their tick.
func (s *Sim) withInputs(list []scheduled, tick int, in []Input) ([]scheduled, error) {
	var errs []error
	if tick <= int(s.now) || tick > int(s.last) {
		errs = append(errs, fmt.Errorf("tick %d: must be after tick %d and not after %d", tick, s.now, s.last))
	}
	accepted := make([]Input, len(in))
	for i, x := range in {
		var err error
		x = plain(x)
		if accepted[i], err = accept(x); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", describe(x), err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	at, _ := slices.BinarySearchFunc(list, int32(tick)+1, func(x scheduled, tick int32) int { return int(x.tick - tick) })
	more := make([]scheduled, len(in))
	for i, x := range accepted {
		more[i] = scheduled{int32(tick), x}
	}
	return slices.Insert(list, at, more...), nil
}

// plain is what a pointer points to: it is as good as the input, and nil where it is nil.
func plain(in Input) Input {
	switch p := reflect.ValueOf(in); {
	case p.Kind() != reflect.Pointer:
		return in
	case p.IsNil():
		return nil
	default:
		return p.Elem().Interface().(Input)
	}
}

func describe(in Input) string {
	if in == nil {
		return "nil input"
	}
	return strings.ReplaceAll(in.String(), ` ""`, "") // what is missing its mistake says
}

// accept returns a copy that nobody else can change, or what is wrong with the
// input. Inputs without pointers and slices are copies already.
func accept(in Input) (Input, error) {
	if in == nil {
		return nil, errors.New("must be one of the inputs of this package")
	}
	if x, ok := in.(interface{ copied() Input }); ok {
		in = x.copied()
	}
	return in, in.check()
}

func (in Apply) copied() Input {
	if in.DaemonSet != nil {
		in = in.defaultDaemonSet()
	}
	if in.Deployment != nil {
		in = in.defaultDeployment()
	}
	return in
}

// defaultDaemonSet returns the input with a copy of the DaemonSet, with its defaults.
func (in Apply) defaultDaemonSet() Apply {
	if in.Unvalidated {
		in.DaemonSet = in.DaemonSet.DeepCopy()
	} else {
		in.DaemonSet = cluster.Default(in.DaemonSet)
	}
	if in.DaemonSet.Namespace == "" {
		in.DaemonSet.Namespace = corev1.NamespaceDefault
	}
	return in
}

func (in ApplyNode) copied() Input {
	if in.Node != nil {
		in.Node = in.Node.DeepCopy()
	}
	return in
}

func (in EditNode) copied() Input {
	in.Edits = slices.Clone(in.Edits)
	return in
}

func sorted(nodes []string) []string {
	nodes = slices.Clone(nodes)
	slices.Sort(nodes)
	return nodes
}

// Apply is Inject(Apply{DaemonSet: ds}): kubectl apply.
func (s *Sim) Apply(ds *appsv1.DaemonSet) error { return s.Inject(Apply{DaemonSet: ds}) }

// Undo is Inject(Undo{key, revision}): kubectl rollout undo.
func (s *Sim) Undo(key string, revision int64) error {
	return s.Inject(Undo{Key: key, Revision: revision})
}

// Delete is Inject(Delete{Key: key}): kubectl delete.
func (s *Sim) Delete(key string) error { return s.Inject(Delete{Key: key}) }

package dryrun

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	strictjson "sigs.k8s.io/json"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/apply"
	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Edit is a change to a cluster that has not been made yet: what a pull request or a
// person at a keyboard would do. Edits are made by Apply, Delete, EditNodes,
// RemoveNodes, Restart and Inputs. Baseline.Plan returns their mistakes as an error.
type Edit struct {
	text string
	do   func(*editedCluster) error
}

// String returns the edit in one line, in kubectl's words.
func (e Edit) String() string { return cmp.Or(e.text, "no edit") }

// MarshalJSON returns an error: an edit has no JSON form. Its result has: Operation.
func (e Edit) MarshalJSON() ([]byte, error) {
	return nil, errors.New("dryrun.Edit has no JSON form: marshal the Plan")
}

// Apply is kubectl apply of objects of any kind that a cluster holds. It creates an
// object that does not exist and patches an existing one. A patch sets the fields that
// the object states and removes fields that only the last applied configuration states.
// All other fields, the uid and the status stay. Defaults are filled in. Updates that
// the API server refuses, such as changes of immutable fields, are in the error of
// Baseline.Plan. An object without a namespace goes to "default".
//
// A Go object does not show whether a manifest states a false, 0, "" or null or lacks
// the field: it counts as lacking it. In an unstructured.Unstructured such a field counts
// as stated; a null removes the field.
func Apply(objects ...runtime.Object) Edit {
	kept, written := make([]runtime.Object, len(objects)), make([]map[string]any, len(objects))
	for i, o := range objects {
		if u, ok := o.(runtime.Unstructured); ok && !absent(o) {
			kept[i], written[i] = typed(u)
		} else if !absent(o) {
			kept[i] = o.DeepCopyObject()
		}
	}
	return Edit{"apply " + namesOf(kept), func(d *editedCluster) error {
		return each("Apply", kept, func(i int) error { return d.apply(kept[i], written[i]) })
	}}
}

// typed returns the object of its kind that has the JSON, and the JSON. An object of
// another kind, or with fields of other types, stays as it is and is an error later.
func typed(u runtime.Unstructured) (runtime.Object, map[string]any) {
	content := u.DeepCopyObject().(runtime.Unstructured).UnstructuredContent()
	kind, _ := kinds.Named(u.GetObjectKind().GroupVersionKind().Kind)
	text, err := json.Marshal(content)
	if err != nil || kind.Zero == nil || kind.GVK() != u.GetObjectKind().GroupVersionKind() {
		return u.DeepCopyObject(), nil
	}
	object := reflect.New(reflect.TypeOf(kind.Zero).Elem()).Interface().(runtime.Object)
	if err := strictjson.UnmarshalCaseSensitivePreserveInts(text, object); err != nil {
		return u.DeepCopyObject(), nil
	}
	return object, content
}

// Delete is kubectl delete of objects. Only their kind, namespace and name matter. What
// a DaemonSet owns is deleted with it; the pods of a deleted node are garbage
// collected.
func Delete(objects ...runtime.Object) Edit {
	kept := make([]runtime.Object, len(objects))
	for i, o := range objects {
		if !absent(o) {
			kept[i] = o.DeepCopyObject()
		}
	}
	return Edit{"delete " + namesOf(kept), func(d *editedCluster) error {
		return each("Delete", kept, func(i int) error { return d.remove(kept[i]) })
	}}
}

// EditNodes labels, taints or cordons every node of a set. An empty set, or a node that
// the cluster does not have, is an error.
func EditNodes(nodes cluster.NodeSet, edits ...cluster.NodeEdit) Edit {
	edits = slices.Clone(edits)
	words := make([]string, len(edits))
	for i, e := range edits {
		words[i] = e.String()
	}
	what, on := cmp.Or(strings.Join(words, ", "), "no edit"), nodesText(nodes)
	return Edit{what + " on " + on, func(d *editedCluster) error {
		switch {
		case nodes.Len() == 0:
			return fmt.Errorf("EditNodes: %s: there is no node in the set", what)
		case len(edits) == 0:
			return fmt.Errorf("EditNodes: no edit of %s", on)
		}
		return d.editNodes(nodes, edits)
	}}
}

func nodesText(nodes cluster.NodeSet) string {
	return cmp.Or(strings.Join(nodes.Names(), " "), "no node")
}

// RemoveNodes removes nodes from the cluster, and in time the pods on them. An empty
// set is an error.
func RemoveNodes(nodes cluster.NodeSet) Edit {
	return Edit{"remove " + nodesText(nodes), func(d *editedCluster) error {
		if nodes.Len() == 0 {
			return errors.New("RemoveNodes: there is no node in the set")
		}
		var errs []error
		for _, name := range nodes.Names() {
			errs = append(errs, d.remove(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}))
		}
		return errors.Join(errs...)
	}}
}

// Restart is kubectl rollout restart of DaemonSets and Deployments: their pods are
// replaced as after a change of the template. Keys are as in rollout.Sim. A key that
// matches neither is an error. A paused Deployment is refused, as kubectl does.
func Restart(keys ...string) Edit {
	keys = slices.Clone(keys)
	return Edit{"restart " + cmp.Or(strings.Join(keys, ", "), "nothing"), func(d *editedCluster) error {
		if len(keys) == 0 {
			return errors.New("Restart: no key")
		}
		var errs []error
		for _, key := range keys {
			errs = append(errs, d.restart(key))
		}
		return errors.Join(errs...)
	}}
}

// Inputs is any input of a simulation: undo, drain, a node failure. Its effect on the
// cluster is known only once the simulation has run, so Plan.After and all predictions
// are of the settled cluster. An input that proves impossible, such as one for a
// missing node, is refused and reported by Plan.Operations.
func Inputs(in ...rollout.Input) Edit {
	in = slices.Clone(in)
	var words []string
	for _, i := range in {
		words = append(words, probe.Line(i))
	}
	return Edit{cmp.Or(strings.Join(words, ", "), "no input"), func(d *editedCluster) error {
		if len(in) == 0 {
			return errors.New("Inputs: no input")
		}
		d.opaque = true
		d.inputs = append(d.inputs, in...)
		return nil
	}}
}

func absent(o runtime.Object) bool { return o == nil || o.DeepCopyObject() == nil }

// each calls do for the index of every object of an edit, which must have at least one.
func each(edit string, objects []runtime.Object, do func(int) error) error {
	if len(objects) == 0 {
		return fmt.Errorf("%s: no object", edit)
	}
	var errs []error
	for i, o := range objects {
		if o == nil {
			errs = append(errs, fmt.Errorf("object %d: is nil", i))
			continue
		}
		errs = append(errs, do(i))
	}
	return errors.Join(errs...)
}

// editedCluster is a cluster to which edits are being made.
type editedCluster struct {
	now    time.Time        // when the edits are made
	given  *cluster.Cluster // before it settled
	start  *cluster.Cluster // where the simulation starts: includes the edits that are no inputs
	after  *cluster.Cluster
	inputs []rollout.Input
	opaque bool              // only the inputs determine the result
	parts  [][]rollout.Input // by edit: its inputs
	denied [][]string        // by edit: why kubectl or the API server refuses it or a part of it
	errs   []error           // what the API server refuses
}

// release returns the release of the API server.
func (d *editedCluster) release() kube.Release { return borrow.From(d.after).Release() }

// apply applies an object as kubectl apply does: it creates the object, or patches the
// existing one, which the API server then validates as an update.
func (d *editedCluster) apply(o runtime.Object, written map[string]any) error {
	o = o.DeepCopyObject()
	setNamespace(o)
	var stored runtime.Object
	var err error
	if live := find(d.after, o); live != nil {
		var mistakes []error
		if stored, mistakes, err = d.patched(d.applied(live), o, written); len(mistakes) > 0 {
			d.refuse(mistakes)
			return nil
		}
		reportStatus(stored, o)
	} else {
		stored, err = d.accept(o)
	}
	if err == nil {
		err = checkReplicas(stored)
	}
	if err != nil {
		return err
	}
	change := func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.With(stored) }
	switch x := stored.(type) {
	case *appsv1.DaemonSet:
		return d.edit(rollout.Apply{Object: x}, change)
	case *appsv1.Deployment:
		return d.edit(rollout.Apply{Object: x}, change)
	case *corev1.Node:
		return d.edit(rollout.ApplyNode{Node: withoutRoom(x)}, change)
	}
	return d.both(change)
}

// reportStatus sets a node's status to that of its manifest. kubectl does not write the
// status, but the kubelet of such a node reports it.
func reportStatus(stored, manifest runtime.Object) {
	node, ok := stored.(*corev1.Node)
	if given, _ := manifest.(*corev1.Node); ok && (len(given.Status.Allocatable) > 0 || len(given.Status.Conditions) > 0) {
		node.Status = *given.Status.DeepCopy()
	}
}

// applied returns the live object with its last applied configuration. In a cluster of
// manifests, an object without a uid counts as applied in its present form, except for
// the number of replicas, which may have been set since.
func (d *editedCluster) applied(live runtime.Object) runtime.Object {
	manifest := find(d.given, live)
	if manifest == nil || manifest.(metav1.Object).GetUID() != "" {
		return live
	}
	if _, has := live.(metav1.Object).GetAnnotations()[corev1.LastAppliedConfigAnnotation]; has {
		return live
	}
	fields, _ := plain(manifest).(map[string]any)
	delete(fields, "status")
	if spec, ok := fields["spec"].(map[string]any); ok {
		delete(spec, "replicas")
	}
	live = live.DeepCopyObject()
	meta := live.(metav1.Object)
	annotations := maps.Clone(meta.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[corev1.LastAppliedConfigAnnotation] = written(fields)
	meta.SetAnnotations(annotations)
	return live
}

// find returns the object of the same kind, namespace and name; nil if there is none.
func find(c *cluster.Cluster, o runtime.Object) runtime.Object {
	meta, ok := o.(metav1.Object)
	if !ok {
		return nil
	}
	b, namespace, name := borrow.From(c), meta.GetNamespace(), meta.GetName()
	switch o.(type) {
	case *corev1.Node:
		return found(b.Node(name))
	case *corev1.Namespace:
		return found(b.Namespace(name))
	case *corev1.Pod:
		return found(b.Pod(namespace, name))
	case *appsv1.DaemonSet:
		return found(b.DaemonSet(namespace, name))
	case *appsv1.ReplicaSet:
		return found(b.ReplicaSet(namespace, name))
	case *appsv1.StatefulSet:
		return found(b.StatefulSet(namespace, name))
	case *schedulingv1.PriorityClass:
		return found(b.PriorityClass(name))
	case *corev1.ServiceAccount:
		return found(b.ServiceAccount(namespace, name))
	case *nodev1.RuntimeClass:
		return found(b.RuntimeClass(name))
	case *corev1.LimitRange:
		return found(ofName(b.LimitRangesIn(namespace), namespace, name))
	case *corev1.ResourceQuota:
		return found(ofName(b.ResourceQuotasIn(namespace), namespace, name))
	case *appsv1.Deployment:
		return found(ofName(b.Deployments(), namespace, name))
	case *appsv1.ControllerRevision:
		return found(ofName(b.ControllerRevisions(), namespace, name))
	case *corev1.Service:
		return found(ofName(b.Services(), namespace, name))
	case *policyv1.PodDisruptionBudget:
		return found(ofName(b.PodDisruptionBudgets(), namespace, name))
	}
	return nil
}

func found[T runtime.Object](o T, ok bool) runtime.Object {
	if !ok {
		return nil
	}
	return o
}

func ofName[T metav1.Object](objects []T, namespace, name string) (object T, ok bool) {
	for _, o := range objects {
		if o.GetNamespace() == namespace && o.GetName() == name {
			return o, true
		}
	}
	return object, false
}

// patched returns what the API server stores of a manifest that is applied to a live
// object, or why it refuses it. written is the manifest's JSON, or nil.
func (d *editedCluster) patched(live, manifest runtime.Object, written map[string]any) (stored runtime.Object, mistakes []error, err error) {
	updated, err := apply.Written(live, manifest, written)
	if err != nil {
		return nil, nil, err
	}
	stored, refused := validation.Update(d.release(), live, updated)
	for _, e := range refused {
		mistakes = append(mistakes, fmt.Errorf("%s: %w", nameOf(manifest), e))
	}
	return stored, mistakes, nil
}

// ErrRefused is found by errors.Is in an error of Baseline.Plan if the API server
// refuses to update an object, for example to change an immutable field.
var ErrRefused = errors.New("the API server refuses it")

// refusal is an error for which errors.Is finds ErrRefused.
type refusal struct{ error }

func (refusal) Is(target error) bool { return target == ErrRefused }
func (r refusal) Unwrap() error      { return r.error }

func checkReplicas(o runtime.Object) error {
	var n *int32
	switch x := o.(type) {
	case *appsv1.Deployment:
		n = x.Spec.Replicas
	case *appsv1.ReplicaSet:
		n = x.Spec.Replicas
	case *appsv1.StatefulSet:
		n = x.Spec.Replicas
	}
	if err := kube.CheckReplicas(n); err != nil {
		return fmt.Errorf("%s: spec.%w", nameOf(o), err)
	}
	return nil
}

// accept returns the object as an API server would store it.
func (d *editedCluster) accept(o runtime.Object) (runtime.Object, error) {
	o = defaults.ApplyAt(d.release(), o)
	var errs []error
	for _, e := range validation.ValidateAt(d.release(), o) {
		errs = append(errs, fmt.Errorf("%s: %w", nameOf(o), e))
	}
	return o, errors.Join(errs...)
}

// restartedAt is the annotation that kubectl rollout restart sets to change a template
// (k8s.io/kubectl/pkg/polymorphichelpers/objectrestarter.go: defaultObjectRestarter).
const restartedAt = "kubectl.kubernetes.io/restartedAt"

func (d *editedCluster) restart(key string) error {
	kind, name := "", key
	if before, rest, ok := strings.Cut(key, "/"); ok && strings.Contains(rest, "/") {
		kind, name = before, rest
	}
	namespace, short := split(name)
	if ds, ok := borrow.From(d.after).DaemonSet(namespace, short); ok && kind != "deployment" {
		ds = ds.DeepCopy()
		restarted(&ds.Spec.Template, d.now)
		return d.update(ds)
	}
	w, ok := ofName(borrow.From(d.after).Deployments(), namespace, short)
	switch {
	case !ok || kind == "daemonset":
		return fmt.Errorf("restart %s: there is no such DaemonSet or Deployment", key)
	case w.Spec.Paused:
		d.deny(fmt.Sprintf("error: deployments.apps %q can't restart paused deployment (run rollout resume first)", short))
		return nil
	}
	w = w.DeepCopy()
	restarted(&w.Spec.Template, d.now)
	return d.update(w)
}

// update replaces an existing object.
func (d *editedCluster) update(o runtime.Object) error {
	stored, mistakes := validation.Update(d.release(), find(d.after, o), o)
	if len(mistakes) > 0 {
		d.refuse([]error{fmt.Errorf("%s: %w", nameOf(o), mistakes.ToAggregate())})
		return nil
	}
	change := func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.With(stored) }
	if x, ok := stored.(*appsv1.Deployment); ok {
		return d.edit(rollout.Apply{Object: x}, change)
	}
	return d.edit(rollout.Apply{Object: stored.(*appsv1.DaemonSet)}, change)
}

func restarted(template *corev1.PodTemplateSpec, now time.Time) {
	if template.Annotations == nil {
		template.Annotations = map[string]string{}
	}
	template.Annotations[restartedAt] = now.UTC().Format(time.RFC3339)
}

func (d *editedCluster) remove(o runtime.Object) error {
	o = o.DeepCopyObject() // an Edit can be part of several plans
	setNamespace(o)
	without := func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.Without(o) }
	switch x := o.(type) {
	case *appsv1.DaemonSet:
		return d.edit(rollout.Delete{Key: kube.DaemonSetKey(kube.Key(x))}, without)
	case *appsv1.Deployment:
		return d.edit(rollout.Delete{Key: kube.DeploymentKey(kube.Key(x))}, without)
	case *corev1.Pod:
		return d.edit(rollout.DeletePods{Pod: kube.Key(x)}, without)
	case *corev1.Node:
		return d.edit(rollout.RemoveNode{Node: x.Name}, without)
	}
	return d.both(without)
}

func (d *editedCluster) editNodes(nodes cluster.NodeSet, edits []cluster.NodeEdit) error {
	next, err := d.after.EditAll(nodes, edits...)
	if err != nil {
		return err
	}
	d.after = next
	for _, name := range nodes.Names() {
		d.inputs = append(d.inputs, rollout.EditNode{Node: name, Edits: edits})
	}
	return nil
}

// deny records why kubectl or the API server refuses the current edit, or a part of it.
func (d *editedCluster) deny(why string) {
	current := &d.denied[len(d.denied)-1]
	*current = append(*current, why)
}

// refuse records the errors with which the API server refuses the current edit.
func (d *editedCluster) refuse(mistakes []error) {
	for _, err := range mistakes {
		d.deny(err.Error())
		d.errs = append(d.errs, refusal{err})
	}
}

// edit makes a change that is an input of the simulation.
func (d *editedCluster) edit(in rollout.Input, change func(*cluster.Cluster) (*cluster.Cluster, error)) error {
	next, err := change(d.after)
	if err != nil {
		return err
	}
	d.after, d.inputs = next, append(d.inputs, in)
	return nil
}

// both makes a change that is no input: the simulation starts with it.
func (d *editedCluster) both(change func(*cluster.Cluster) (*cluster.Cluster, error)) error {
	next, err := change(d.after)
	if err != nil {
		return err
	}
	start, err := change(d.start)
	if err != nil {
		return err
	}
	d.after, d.start = next, start
	return nil
}

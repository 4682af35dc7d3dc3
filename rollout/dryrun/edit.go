package dryrun

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
)

// Edit is a change to a cluster that is not made yet: what a pull request or a
// person at a keyboard would do. It is made by Apply, Delete, EditNodes,
// RemoveNodes and Inputs; what is wrong with it is an error of Base.Plan.
type Edit struct {
	text string
	do   func(*draft) error
}

// String is the edit in one line, in kubectl's words.
func (e Edit) String() string { return cmp.Or(e.text, "no edit") }

// Apply is kubectl apply of objects of any kind that a cluster holds: what is not
// there is created, what is gets the new spec, labels and annotations. Defaults are
// filled in and mistakes refused, all of them at once, a changed selector of a
// DaemonSet among them; an object without a namespace goes to "default". A node
// that says nothing of its status keeps it.
func Apply(objects ...runtime.Object) Edit {
	kept := make([]runtime.Object, len(objects))
	for i, o := range objects {
		if !absent(o) {
			kept[i] = o.DeepCopyObject()
		}
	}
	return Edit{"apply " + namesOf(kept), func(d *draft) error { return each(kept, d.apply) }}
}

// Delete is kubectl delete of objects, which are known by kind, namespace and name
// alone. What a DaemonSet owns goes with it; a node's pods are collected.
func Delete(objects ...runtime.Object) Edit {
	kept := make([]runtime.Object, len(objects))
	for i, o := range objects {
		if !absent(o) {
			kept[i] = o.DeepCopyObject()
		}
	}
	return Edit{"delete " + namesOf(kept), func(d *draft) error { return each(kept, d.remove) }}
}

// EditNodes labels, taints or cordons every node of a set; one that the cluster
// does not have, and an empty set, is an error.
func EditNodes(nodes cluster.NodeSet, edits ...cluster.NodeEdit) Edit {
	edits = slices.Clone(edits)
	words := make([]string, len(edits))
	for i, e := range edits {
		words[i] = e.String()
	}
	what, on := cmp.Or(strings.Join(words, ", "), "no edit"), nodesText(nodes)
	return Edit{what + " on " + on, func(d *draft) error {
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

// RemoveNodes takes nodes out of the cluster, and in time the pods on them. An empty
// set is an error.
func RemoveNodes(nodes cluster.NodeSet) Edit {
	return Edit{"remove " + nodesText(nodes), func(d *draft) error {
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
// replaced as by a changed template. Keys are those of rollout.Sim. A key that names
// neither is an error; a paused Deployment is refused as kubectl refuses it.
func Restart(keys ...string) Edit {
	keys = slices.Clone(keys)
	return Edit{"restart " + cmp.Or(strings.Join(keys, ", "), "nothing"), func(d *draft) error {
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

// Inputs is anything that a simulation takes: undo, drain, a node that goes down.
// What it does to the cluster is known only when the simulation has run, so that
// Plan.After, and all predictions, are of the cluster once it has settled. One that
// turns out to be impossible, as for a node that is not there, is refused:
// Plan.Operations tells.
func Inputs(in ...rollout.Input) Edit {
	in = slices.Clone(in)
	var words []string
	for _, i := range in {
		words = append(words, fmt.Sprint(i))
	}
	return Edit{cmp.Or(strings.Join(words, ", "), "no input"), func(d *draft) error {
		d.opaque = true
		d.inputs = append(d.inputs, in...)
		return nil
	}}
}

func absent(o runtime.Object) bool { return o == nil || o.DeepCopyObject() == nil }

func each(objects []runtime.Object, do func(runtime.Object) error) error {
	var errs []error
	for i, o := range objects {
		if o == nil {
			errs = append(errs, fmt.Errorf("object %d: is nil", i))
			continue
		}
		errs = append(errs, do(o))
	}
	return errors.Join(errs...)
}

// draft is a cluster while edits are made.
type draft struct {
	now    time.Time        // when the edits are made
	start  *cluster.Cluster // where the simulation starts: with what is no input of it
	after  *cluster.Cluster
	inputs []rollout.Input
	opaque bool              // the inputs alone know what comes after
	parts  [][]rollout.Input // by edit: its inputs
	denied []string          // by edit: why kubectl makes none of it; empty if it does
}

func (d *draft) apply(o runtime.Object) error {
	accepted, err := accept(o)
	if err != nil {
		return err
	}
	switch x := accepted.(type) {
	case *appsv1.DaemonSet:
		return d.applyDaemonSet(x)
	case *appsv1.Deployment:
		given, _ := o.(*appsv1.Deployment)
		return d.applyDeployment(x, given.Spec.Replicas != nil)
	case *corev1.Node:
		return d.applyNode(x)
	}
	return d.both(func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.With(accepted) })
}

// accept gives the object as an API server would store it.
func accept(o runtime.Object) (runtime.Object, error) {
	o = cluster.Default(o)
	if meta, ok := o.(metav1.Object); ok && meta.GetNamespace() == "" && namespaced(o) {
		meta.SetNamespace(corev1.NamespaceDefault)
	}
	var errs []error
	for _, e := range cluster.Validate(o) {
		errs = append(errs, fmt.Errorf("%s: %w", nameOf(o), e))
	}
	return o, errors.Join(errs...)
}

func (d *draft) applyDaemonSet(ds *appsv1.DaemonSet) error {
	wish := ds.DeepCopy()
	if old, ok := d.after.Borrow().DaemonSet(ds.Namespace, ds.Name); ok {
		if !equality.Semantic.DeepEqual(cluster.Default(old).Spec.Selector, ds.Spec.Selector) {
			return fmt.Errorf("%s: spec.selector: Invalid value: field is immutable: delete the DaemonSet and create it again", nameOf(ds))
		}
		stored := old.DeepCopy()
		stored.Labels, stored.Annotations, stored.Spec = ds.Labels, ds.Annotations, ds.Spec
		ds = stored
	}
	return d.edit(rollout.Apply{DaemonSet: wish}, func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.With(ds) })
}

// applyDeployment keeps the uid, the status, and the number of replicas where the
// manifest does not say it.
func (d *draft) applyDeployment(w *appsv1.Deployment, sized bool) error {
	wish := w.DeepCopy()
	if !sized {
		wish.Spec.Replicas = nil
	}
	if old, ok := deploymentOf(d.after, w.Namespace, w.Name); ok {
		if !equality.Semantic.DeepEqual(cluster.Default(old).Spec.Selector, w.Spec.Selector) {
			return fmt.Errorf("%s: spec.selector: Invalid value: field is immutable: delete the Deployment and create it again", nameOf(w))
		}
		stored := old.DeepCopy()
		stored.Labels, stored.Annotations, stored.Spec = w.Labels, w.Annotations, w.Spec
		if !sized {
			stored.Spec.Replicas = old.Spec.Replicas
		}
		w = stored
	}
	return d.edit(rollout.Apply{Deployment: wish}, func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.With(w) })
}

func deploymentOf(c *cluster.Cluster, namespace, name string) (*appsv1.Deployment, bool) {
	for _, d := range c.Borrow().Deployments() {
		if d.Namespace == namespace && d.Name == name {
			return d, true
		}
	}
	return nil, false
}

// restartedAt is the annotation by which kubectl rollout restart makes a template another
// (k8s.io/kubectl/pkg/polymorphichelpers/objectrestarter.go: defaultObjectRestarter).
const restartedAt = "kubectl.kubernetes.io/restartedAt"

func (d *draft) restart(key string) error {
	kind, name := "", key
	if before, rest, ok := strings.Cut(key, "/"); ok && strings.Contains(rest, "/") {
		kind, name = before, rest
	}
	namespace, short := split(name)
	if ds, ok := d.after.Borrow().DaemonSet(namespace, short); ok && kind != "deployment" {
		ds = ds.DeepCopy()
		restarted(&ds.Spec.Template, d.now)
		return d.applyDaemonSet(ds)
	}
	w, ok := deploymentOf(d.after, namespace, short)
	switch {
	case !ok || kind == "daemonset":
		return fmt.Errorf("restart %s: there is no such DaemonSet or Deployment", key)
	case w.Spec.Paused:
		d.deny(fmt.Sprintf("error: deployments.apps %q can't restart paused deployment (run rollout resume first)", short))
		return nil
	}
	w = w.DeepCopy()
	restarted(&w.Spec.Template, d.now)
	return d.applyDeployment(w, true)
}

func restarted(template *corev1.PodTemplateSpec, now time.Time) {
	if template.Annotations == nil {
		template.Annotations = map[string]string{}
	}
	template.Annotations[restartedAt] = now.UTC().Format(time.RFC3339)
}

func (d *draft) applyNode(node *corev1.Node) error {
	if old, ok := d.after.Borrow().Node(node.Name); ok && len(node.Status.Allocatable) == 0 && len(node.Status.Conditions) == 0 {
		node.Status = *old.Status.DeepCopy()
	}
	return d.edit(rollout.ApplyNode{Node: withoutRoom(node)}, func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.With(node) })
}

func (d *draft) remove(o runtime.Object) error {
	if meta, ok := o.(metav1.Object); ok && meta.GetNamespace() == "" && namespaced(o) {
		meta.SetNamespace(corev1.NamespaceDefault)
	}
	without := func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.Without(o) }
	switch x := o.(type) {
	case *appsv1.DaemonSet:
		return d.edit(rollout.Delete{Key: daemonKey(keyOf(x))}, without)
	case *appsv1.Deployment:
		return d.edit(rollout.Delete{Key: deploymentKey(keyOf(x))}, without)
	case *corev1.Pod:
		return d.edit(rollout.DeletePod{Pod: keyOf(x)}, without)
	case *corev1.Node:
		return d.edit(rollout.RemoveNode{Node: x.Name}, without)
	}
	return d.both(without)
}

func (d *draft) editNodes(nodes cluster.NodeSet, edits []cluster.NodeEdit) error {
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

// deny notes why kubectl refuses the edit that is being made.
func (d *draft) deny(why string) { d.denied[len(d.denied)-1] = why }

// edit makes a change that is an input of the simulation.
func (d *draft) edit(in rollout.Input, change func(*cluster.Cluster) (*cluster.Cluster, error)) error {
	next, err := change(d.after)
	if err != nil {
		return err
	}
	d.after, d.inputs = next, append(d.inputs, in)
	return nil
}

// both makes a change that is none: the simulation starts with it.
func (d *draft) both(change func(*cluster.Cluster) (*cluster.Cluster, error)) error {
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

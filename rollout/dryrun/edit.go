package dryrun

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

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
// RemoveNodes and Inputs; what is wrong with it is an error of Baseline.Plan.
type Edit struct {
	text string
	do   func(*editedCluster) error
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
	return Edit{"apply " + namesOf(kept), func(d *editedCluster) error { return each(kept, d.apply) }}
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
	return Edit{"delete " + namesOf(kept), func(d *editedCluster) error { return each(kept, d.remove) }}
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

// RemoveNodes takes nodes out of the cluster, and in time the pods on them. An empty
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

// Inputs is anything that a simulation takes: undo, drain, a node that goes down.
// What it does to the cluster is known only when the simulation has run, so that
// Plan.After, and all predictions, are of the cluster once it has settled. One that
// turns out to be impossible, as for a node that is not there, is an error.
func Inputs(in ...rollout.Input) Edit {
	in = slices.Clone(in)
	var words []string
	for _, i := range in {
		words = append(words, fmt.Sprint(i))
	}
	return Edit{cmp.Or(strings.Join(words, ", "), "no input"), func(d *editedCluster) error {
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

// editedCluster is a cluster while edits are made.
type editedCluster struct {
	start  *cluster.Cluster // where the simulation starts: with what is no input of it
	after  *cluster.Cluster
	inputs []rollout.Input
	opaque bool // the inputs alone know what comes after
}

func (d *editedCluster) apply(o runtime.Object) error {
	accepted, err := accept(o)
	if err != nil {
		return err
	}
	switch x := accepted.(type) {
	case *appsv1.DaemonSet:
		return d.applyDaemonSet(x)
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

func (d *editedCluster) applyDaemonSet(ds *appsv1.DaemonSet) error {
	wish := ds.DeepCopy()
	if old, ok := d.after.Borrow().DaemonSet(ds.Namespace, ds.Name); ok {
		if !equality.Semantic.DeepEqual(cluster.Default(old).Spec.Selector, ds.Spec.Selector) {
			return fmt.Errorf("%s: spec.selector: Invalid value: field is immutable: delete the DaemonSet and create it again", nameOf(ds))
		}
		stored := old.DeepCopy()
		stored.Labels, stored.Annotations, stored.Spec = ds.Labels, ds.Annotations, ds.Spec
		ds = stored
	}
	return d.edit(rollout.Apply{Object: wish}, func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.With(ds) })
}

func (d *editedCluster) applyNode(node *corev1.Node) error {
	if old, ok := d.after.Borrow().Node(node.Name); ok && len(node.Status.Allocatable) == 0 && len(node.Status.Conditions) == 0 {
		node.Status = *old.Status.DeepCopy()
	}
	return d.edit(rollout.ApplyNode{Node: node}, func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.With(node) })
}

func (d *editedCluster) remove(o runtime.Object) error {
	if meta, ok := o.(metav1.Object); ok && meta.GetNamespace() == "" && namespaced(o) {
		meta.SetNamespace(corev1.NamespaceDefault)
	}
	without := func(c *cluster.Cluster) (*cluster.Cluster, error) { return c.Without(o) }
	switch x := o.(type) {
	case *appsv1.DaemonSet:
		return d.edit(rollout.Delete{Key: keyOf(x)}, without)
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

// edit makes a change that is an input of the simulation.
func (d *editedCluster) edit(in rollout.Input, change func(*cluster.Cluster) (*cluster.Cluster, error)) error {
	next, err := change(d.after)
	if err != nil {
		return err
	}
	d.after, d.inputs = next, append(d.inputs, in)
	return nil
}

// both makes a change that is none: the simulation starts with it.
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

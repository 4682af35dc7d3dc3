package dryrun

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/podtemplate"
	"github.com/berthsim/berth/internal/snapshot"
)

// fingerprintOf returns what identifies the cluster that a plan was made from. It is equal for equal clusters, in
// whatever order their objects were read, and differs as soon as anything changes that
// a plan may depend on.
//
// It covers every object of a cluster: its name, labels, annotations, owners, creation
// and deletion, all of its spec, and the parts of its status that berth reads. These
// are the allocatable amounts, images and states of the conditions of a node; the
// phase, start and conditions of a pod; the revision data of a ControllerRevision; and
// the disruptions that a PodDisruptionBudget allows. It leaves out what changes all the
// time and decides nothing: resourceVersion, managedFields, heartbeats, generation and
// the status of controllers. It does not cover the Config or the version of berth. It
// costs a few µs per pod, and some 20 µs for each other object.
func fingerprintOf(c *cluster.Cluster) string {
	h := sha256.New()
	for name, print := range prints(borrow.From(c)) {
		fmt.Fprintf(h, "%q %s", name, print)
	}
	return fingerprint(h)
}

// fingerprint returns a fingerprint as text. The prefix changes when what is hashed does.
func fingerprint(h hash.Hash) string { return "berth2:" + hex.EncodeToString(h.Sum(nil))[:32] }

// fingerprintOfEdits covers the edits of a plan, with the objects that they apply.
func fingerprintOfEdits(p *Plan) string {
	h := sha256.New()
	for _, e := range p.edits {
		fmt.Fprintf(h, "edit %q ", e.text)
	}
	moved := changed(p.Before(), p.After())
	for _, name := range slices.Sorted(maps.Keys(moved)) {
		fmt.Fprintf(h, "%q %s ", name, moved[name])
	}
	return fingerprint(h)
}

// changed returns the hashes of the objects of b that a lacks or has differently, by
// name. Objects that only a has get an empty hash. Objects that both share cost little.
func changed(a, b *cluster.Cluster) map[string]string {
	gone := map[runtime.Object]bool{}
	for o := range borrow.From(a).Objects() {
		gone[o] = true
	}
	now := map[string]string{}
	for o := range borrow.From(b).Objects() {
		if gone[o] {
			delete(gone, o)
		} else {
			now[nameOf(o)] = printOf(o)
		}
	}
	for o := range gone { // any order: each by itself
		switch name := nameOf(o); now[name] {
		case "":
			now[name] = ""
		case printOf(o):
			delete(now, name)
		}
	}
	return now
}

// prints yields the name and the hash of every object, in the order of kinds and names.
// It hashes once what pods of one template share.
func prints(b *snapshot.Snapshot) iter.Seq2[string, string] {
	return func(yield func(name, hash string) bool) {
		templates, pod := b.PodTemplates(), 0
		var shared []string // by template
		for o := range b.Objects() {
			var print string
			if p, ok := o.(*corev1.Pod); ok {
				if t := templates[pod]; int(t) == len(shared) {
					shared = append(shared, sum(essence(podtemplate.Shared(p))))
				}
				print = printOfPod(p, shared[templates[pod]])
				pod++
			} else {
				print = printOf(o)
			}
			if !yield(nameOf(o), print) {
				return
			}
		}
	}
}

// printOf returns a hash of what identifies an object.
func printOf(o runtime.Object) string {
	if pod, ok := o.(*corev1.Pod); ok {
		return printOfPod(pod, sum(essence(podtemplate.Shared(pod))))
	}
	return sum(essence(o))
}

// printOfPod returns the hash of a pod, with the hash of what it shares with the other
// pods of its template.
func printOfPod(pod *corev1.Pod, shared string) string {
	b := make([]byte, 0, 512)
	add := func(text string) { b = append(strconv.AppendInt(b, int64(len(text)), 10), text...) }
	at := func(t *metav1.Time) {
		if t == nil {
			b = append(b, '-')
			return
		}
		b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	}
	for _, text := range []string{shared, pod.Name, string(pod.UID), pod.Spec.NodeName, podtemplate.TokenVolume(&pod.Spec)} {
		add(text)
	}
	at(&pod.CreationTimestamp)
	status := &pod.Status
	add(string(status.Phase))
	add(status.NominatedNodeName)
	at(status.StartTime)
	for i := range status.Conditions {
		c := &status.Conditions[i]
		add(string(c.Type))
		add(string(c.Status))
		at(&c.LastTransitionTime)
	}
	if resized := resizes(status); resized != nil {
		add(sum(resized))
	}
	h := sha256.Sum256(b)
	return string(h[:])
}

// resizes returns what the status says about in-place resizes, or nil if it says nothing.
func resizes(s *corev1.PodStatus) *corev1.PodStatus {
	says := s.Resources != nil || s.AllocatedResources != nil
	for _, statuses := range [][]corev1.ContainerStatus{s.ContainerStatuses, s.InitContainerStatuses} {
		for i := range statuses {
			says = says || statuses[i].Resources != nil || statuses[i].AllocatedResources != nil
		}
	}
	if !says {
		return nil
	}
	return &corev1.PodStatus{
		ContainerStatuses: resized(s.ContainerStatuses), InitContainerStatuses: resized(s.InitContainerStatuses),
		Resources: s.Resources, AllocatedResources: s.AllocatedResources,
	}
}

// sum returns the hash of a value's JSON.
func sum(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // cannot happen: API objects can be marshalled
		text = fmt.Append(nil, v)
	}
	h := sha256.Sum256(text)
	return string(h[:])
}

// essence returns a copy of an object without the fields that affect no result. It shares
// memory with the object.
func essence(o runtime.Object) runtime.Object {
	o = copyOf(o)
	if meta, ok := o.(metav1.Object); ok {
		meta.SetResourceVersion("")
		meta.SetManagedFields(nil)
		meta.SetGeneration(0)
		meta.SetSelfLink("")
	}
	o.GetObjectKind().SetGroupVersionKind(o.GetObjectKind().GroupVersionKind().GroupVersion().WithKind(""))
	switch x := o.(type) {
	case *corev1.Node:
		x.Status = corev1.NodeStatus{Allocatable: x.Status.Allocatable, Images: x.Status.Images, Conditions: nodeConditions(x)}
	case *appsv1.DaemonSet:
		x.Status = appsv1.DaemonSetStatus{}
	case *appsv1.Deployment:
		x.Status = appsv1.DeploymentStatus{}
	case *appsv1.ReplicaSet:
		x.Status = appsv1.ReplicaSetStatus{}
	case *appsv1.StatefulSet:
		x.Status = appsv1.StatefulSetStatus{}
	case *corev1.Namespace:
		x.Status = corev1.NamespaceStatus{}
	case *policyv1.PodDisruptionBudget:
		x.Status = policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: x.Status.DisruptionsAllowed, DisruptedPods: x.Status.DisruptedPods}
	}
	return o
}

// copyOf returns a copy of an object whose fields can be replaced.
func copyOf(o runtime.Object) runtime.Object {
	copied := reflect.New(reflect.TypeOf(o).Elem())
	copied.Elem().Set(reflect.ValueOf(o).Elem())
	return copied.Interface().(runtime.Object)
}

// nodeConditions returns the node's conditions without heartbeats and messages.
func nodeConditions(n *corev1.Node) []corev1.NodeCondition {
	var all []corev1.NodeCondition
	for _, c := range n.Status.Conditions {
		all = append(all, corev1.NodeCondition{Type: c.Type, Status: c.Status})
	}
	return all
}

// resized returns what the container statuses say about in-place resizes.
func resized(statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	var all []corev1.ContainerStatus
	for _, s := range statuses {
		all = append(all, corev1.ContainerStatus{Name: s.Name, Resources: s.Resources, AllocatedResources: s.AllocatedResources})
	}
	return all
}

// Stale returns nil if the plan was made from this cluster.
// Otherwise the error names the objects that differ, and errors.Is finds ErrStale in
// it. It costs two fingerprints.
func (p *Plan) Stale(c *cluster.Cluster) error {
	return staleness(changed(p.orNothing().base.given, c))
}

// ErrStale is found by errors.Is in every error about a plan that no longer fits the
// cluster.
var ErrStale = errors.New("the plan is stale: it was made from another cluster")

func staleness(moved map[string]string) error {
	if len(moved) == 0 {
		return nil
	}
	const most = 5
	names := slices.Sorted(maps.Keys(moved))
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	return fmt.Errorf("%w: changed: %s%s", ErrStale, strings.Join(names, ", "), more)
}

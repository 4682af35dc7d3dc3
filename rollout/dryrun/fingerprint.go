package dryrun

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
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
// costs some 20 µs per object.
func fingerprintOf(c *cluster.Cluster) string { return sum(prints(c)) }

// fingerprintOfEdits covers the edits of a plan, with the objects that they apply.
func fingerprintOfEdits(p *Plan) string {
	all := map[string]string{}
	for i, e := range p.edits {
		all[fmt.Sprintf("edit %06d", i)] = e.text
	}
	for name, print := range changed(prints(p.Before()), prints(p.After())) { // any order: into a map
		all[name] = print
	}
	return sum(all)
}

// changed returns the objects of b that a lacks or has differently. Objects that only a
// has get an empty print.
func changed(a, b map[string]string) map[string]string {
	out := map[string]string{}
	for name, print := range b { // any order: into a map
		if a[name] != print {
			out[name] = print
		}
	}
	for name := range a { // any order: into a map
		if _, ok := b[name]; !ok {
			out[name] = ""
		}
	}
	return out
}

// prints returns a hash for every object, by its name.
func prints(c *cluster.Cluster) map[string]string {
	all := map[string]string{}
	for _, o := range c.Manifest().Objects() {
		all[nameOf(o)] = hash(essence(o))
	}
	return all
}

func sum(prints map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(prints)) {
		fmt.Fprintf(&b, "%q %s\n", name, prints[name])
	}
	return "berth1:" + hash(b.String())[:32]
}

func hash(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // cannot happen: API objects can be marshalled
		text = fmt.Append(nil, v)
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}

// essence returns a copy of an object without the fields that decide nothing.
func essence(o runtime.Object) runtime.Object {
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
	case *corev1.Pod:
		x.Status = corev1.PodStatus{
			Phase: x.Status.Phase, StartTime: x.Status.StartTime, NominatedNodeName: x.Status.NominatedNodeName, Conditions: podConditions(x),
			ContainerStatuses: resized(x.Status.ContainerStatuses), InitContainerStatuses: resized(x.Status.InitContainerStatuses),
			Resources: x.Status.Resources, AllocatedResources: x.Status.AllocatedResources,
		}
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

// nodeConditions returns the node's conditions without heartbeats and messages.
func nodeConditions(n *corev1.Node) []corev1.NodeCondition {
	var all []corev1.NodeCondition
	for _, c := range n.Status.Conditions {
		all = append(all, corev1.NodeCondition{Type: c.Type, Status: c.Status})
	}
	return all
}

// podConditions returns the pod's conditions without probe times and messages. The time
// since when a pod is ready counts.
func podConditions(p *corev1.Pod) []corev1.PodCondition {
	var all []corev1.PodCondition
	for _, c := range p.Status.Conditions {
		all = append(all, corev1.PodCondition{Type: c.Type, Status: c.Status, LastTransitionTime: c.LastTransitionTime})
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
	return staleness(changed(prints(p.orNothing().base.given), prints(c)))
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

package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// adopt adopts the objects of the cluster: nodes before what is on them,
// controllers before what they own.
func (s *Sim) adopt() error {
	s.adoptNodes()
	if err := s.adoptDaemonSets(); err != nil {
		return err
	}
	s.adoptRevisions()
	if err := errors.Join(s.adoptDeployments(), s.adoptReplicaSets()); err != nil {
		return err
	}
	return s.adoptPods()
}

// adoptNodes creates slots for the nodes, and for nodes that only pods name,
// which count as just removed.
func (s *Sim) adoptNodes() {
	b := borrow.From(s.cluster)
	names := map[string]bool{}
	for i := range b.Len() {
		names[b.Name(i)] = true
	}
	for _, p := range b.Pods() {
		if node := targetNode(p); node != "" {
			names[node] = true
		}
	}
	s.addSlots(slices.Sorted(maps.Keys(names)))
	for n := range s.nodeNames {
		if object, ok := b.Node(s.nodeNames[n].name); ok {
			s.nodes[n].flags = isThere
			s.readCondition(int32(n), object)
		} else {
			s.alarm(collection, int32(n), s.podGC)
		}
	}
}

func (s *Sim) adoptDaemonSets() error {
	for _, ds := range borrow.From(s.cluster).DaemonSets() {
		object := cluster.Default(ds)
		object.Status = appsv1.DaemonSetStatus{}
		if object.Generation == 0 {
			firstGeneration(object)
		}
		d := s.dsc.addDaemonSet(object)
		d.status = *ds.Status.DeepCopy()
		d.deleting = ds.DeletionTimestamp != nil
		if err := s.dsc.setObject(d, object); err != nil {
			return fmt.Errorf("DaemonSet %s: %w", d.key, err)
		}
	}
	return nil
}

// ownerOf returns the DaemonSet that controls the object. free reports that
// nothing does.
func (s *Sim) ownerOf(o metav1.Object) (d *daemonSet, free bool) {
	ref := metav1.GetControllerOfNoCopy(o)
	if ref == nil {
		return nil, true
	}
	if ref.Kind != "DaemonSet" {
		return nil, false
	}
	if d := s.daemonSets.find(o.GetNamespace() + "/" + ref.Name); d != nil && kube.RefersTo(ref, d.object) {
		return d, false
	}
	return nil, false
}

func (s *Sim) adoptRevisions() {
	for _, object := range borrow.From(s.cluster).ControllerRevisions() {
		r := newRevision(object)
		switch d, free := s.ownerOf(object); {
		case d != nil:
			d.revisions = append(d.revisions, r)
		case free:
			s.orphans = append(s.orphans, r)
		default:
			s.foreign = append(s.foreign, r)
		}
	}
	for _, slot := range s.daemonSets.order {
		slices.SortFunc(s.daemonSets.at[slot].revisions, byName)
	}
	slices.SortFunc(s.orphans, byName)
}

// guessRevision is for a dump without ControllerRevisions. The hash in the pods'
// labels depends on the version of Kubernetes that computed it. So guessRevision
// assumes that the present template is the revision that the status counts as
// updated.
func (s *Sim) guessRevision(d *daemonSet) {
	if len(d.revisions) > 0 || d.deleting || d.status.ObservedGeneration != d.object.Generation {
		return
	}
	counts := map[string]int32{}
	for n, head := range d.head {
		if head != none && s.nodes[n].there() {
			counts[s.classes[s.pods[head].class].hash]++
		}
	}
	for _, hash := range slices.Sorted(maps.Keys(counts)) {
		if hash == "" || counts[hash] != d.status.UpdatedNumberScheduled {
			continue
		}
		meta := maps.Clone(d.object.Spec.Template.Labels)
		if meta == nil {
			meta = map[string]string{}
		}
		meta[hashLabel] = hash
		object := &appsv1.ControllerRevision{
			ObjectMeta: metav1.ObjectMeta{
				Name: d.object.Name + "-" + hash, Namespace: d.object.Namespace, Labels: meta,
				OwnerReferences: []metav1.OwnerReference{*d.reference()},
			},
			Revision: max(1, templateGeneration(d.object)),
		}
		object.Data.Raw = d.patch
		d.revisions = []revision{{object, d.patch}}
		return
	}
}

// latest returns the latest timestamp in the cluster.
func latest(c *cluster.Cluster) time.Time {
	var last time.Time
	see := func(times ...metav1.Time) {
		for _, t := range times {
			if t.After(last) {
				last = t.Time
			}
		}
	}
	b := borrow.From(c)
	for i := range b.Len() {
		n := b.At(i)
		see(n.CreationTimestamp)
		for _, x := range n.Status.Conditions {
			see(x.LastHeartbeatTime, x.LastTransitionTime)
		}
	}
	for _, p := range b.Pods() {
		seePod(p, see)
	}
	for _, ds := range b.DaemonSets() {
		see(ds.CreationTimestamp)
	}
	for _, d := range b.Deployments() {
		see(d.CreationTimestamp)
		for _, x := range d.Status.Conditions {
			see(x.LastUpdateTime, x.LastTransitionTime)
		}
	}
	for _, rs := range b.ReplicaSets() {
		see(rs.CreationTimestamp)
	}
	for _, r := range b.ControllerRevisions() {
		see(r.CreationTimestamp)
	}
	if last.IsZero() {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return last
}

func seePod(p *corev1.Pod, see func(...metav1.Time)) {
	see(p.CreationTimestamp)
	if p.Status.StartTime != nil {
		see(*p.Status.StartTime)
	}
	for _, x := range p.Status.Conditions {
		see(x.LastProbeTime, x.LastTransitionTime)
	}
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, x := range list {
			if x.State.Running != nil {
				see(x.State.Running.StartedAt)
			}
			if x.State.Terminated != nil {
				see(x.State.Terminated.StartedAt, x.State.Terminated.FinishedAt)
			}
		}
	}
	if p.DeletionTimestamp != nil && p.DeletionGracePeriodSeconds != nil {
		see(metav1.NewTime(p.DeletionTimestamp.Add(-time.Duration(*p.DeletionGracePeriodSeconds) * time.Second)))
	}
}

func (s *Sim) adoptDeployments() error {
	for _, found := range borrow.From(s.cluster).Deployments() {
		object := cluster.Default(found)
		object.Status = appsv1.DeploymentStatus{}
		object.Generation = max(1, object.Generation)
		d, err := s.dc.addDeployment(object)
		if err = errors.Join(err, kube.CheckReplicas(object.Spec.Replicas)); err != nil {
			return fmt.Errorf("Deployment %s: %w", kube.Key(found), err)
		}
		d.status = *found.Status.DeepCopy()
		d.deleting = found.DeletionTimestamp != nil
	}
	return nil
}

func (s *Sim) adoptReplicaSets() error {
	for _, found := range borrow.From(s.cluster).ReplicaSets() {
		object := cluster.Default(found)
		object.Status = appsv1.ReplicaSetStatus{}
		object.Generation = max(1, object.Generation)
		rs, err := s.rsc.addSet(object, s.deploymentOf(object))
		if err = errors.Join(err, kube.CheckReplicas(object.Spec.Replicas)); err != nil {
			return fmt.Errorf("ReplicaSet %s: %w", kube.Key(found), err)
		}
		rs.status = *found.Status.DeepCopy()
		rs.deleting = found.DeletionTimestamp != nil
	}
	return nil
}

// deploymentOf returns the Deployment that controls the ReplicaSet, or nil.
func (s *Sim) deploymentOf(rs *appsv1.ReplicaSet) *deployment {
	ref := kube.ControllerOf(rs, "Deployment")
	if ref == nil {
		return nil
	}
	if d := s.deployments.find(rs.Namespace + "/" + ref.Name); d != nil && kube.RefersTo(ref, d.object) {
		return d
	}
	return nil
}

// setOf returns the ReplicaSet that controls the object, or nil.
func (s *Sim) setOf(o metav1.Object) *replicaSet {
	ref := kube.ControllerOf(o, "ReplicaSet")
	if ref == nil {
		return nil
	}
	if rs := s.replicaSets.find(o.GetNamespace() + "/" + ref.Name); rs != nil && kube.RefersTo(ref, rs.object) {
		return rs
	}
	return nil
}

// joinAdopted adds a pod of the dump to its ReplicaSet's list. A number in its
// name is not used again.
func (s *Sim) joinAdopted(id int32, rs *replicaSet) {
	s.join(id, rs)
	if serial, ok := parseSerial(strings.TrimPrefix(s.podName(id), namePrefix(rs.object.Name))); ok {
		rs.taken = append(rs.taken, serial)
	}
}

// sortAdopted orders the ReplicaSet's pods by creation.
func (s *Sim) sortAdopted(rs *replicaSet) {
	slices.Sort(rs.taken)
	slices.SortFunc(rs.pods, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.pods[a].created, s.pods[b].created), strings.Compare(s.podName(a), s.podName(b)))
	})
}

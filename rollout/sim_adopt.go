package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// adopt adopts the objects of the cluster: nodes before what is on them,
// controllers before what they own. dumped is the time of the cluster.
func (s *Sim) adopt(dumped simTime) error {
	s.adoptNodes()
	if err := s.adoptDaemonSets(); err != nil {
		return err
	}
	s.adoptRevisions()
	if err := errors.Join(s.adoptDeployments(), s.adoptReplicaSets()); err != nil {
		return err
	}
	err := s.adoptPods(dumped)
	s.assignUIDs()
	s.adoptQuotas()
	return err
}

// assignUIDs sets the UIDs that an API server would have set on the controllers of
// a manifest, so that what the simulation returns can be read back: an
// ownerReference must have one. It comes after the pods have found their owners,
// which the reference of a pod names by the UID that was in the dump.
func (s *Sim) assignUIDs() {
	stamp := func(object metav1.Object, parts ...string) {
		if object.GetUID() == "" {
			object.SetUID(uid(s.config.Seed, append(parts, strconv.Itoa(int(s.now)))...))
		}
	}
	for _, slot := range s.daemonSets.order {
		d := s.daemonSets.at[slot]
		stamp(d.object, d.key)
		for i, r := range d.revisions {
			d.revisions[i] = r.with(func(o *appsv1.ControllerRevision) { completeReference(o, d.object) })
		}
	}
	for _, slot := range s.deployments.order {
		d := s.deployments.at[slot]
		stamp(d.object, "deployment", d.key)
	}
	for _, slot := range s.replicaSets.order {
		rs := s.replicaSets.at[slot]
		stamp(rs.object, "replicaset", rs.object.Namespace, rs.object.Name)
		if rs.deployment != none {
			completeReference(rs.object, s.deployments.at[rs.deployment].object)
		}
	}
}

// completeReference sets the owner's UID in the object's controller reference.
func completeReference(object, owner metav1.Object) {
	if ref := metav1.GetControllerOf(object); ref != nil && ref.UID != owner.GetUID() {
		refs := slices.Clone(object.GetOwnerReferences())
		for i := range refs {
			if refs[i].Controller != nil && *refs[i].Controller {
				refs[i].UID = owner.GetUID()
			}
		}
		object.SetOwnerReferences(refs)
	}
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
			s.nodes[n].settled = s.nodes[n].flags
		} else {
			s.orphan(int32(n))
		}
	}
	s.nlc.adoptZones()
}

func (s *Sim) adoptDaemonSets() error {
	for _, ds := range borrow.From(s.cluster).DaemonSets() {
		object := defaults.ApplyAt(s.release(), ds)
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

// guessRevision is for a DaemonSet without ControllerRevisions, owned or free to be
// adopted. The hash in the pods'
// labels depends on the version of Kubernetes that computed it. So guessRevision
// assumes that the present template is the revision that the status counts as
// updated.
func (s *Sim) guessRevision(d *daemonSet) {
	if len(d.revisions) > 0 || d.deleting || d.status.ObservedGeneration != d.object.Generation ||
		slices.ContainsFunc(s.orphans, func(r revision) bool { return d.claims(r) }) {
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

func (s *Sim) adoptDeployments() error {
	for _, found := range borrow.From(s.cluster).Deployments() {
		object := defaults.ApplyAt(s.release(), found)
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
		object := defaults.ApplyAt(s.release(), found)
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

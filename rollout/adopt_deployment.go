package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
)

func (s *Sim) adoptDeployments() error {
	for _, found := range s.cluster.Borrow().Deployments() {
		object := cluster.Default(found)
		object.Status = appsv1.DeploymentStatus{}
		object.Generation = max(1, object.Generation)
		d, err := s.addDeployment(object)
		if err = errors.Join(err, checkReplicas(object.Spec.Replicas)); err != nil {
			return fmt.Errorf("Deployment %s: %w", keyOf(found), err)
		}
		d.status = *found.Status.DeepCopy()
		d.deleting = found.DeletionTimestamp != nil
	}
	return nil
}

func (s *Sim) adoptReplicaSets() error {
	for _, found := range s.cluster.Borrow().ReplicaSets() {
		object := cluster.Default(found)
		object.Status = appsv1.ReplicaSetStatus{}
		object.Generation = max(1, object.Generation)
		rs, err := s.addSet(object, s.deploymentOf(object))
		if err = errors.Join(err, checkReplicas(object.Spec.Replicas)); err != nil {
			return fmt.Errorf("ReplicaSet %s: %w", keyOf(found), err)
		}
		rs.status = *found.Status.DeepCopy()
		rs.deleting = found.DeletionTimestamp != nil
	}
	return nil
}

// deploymentOf is the Deployment that controls the ReplicaSet, or nil.
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

// setOf is the ReplicaSet that controls the object, or nil.
func (s *Sim) setOf(o metav1.Object) *replicaSet {
	ref := kube.ControllerOf(o, "ReplicaSet")
	if ref == nil {
		return nil
	}
	if rs := s.sets.find(o.GetNamespace() + "/" + ref.Name); rs != nil && kube.RefersTo(ref, rs.object) {
		return rs
	}
	return nil
}

// joinAdopted puts a pod of the dump on its ReplicaSet's list. Its name may be a
// number that is not to come again.
func (s *Sim) joinAdopted(id int32, rs *replicaSet) {
	s.join(id, rs)
	if serial, ok := parseSerial(strings.TrimPrefix(s.podName(id), namePrefix(rs.object.Name))); ok {
		rs.taken = append(rs.taken, serial)
	}
}

// sortAdopted orders the ReplicaSet's pods as they came.
func (s *Sim) sortAdopted(rs *replicaSet) {
	slices.Sort(rs.taken)
	slices.SortFunc(rs.pods, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.pods[a].created, s.pods[b].created), strings.Compare(s.podName(a), s.podName(b)))
	})
}

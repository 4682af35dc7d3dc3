package controllers

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// delete does what the API server and the garbage collector do together.
func (w *world) delete(in Delete) error {
	if ds, ok := w.daemonSets.get(in.Key); ok {
		w.deleteDaemonSet(ds, in.Propagation)
		return nil
	}
	if d, ok := w.deployments.get(in.Key); ok {
		w.deleteDeployment(d, in.Propagation)
		return nil
	}
	return fmt.Errorf("no DaemonSet or Deployment %s", in.Key)
}

func (w *world) deleteDaemonSet(ds *appsv1.DaemonSet, propagation metav1.DeletionPropagation) {
	switch propagation {
	case metav1.DeletePropagationOrphan:
		orphanAll(w.server, w.revisions, w.revisionsOf(ds))
		orphanAll(w.server, w.pods, w.podsOf(ds))
		w.daemonSets.remove(ds)
	case metav1.DeletePropagationForeground:
		awaitDependents(w.server, w.daemonSets, ds)
		w.deleteDependents(ds)
		w.collect()
	default:
		w.daemonSets.remove(ds)
		w.deleteDependents(ds)
	}
}

func (w *world) deleteDependents(ds *appsv1.DaemonSet) {
	for _, r := range w.revisionsOf(ds) {
		w.revisions.remove(r)
	}
	w.deletePods(ds)
}

func (w *world) deleteDeployment(d *appsv1.Deployment, propagation metav1.DeletionPropagation) {
	switch propagation {
	case metav1.DeletePropagationOrphan:
		orphanAll(w.server, w.replicaSets, w.replicaSetsOf(d))
		w.deployments.remove(d)
	case metav1.DeletePropagationForeground:
		awaitDependents(w.server, w.deployments, d)
		for _, rs := range w.replicaSetsOf(d) {
			awaitDependents(w.server, w.replicaSets, rs)
			w.deletePods(rs)
		}
		w.collect()
	default:
		w.deployments.remove(d)
		for _, rs := range w.replicaSetsOf(d) {
			w.deleteReplicaSet(rs)
		}
	}
}

// deleteReplicaSet is a deletion in the background, the default.
func (s *server) deleteReplicaSet(rs *appsv1.ReplicaSet) {
	s.nextVersion()
	s.replicaSets.remove(rs)
	s.deletePods(rs)
}

func (s *server) deletePods(of object) {
	for _, pod := range s.podsOf(of) {
		s.deletePod(pod)
	}
}

// awaitDependents marks the object for deletion in the foreground, which is a new
// generation of it (k8s.io/apiserver/pkg/registry/generic/registry/store.go:
// markAsDeleting).
func awaitDependents[T object](s *server, in *store[T], o T) {
	o = o.DeepCopyObject().(T)
	at, none := metav1.NewTime(s.now), int64(0)
	o.SetDeletionTimestamp(&at)
	o.SetDeletionGracePeriodSeconds(&none)
	o.SetGeneration(o.GetGeneration() + 1)
	o.SetFinalizers([]string{metav1.FinalizerDeleteDependents})
	o.SetResourceVersion(s.nextVersion())
	in.put(o)
}

func orphanAll[T object](s *server, in *store[T], dependents []T) {
	for _, o := range dependents {
		o = o.DeepCopyObject().(T)
		o.SetOwnerReferences(nil)
		o.SetResourceVersion(s.nextVersion())
		in.put(o)
	}
}

// collect removes what was deleted in the foreground and has no dependents left.
func (w *world) collect() {
	for _, ds := range w.daemonSets.list() {
		if ds.DeletionTimestamp != nil && len(w.podsOf(ds)) == 0 {
			w.daemonSets.remove(ds)
		}
	}
	for _, rs := range w.replicaSets.list() {
		if rs.DeletionTimestamp != nil && len(w.podsOf(rs)) == 0 {
			w.replicaSets.remove(rs)
		}
	}
	for _, d := range w.deployments.list() {
		if d.DeletionTimestamp != nil && len(w.replicaSetsOf(d)) == 0 {
			w.deployments.remove(d)
		}
	}
}

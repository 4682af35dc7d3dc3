package rollout

import (
	"errors"
	"fmt"
	"math"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Keys returns the keys of the DaemonSets, ascending.
func (s *Sim) Keys() []string {
	keys := make([]string, 0, len(s.daemonSets.order))
	for _, slot := range s.daemonSets.order {
		keys = append(keys, s.daemonSets.at[slot].key)
	}
	return keys
}

// DeploymentStatus returns the Deployment's status as the controller stored it
// last, and false if there is no such Deployment. Keys are the same as for
// Status.
func (s *Sim) DeploymentStatus(key string) (appsv1.DeploymentStatus, bool) {
	_, d := s.resolve(key)
	if d == nil {
		return appsv1.DeploymentStatus{}, false
	}
	return *d.status.DeepCopy(), true
}

// History returns what kubectl rollout history shows: the DaemonSet's revisions,
// ascending by number. It returns nil if there is no such DaemonSet.
func (s *Sim) History(key string) []*appsv1.ControllerRevision {
	d, _ := s.resolve(key)
	if d == nil {
		return nil
	}
	sorted := slices.Clone(d.revisions)
	slices.SortFunc(sorted, byNumber)
	var history []*appsv1.ControllerRevision
	for _, r := range sorted {
		history = append(history, r.object.DeepCopy())
	}
	return history
}

// Apply is Inject(Apply{Object: obj}): kubectl apply of a DaemonSet or Deployment.
func (s *Sim) Apply(obj runtime.Object) error { return s.Inject(Apply{Object: obj}) }

// Undo is Inject(Undo{key, revision}): kubectl rollout undo.
func (s *Sim) Undo(key string, revision int64) error {
	return s.Inject(Undo{Key: key, Revision: revision})
}

// Delete is Inject(Delete{Key: key}): kubectl delete.
func (s *Sim) Delete(key string) error { return s.Inject(Delete{Key: key}) }

// ReplicaSets returns what kubectl rollout history shows of a Deployment: its
// ReplicaSets, ascending by revision. It returns nil if there is no such
// Deployment.
func (s *Sim) ReplicaSets(key string) []*appsv1.ReplicaSet {
	_, d := s.resolve(key)
	if d == nil {
		return nil
	}
	var sets []*appsv1.ReplicaSet
	for _, rs := range s.revisionsOf(d) {
		sets = append(sets, rs.write())
	}
	return sets
}

// Pause is Inject(Pause{key}): kubectl rollout pause.
func (s *Sim) Pause(key string) error { return s.Inject(Pause{key}) }

// Resume is Inject(Resume{key}): kubectl rollout resume.
func (s *Sim) Resume(key string) error { return s.Inject(Resume{key}) }

// Deployments returns the keys of the Deployments, ascending.
func (s *Sim) Deployments() []string {
	keys := make([]string, 0, len(s.deployments.order))
	for _, slot := range s.deployments.order {
		keys = append(keys, s.deployments.at[slot].key)
	}
	return keys
}

// Status is the DaemonSet's status as the controller stored it last; false if
// there is no such DaemonSet.
func (s *Sim) Status(key string) (appsv1.DaemonSetStatus, bool) {
	d, _ := s.resolve(key)
	if d == nil {
		return appsv1.DaemonSetStatus{}, false
	}
	return *d.status.DeepCopy(), true
}

// RolloutStatus returns what kubectl rollout status prints, word for word with
// its line feed, and whether it would stop waiting
// (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go:
// DaemonSetStatusViewer.Status).
func (s *Sim) RolloutStatus(key string) (message string, done bool, err error) {
	d, deployed := s.resolve(key)
	switch {
	case deployed != nil:
		return deployed.rolloutStatus()
	case d == nil:
		return "", false, notFound(key)
	}
	if d.object.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType {
		return "", true, fmt.Errorf("rollout status is only available for %s strategy type", appsv1.RollingUpdateDaemonSetStrategyType)
	}
	name, status := d.object.Name, &d.status
	switch {
	case d.object.Generation > status.ObservedGeneration:
		return "Waiting for daemon set spec update to be observed...\n", false, nil
	case status.UpdatedNumberScheduled < status.DesiredNumberScheduled:
		return fmt.Sprintf("Waiting for daemon set %q rollout to finish: %d out of %d new pods have been updated...\n",
			name, status.UpdatedNumberScheduled, status.DesiredNumberScheduled), false, nil
	case status.NumberAvailable < status.DesiredNumberScheduled:
		return fmt.Sprintf("Waiting for daemon set %q rollout to finish: %d of %d updated pods are available...\n",
			name, status.NumberAvailable, status.DesiredNumberScheduled), false, nil
	}
	return fmt.Sprintf("daemon set %q successfully rolled out\n", name), true, nil
}

// rolloutStatus follows kubectl (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go:
// DeploymentStatusViewer.Status).
func (d *deployment) rolloutStatus() (message string, done bool, err error) {
	name, status, replicas := d.object.Name, &d.status, d.replicas()
	waiting := fmt.Sprintf("Waiting for deployment %q rollout to finish: ", name)
	switch {
	case d.object.Generation > status.ObservedGeneration:
		return "Waiting for deployment spec update to be observed...\n", false, nil
	case reasonOf(status.Conditions, appsv1.DeploymentProgressing) == reasonTimedOut:
		return "", false, fmt.Errorf("deployment %q exceeded its progress deadline", name)
	case status.UpdatedReplicas < replicas:
		return fmt.Sprintf("%s%d out of %d new replicas have been updated...\n", waiting, status.UpdatedReplicas, replicas), false, nil
	case status.Replicas > status.UpdatedReplicas:
		return fmt.Sprintf("%s%d old replicas are pending termination...\n", waiting, status.Replicas-status.UpdatedReplicas), false, nil
	case status.AvailableReplicas < status.UpdatedReplicas:
		return fmt.Sprintf("%s%d of %d updated replicas are available...\n", waiting, status.AvailableReplicas, status.UpdatedReplicas), false, nil
	}
	return fmt.Sprintf("deployment %q successfully rolled out\n", name), true, nil
}

// Scale is Inject(Scale{key, replicas}): kubectl scale. A DaemonSet cannot be
// scaled; the error names the alternative.
func (s *Sim) Scale(key string, replicas int) error {
	switch d, deployed := s.resolve(key); {
	case d != nil:
		return d.scaleError(replicas)
	case deployed == nil && len(s.inputs) == 0:
		return errors.Join(checkKey(key), notFound(key))
	}
	return s.Inject(Scale{key, int32(min(max(replicas, math.MinInt32), math.MaxInt32))})
}

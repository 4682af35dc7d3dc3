package rollout

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Apply is Inject(Apply{Object: obj}): kubectl apply of a DaemonSet or Deployment.
func (s *Sim) Apply(obj runtime.Object) error { return s.Inject(Apply{Object: obj}) }

// RolloutStatus returns what kubectl rollout status prints, word for word with
// its line feed, and whether it would stop waiting
// (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go:
// DaemonSetStatusViewer.Status).
func (s *Sim) RolloutStatus(key string) (message string, done bool, err error) {
	d, deployed, err := s.lookup(key)
	switch {
	case err != nil:
		return "", false, err
	case deployed != nil:
		return deployed.rolloutStatus()
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

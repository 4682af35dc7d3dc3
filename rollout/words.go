package rollout

import (
	"errors"
	"fmt"
	"math"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
)

func cutKey(key string) (namespace, name string, ok bool) { return strings.Cut(key, "/") }

// notFound names the object; where the key is none, the key.
func notFound(key string) error {
	kind, name := cutKind(key)
	if _, n, ok := cutKey(name); ok && n != "" {
		name = n
	}
	switch kind {
	case "deployment":
		return fmt.Errorf("deployments.apps %q not found", name)
	case "daemonset":
		return fmt.Errorf("daemonsets.apps %q not found", name)
	}
	return fmt.Errorf("daemonsets.apps and deployments.apps %q not found", name)
}

// RolloutStatus is what kubectl rollout status prints, word for word with its
// line feed, and whether it would stop waiting
// (k8s.io/kubectl/pkg/polymorphichelpers: DaemonSetStatusViewer.Status).
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

// rolloutStatus follows k8s.io/kubectl/pkg/polymorphichelpers: DeploymentStatusViewer.Status.
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

// Scale is Inject(Scale{key, replicas}): kubectl scale. A DaemonSet has no scale:
// the error says what it offers instead.
func (s *Sim) Scale(key string, replicas int) error {
	switch d, deployed := s.resolve(key); {
	case d != nil:
		return d.scaleError(replicas)
	case deployed == nil && len(s.inputs) == 0:
		return errors.Join(checkKey(key), notFound(key))
	}
	return s.Inject(Scale{key, int32(min(max(replicas, math.MinInt32), math.MaxInt32))})
}

func (d *daemon) scaleError(replicas int) error {
	return fmt.Errorf("daemonset %q has no scale and cannot be given %d replicas: it runs one pod on each of its %d eligible nodes; "+
		"to change how many that are, change nodeSelector, affinity or tolerations of its template, or labels and taints of nodes",
		d.object.Name, replicas, d.status.DesiredNumberScheduled)
}

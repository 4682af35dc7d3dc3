package rollout

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
)

func cutKey(key string) (namespace, name string, ok bool) { return strings.Cut(key, "/") }

func notFound(key string) error {
	_, name, _ := cutKey(key)
	return fmt.Errorf("daemonsets.apps %q not found", name)
}

// RolloutStatus is what kubectl rollout status prints, word for word with its
// line feed, and whether it would stop waiting
// (k8s.io/kubectl/pkg/polymorphichelpers: DaemonSetStatusViewer.Status).
func (s *Sim) RolloutStatus(key string) (message string, done bool, err error) {
	d := s.find(key)
	if d == nil {
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

// Scale is always an error: a DaemonSet has no scale. The error says what it
// offers instead.
func (s *Sim) Scale(key string, replicas int) error {
	d := s.find(key)
	if d == nil {
		return notFound(key)
	}
	return fmt.Errorf("daemonset %q has no scale and cannot be given %d replicas: it runs one pod on each of its %d eligible nodes; "+
		"to change how many that are, change nodeSelector, affinity or tolerations of its template, or labels and taints of nodes",
		d.object.Name, replicas, d.status.DesiredNumberScheduled)
}

package rollout

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/kube"
)

// Apply is Inject(Apply{Object: obj}): kubectl apply of a DaemonSet or Deployment.
func (s *Sim) Apply(obj runtime.Object) error { return s.Inject(Apply{Object: obj}) }

// RolloutStatus returns what kubectl rollout status prints, word for word with
// its line feed, and whether it would stop waiting
// (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go:
// DaemonSetStatusViewer.Status). An input that changes the object in the next tick
// is a change that the controller has not observed yet. Keys are the same as for
// Object.
func (s *Sim) RolloutStatus(key string) (message string, done bool, err error) {
	d, deployed, err := s.lookup(key)
	switch outstanding := s.outstanding(key); {
	case outstanding == kube.DaemonSetKind && (d == nil || d.rolling):
		return "Waiting for daemon set spec update to be observed...\n", false, nil
	case outstanding == kube.DeploymentKind:
		return "Waiting for deployment spec update to be observed...\n", false, nil
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

// inputDue reports whether an input takes effect in the next tick.
func (s *Sim) inputDue() bool { return len(s.inputs) > 0 && s.inputs[0].tick <= s.now+1 }

// outstanding returns the kind of the object with the key if an input of the next
// tick may change its spec, and "" otherwise. The object may not exist yet.
func (s *Sim) outstanding(key string) string {
	wanted := s.identify(key)
	if s.daemonSets.find(wanted) != nil {
		return "" // there is a Deployment with the same key
	}
	for _, in := range s.inputs {
		if in.tick > s.now+1 {
			break
		}
		if changed := s.identify(changedKey(in.input)); changed == wanted || plainKey(changed) == wanted {
			kind, _, _ := kube.ParseKey(changed)
			return kind
		}
	}
	return ""
}

// identify returns the key with its kind if it names an object, and the key as it
// is otherwise.
func (s *Sim) identify(key string) string {
	switch d, deployed := s.resolve(key); {
	case d != nil:
		return d.fullKey
	case deployed != nil:
		return deployed.fullKey
	}
	return key
}

// changedKey returns the key of the object whose spec the input changes, or "".
func changedKey(in Input) string {
	switch x := in.(type) {
	case Apply:
		return x.key()
	case Undo:
		return x.Key
	case Scale:
		return x.Key
	case Pause:
		return x.Key
	case Resume:
		return x.Key
	}
	return ""
}

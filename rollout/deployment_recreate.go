package rollout

import (
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/kube"
)

// recreate creates the new ReplicaSet when no pod of an old one runs
// (pkg/controller/deployment/recreate.go: rolloutRecreate).
func (y *deploymentSync) recreate() error {
	current, old, err := y.replicaSets(false)
	if err != nil {
		return err
	}
	shrunk := false
	for _, rs := range activeOf(nil, old) {
		shrunk = y.resize(rs, 0, false) || shrunk
	}
	if shrunk || y.oldPodsRun(old) {
		return y.rolloutStatus(current, old)
	}
	if current == nil {
		if current, old, err = y.replicaSets(true); err != nil {
			return err
		}
	}
	y.resize(current, y.d.replicas(), false)
	if y.d.complete(&y.now) {
		y.cleanup(old)
	}
	return y.rolloutStatus(current, old)
}

// oldPodsRun follows the controller (pkg/controller/deployment/recreate.go:
// oldPodsRunning): pods on their way out run too.
func (y *deploymentSync) oldPodsRun(old []*replicaSet) bool {
	for _, rs := range old {
		if rs.status.Replicas > 0 {
			return true
		}
		for _, id := range rs.pods {
			if p := &y.dc.pods[id]; !p.terminal() && y.counts(p) {
				return true
			}
		}
	}
	return false
}

// counts reports whether the controller counts a pod of the Deployment's
// ReplicaSets as the Deployment's
// (pkg/controller/deployment/deployment_controller.go: getPodMapForDeployment).
func (y *deploymentSync) counts(p *pod) bool {
	return y.dc.release().Has(kube.RecreateByOwner) || y.d.selector.Matches(labels.Set(y.dc.classes[p.class].labels))
}

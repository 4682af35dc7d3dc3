package rollout

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/internal/kube"
)

// Short forms of questions to a simulation, for tests that know the answer to be
// there.

func daemonSetKeys(s *Sim) []string  { return keysOf(s, kube.DaemonSetKind) }
func deploymentKeys(s *Sim) []string { return keysOf(s, kube.DeploymentKind) }

// keysOf returns the keys of one kind, without it.
func keysOf(s *Sim, kind string) (keys []string) {
	for _, key := range s.Keys() {
		if plain, ok := strings.CutPrefix(key, kind); ok {
			keys = append(keys, plain)
		}
	}
	return keys
}

// shownPods returns no pods if there is no such object.
func shownPods(s *Sim, key string) []Pod {
	pods, _ := s.Pods(key)
	return pods
}

func daemonSetStatus(s *Sim, key string) (status appsv1.DaemonSetStatus, ok bool) {
	object, err := s.Object("daemonset/" + key)
	if err != nil {
		return status, false
	}
	return object.(*appsv1.DaemonSet).Status, true
}

func deploymentStatus(s *Sim, key string) (status appsv1.DeploymentStatus, ok bool) {
	object, err := s.Object("deployment/" + key)
	if err != nil {
		return status, false
	}
	return object.(*appsv1.Deployment).Status, true
}

// replicaSetsOf returns the ReplicaSets of a Deployment, ascending by revision.
func replicaSetsOf(s *Sim, key string) (sets []*appsv1.ReplicaSet) {
	if _, d := s.resolve("deployment/" + key); d != nil {
		for _, rs := range s.revisionsOf(d) {
			sets = append(sets, rs.write())
		}
	}
	return sets
}

package kube

import "fmt"

// MostReplicas bounds what berth holds in one Deployment, ReplicaSet or
// StatefulSet: more pods than any cluster runs. It is berth's own limit, and no
// rule of Kubernetes.
const MostReplicas = 200_000

// CheckReplicas returns an error for a number of replicas that is negative or
// above MostReplicas. A nil stands for the default.
func CheckReplicas(replicas *int32) error {
	switch {
	case replicas == nil:
		return nil
	case *replicas < 0:
		return fmt.Errorf("replicas %d: must not be negative", *replicas)
	case *replicas > MostReplicas:
		return fmt.Errorf("replicas %d: a simulation takes at most %d", *replicas, MostReplicas)
	}
	return nil
}

package kube

import "fmt"

// MostReplicas is the largest number of replicas that berth accepts in one
// Deployment, ReplicaSet or StatefulSet: more pods than any cluster runs. It is
// berth's own limit, not a rule of Kubernetes.
const MostReplicas = 200_000

// CheckReplicas returns an error if the number of replicas is negative or above
// MostReplicas. A nil pointer means the default.
func CheckReplicas(replicas *int32) error {
	switch {
	case replicas == nil:
		return nil
	case *replicas < 0:
		return fmt.Errorf("replicas %d: must not be negative", *replicas)
	case *replicas > MostReplicas:
		return fmt.Errorf("replicas %d: berth accepts at most %d", *replicas, MostReplicas)
	}
	return nil
}

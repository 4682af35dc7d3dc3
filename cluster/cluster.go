package cluster

import "k8s.io/apimachinery/pkg/runtime"

// Cluster is an immutable snapshot.
type Cluster struct{}

// New builds a cluster of the objects.
func New(objects ...runtime.Object) (*Cluster, error) {
	return &Cluster{}, nil
}

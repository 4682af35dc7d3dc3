package cluster

import "k8s.io/apimachinery/pkg/runtime"

// Default returns a copy of object with every default of the API server.
func Default[T runtime.Object](object T) T {
	return object.DeepCopyObject().(T)
}

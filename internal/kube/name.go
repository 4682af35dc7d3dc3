package kube

import (
	"fmt"
	"hash/fnv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Key returns the object's "namespace/name" (k8s.io/client-go/tools/cache/store.go:
// MetaNamespaceKeyFunc). Without a namespace it starts with the slash.
func Key(object metav1.Object) string { return object.GetNamespace() + "/" + object.GetName() }

// HashName returns the 64-bit FNV-1a hash of a name. Random draws use it as their
// key, so that adding a node does not change the values drawn for others.
func HashName(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// FirstNames lists names. If there are many, it lists the first three: "a b c and 4
// more".
func FirstNames(names []string) string {
	const shown = 3
	if len(names) <= shown+1 {
		return strings.Join(names, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], " "), len(names)-shown)
}

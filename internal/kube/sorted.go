package kube

import (
	"cmp"
	"iter"
	"maps"
	"slices"
)

// Sorted yields the entries of a map in ascending order of keys.
func Sorted[M ~map[K]V, K cmp.Ordered, V any](m M) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

package snapshot

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// key names an object within its kind; nodes and other cluster-wide kinds have no namespace.
type key struct{ namespace, name string }

func keyOf(o metav1.Object) key { return key{o.GetNamespace(), o.GetName()} }

func (k key) String() string {
	if k.namespace == "" {
		return cmp.Or(k.name, `""`)
	}
	return k.namespace + "/" + k.name
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

// table holds the objects of one kind, ascending by key. It is not modified once it
// is part of a Snapshot.
type table[T metav1.Object] []T

func (t table[T]) find(k key) (T, bool) {
	i, ok := slices.BinarySearchFunc(t, k, func(o T, k key) int { return compareKeys(keyOf(o), k) })
	if !ok {
		var none T
		return none, false
	}
	return t[i], true
}

// in returns the objects in a namespace.
func (t table[T]) in(namespace string) []T {
	at := func(o T, namespace string) int { return strings.Compare(o.GetNamespace(), namespace) }
	from, _ := slices.BinarySearchFunc(t, namespace, at)
	n := 0
	for from+n < len(t) && t[from+n].GetNamespace() == namespace {
		n++
	}
	return t[from : from+n : from+n]
}

func compareObjects[T metav1.Object](a, b T) int {
	return cmp.Or(strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
}

// with returns the table with the ordered objects added. They replace objects with
// the same key.
func (t table[T]) with(added table[T]) table[T] {
	if len(added) == 0 {
		return t
	}
	if len(t) == 0 {
		return added
	}
	out := make(table[T], 0, len(t)+len(added))
	for len(t) > 0 && len(added) > 0 {
		switch order := compareObjects(t[0], added[0]); {
		case order < 0:
			out, t = append(out, t[0]), t[1:]
		case order > 0:
			out, added = append(out, added[0]), added[1:]
		default:
			out, t, added = append(out, added[0]), t[1:], added[1:]
		}
	}
	return append(append(out, t...), added...)
}

// without returns the table without the objects with these keys.
func (t table[T]) without(gone map[key]bool) table[T] {
	if len(gone) == 0 {
		return t
	}
	return slices.DeleteFunc(slices.Clone(t), func(o T) bool { return gone[keyOf(o)] })
}

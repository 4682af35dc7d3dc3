package podtemplate

import (
	"reflect"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Identical reports whether two values are written alike. It is stricter than
// reflect.DeepEqual for types with unexported fields that it cannot inspect. It is
// several times as fast, as the work on types is done once.
func Identical[T any](a, b *T) bool {
	t := reflect.TypeFor[T]()
	return comparerOf(t)(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem())
}

// comparer reports whether two values of its type are written alike.
type comparer func(a, b reflect.Value) bool

var comparers sync.Map

func comparerOf(t reflect.Type) comparer {
	if known, ok := comparers.Load(t); ok {
		return known.(comparer)
	}
	same := newComparer(t)
	comparers.Store(t, same)
	return same
}

func newComparer(t reflect.Type) comparer {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return func(a, b reflect.Value) bool {
			return *a.Addr().Interface().(*resource.Quantity) == *b.Addr().Interface().(*resource.Quantity)
		}
	case reflect.TypeFor[map[string]string]():
		return func(a, b reflect.Value) bool {
			return a.Pointer() == b.Pointer() || sameMap(a.Interface().(map[string]string), b.Interface().(map[string]string))
		}
	case reflect.TypeFor[corev1.ResourceList]():
		return func(a, b reflect.Value) bool {
			return a.Pointer() == b.Pointer() || sameMap(a.Interface().(corev1.ResourceList), b.Interface().(corev1.ResourceList))
		}
	}
	switch t.Kind() {
	case reflect.Bool:
		return func(a, b reflect.Value) bool { return a.Bool() == b.Bool() }
	case reflect.Int, reflect.Int32, reflect.Int64:
		return func(a, b reflect.Value) bool { return a.Int() == b.Int() }
	case reflect.String:
		return func(a, b reflect.Value) bool { return a.String() == b.String() }
	case reflect.Pointer:
		same := comparerOf(t.Elem())
		return func(a, b reflect.Value) bool {
			return a.Pointer() == b.Pointer() || !a.IsNil() && !b.IsNil() && same(a.Elem(), b.Elem())
		}
	case reflect.Slice:
		return sliceComparer(t)
	case reflect.Struct:
		return structComparer(t)
	}
	return func(a, b reflect.Value) bool { return reflect.DeepEqual(a.Interface(), b.Interface()) }
}

func sliceComparer(t reflect.Type) comparer {
	same := comparerOf(t.Elem())
	return func(a, b reflect.Value) bool {
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		if a.Pointer() == b.Pointer() {
			return true
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
}

func structComparer(t reflect.Type) comparer {
	var fields []comparer
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return func(a, b reflect.Value) bool { return reflect.DeepEqual(a.Interface(), b.Interface()) }
		}
		fields = append(fields, comparerOf(t.Field(i).Type))
	}
	return func(a, b reflect.Value) bool {
		for i, same := range fields {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
}

func sameMap[K, V comparable](a, b map[K]V) bool {
	if len(a) != len(b) || (a == nil) != (b == nil) {
		return false
	}
	for key, x := range a { // in any order
		if y, ok := b[key]; !ok || x != y {
			return false
		}
	}
	return true
}

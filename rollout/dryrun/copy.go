package dryrun

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
)

// deepCopy returns a copy of data that shares no memory with it, as far as callers can
// reach it: unexported fields are shared.
func deepCopy[T any](v T) T {
	copied := reflect.New(reflect.TypeFor[T]()).Elem()
	copyInto(copied, reflect.ValueOf(&v).Elem())
	return copied.Interface().(T)
}

// copyInto sets to, which is settable, to a copy of from.
func copyInto(to, from reflect.Value) {
	to.Set(from)
	switch from.Kind() {
	case reflect.Interface, reflect.Slice, reflect.Pointer:
		if from.IsNil() {
			return
		}
	}
	if object, ok := from.Interface().(runtime.Object); ok {
		to.Set(reflect.ValueOf(object.DeepCopyObject()))
		return
	}
	switch from.Kind() {
	case reflect.Interface:
		copied := reflect.New(from.Elem().Type()).Elem()
		copyInto(copied, from.Elem())
		to.Set(copied)
	case reflect.Struct:
		for i := range from.NumField() {
			if from.Type().Field(i).IsExported() {
				copyInto(to.Field(i), from.Field(i))
			}
		}
	case reflect.Slice:
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			copyInto(to.Index(i), from.Index(i))
		}
	case reflect.Pointer:
		to.Set(reflect.New(from.Type().Elem()))
		copyInto(to.Elem(), from.Elem())
	}
}

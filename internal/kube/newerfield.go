package kube

import "reflect"

// HasField reports whether a struct has a field with the name that is not zero. The
// oldest k8s.io/api that berth builds with lacks some fields of LatestRelease: with
// it such a field is an unknown field of the manifest, and never set.
func HasField[T any](object *T, name string) bool {
	field := reflect.ValueOf(object).Elem().FieldByName(name)
	return field.IsValid() && !field.IsZero()
}

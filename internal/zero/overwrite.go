package zero

import "reflect"

// Overwrite changes everything that a caller can reach from a value, as far as it is
// exported: fields, items of lists, entries of maps. It calls functions that yield
// values, and overwrites those.
func Overwrite(v any) { overwrite(reflect.ValueOf(v), 0) }

func overwrite(v reflect.Value, depth int) {
	if depth > 30 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			overwrite(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				overwrite(v.Field(i), depth+1)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			overwrite(v.Index(i), depth+1)
			set(v.Index(i), depth)
		}
	case reflect.Map:
		overwriteMap(v, depth)
	case reflect.Func:
		for item := range yielded(v) {
			overwrite(item, depth+1)
		}
	}
	set(v, depth)
}

// set changes a value itself, once everything behind it has been changed.
func set(v reflect.Value, depth int) {
	switch {
	case !v.CanSet():
	case v.Kind() == reflect.String:
		v.SetString("overwritten")
	case v.CanInt():
		v.SetInt(-42)
	case depth > 0:
		v.SetZero()
	}
}

func overwriteMap(v reflect.Value, depth int) {
	for _, key := range v.MapKeys() {
		overwrite(v.MapIndex(key), depth+1)
		v.SetMapIndex(key, reflect.Value{})
	}
	if key := reflect.New(v.Type().Key()).Elem(); !v.IsNil() && key.Kind() == reflect.String {
		key.SetString("overwritten")
		v.SetMapIndex(key, reflect.Zero(v.Type().Elem()))
	}
}

// yielded returns the values that an iterator with one value yields.
func yielded(v reflect.Value) func(func(reflect.Value) bool) {
	if !v.Type().CanSeq() || v.IsNil() {
		return func(func(reflect.Value) bool) {}
	}
	return v.Seq()
}

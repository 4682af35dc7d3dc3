package apply

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	strictjson "sigs.k8s.io/json"
)

// treeOf returns an object as the JSON that a user would have written: without zero
// values that the Go type would write although nobody set them, and without status,
// type and the metadata that the server owns.
func treeOf(object runtime.Object) map[string]any {
	tree, _ := valueTree(reflect.ValueOf(object)).(map[string]any)
	delete(tree, "apiVersion")
	delete(tree, "kind")
	if tree["metadata"] == nil {
		tree["metadata"] = map[string]any{}
	}
	dropServerFields(tree)
	return tree
}

func metadata(tree map[string]any) map[string]any {
	meta, _ := tree["metadata"].(map[string]any)
	return meta
}

// valueTree returns a value as JSON: maps, lists and scalars, integers as int64.
func valueTree(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		return valueTree(v.Elem())
	}
	if v.CanInterface() {
		if marshaler, ok := asMarshaler(v); ok {
			return marshaled(marshaler)
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		tree := map[string]any{}
		addFields(tree, v)
		return tree
	case reflect.Map:
		tree := map[string]any{}
		for _, key := range v.MapKeys() {
			tree[key.String()] = valueTree(v.MapIndex(key))
		}
		return tree
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = valueTree(v.Index(i))
		}
		return list
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	}
	panic(fmt.Sprintf("no modelled kind has a %s", v.Type()))
}

// asMarshaler returns the MarshalJSON of the value or of a pointer to it.
func asMarshaler(v reflect.Value) (json.Marshaler, bool) {
	if m, ok := v.Interface().(json.Marshaler); ok {
		return m, true
	}
	pointer := reflect.New(v.Type())
	pointer.Elem().Set(v)
	m, ok := pointer.Interface().(json.Marshaler)
	return m, ok
}

func marshaled(m json.Marshaler) any {
	var tree any
	text, err := m.MarshalJSON()
	if err == nil {
		err = strictjson.UnmarshalCaseSensitivePreserveInts(text, &tree)
	}
	if err != nil {
		return nil
	}
	return tree
}

// addFields adds the fields that are set: nonzero fields, and scalars without
// omitempty, which manifests must have.
func addFields(tree map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		field := v.Field(i)
		switch {
		case name == "-":
		case name == "":
			addFields(tree, field)
		case !field.IsZero() || isScalar(field) && !strings.Contains(options, "omitempty"):
			tree[name] = valueTree(field)
		}
	}
}

func isScalar(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Struct, reflect.Interface:
		return false
	}
	return true
}

// addZeros adds to the tree of an object the zeros that its JSON states and that a Go
// object does not show: null, which deletes a field, false, 0, "" and empty structs.
// Lists are compared element by element.
func addZeros(tree, written any) {
	switch tree := tree.(type) {
	case map[string]any:
		fields, _ := written.(map[string]any)
		for name, value := range fields { // any order: each by itself
			if inner, ok := tree[name]; ok {
				addZeros(inner, value)
			} else if isZero(value) {
				tree[name] = value
			}
		}
	case []any:
		items, _ := written.([]any)
		for i := range min(len(tree), len(items)) {
			addZeros(tree[i], items[i])
		}
	}
}

func isZero(value any) bool {
	fields, ok := value.(map[string]any)
	return value == nil || ok && len(fields) == 0 || value == false || value == "" || value == int64(0) || value == float64(0)
}

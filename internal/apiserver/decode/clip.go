package decode

import (
	"reflect"
	"sync"
)

// clip trims the capacity of the slices in an object to their length. A decoder
// grows slices as it reads, and without clip half of the memory of a dump would be
// unused capacity.
func clip(object any) {
	v := reflect.ValueOf(object).Elem()
	if do := clipperOf(v.Type()); do != nil {
		do(v)
	}
}

// clipper clips the slices in a value.
type clipper func(v reflect.Value)

// clippers caches the clipper of each type, or nil if the type has no slices.
var clippers sync.Map

func clipperOf(t reflect.Type) clipper {
	if known, ok := clippers.Load(t); ok {
		return known.(clipper)
	}
	do := newClipper(t)
	clippers.Store(t, do)
	return do
}

func newClipper(t reflect.Type) clipper {
	switch t.Kind() {
	case reflect.Struct:
		return structClipper(t)
	case reflect.Slice:
		return sliceClipper(t)
	case reflect.Pointer:
		inner := clipperOf(t.Elem())
		if inner == nil {
			return nil
		}
		return func(v reflect.Value) {
			if !v.IsNil() {
				inner(v.Elem())
			}
		}
	}
	return nil
}

func structClipper(t reflect.Type) clipper {
	type field struct {
		index int
		do    clipper
	}
	var fields []field
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			continue
		}
		if do := clipperOf(t.Field(i).Type); do != nil {
			fields = append(fields, field{i, do})
		}
	}
	if fields == nil {
		return nil
	}
	return func(v reflect.Value) {
		for _, f := range fields {
			f.do(v.Field(f.index))
		}
	}
}

func sliceClipper(t reflect.Type) clipper {
	inner := clipperOf(t.Elem())
	return func(v reflect.Value) {
		n := v.Len()
		if v.Cap() > n {
			exact := reflect.MakeSlice(t, n, n)
			reflect.Copy(exact, v)
			v.Set(exact)
		}
		if inner == nil {
			return
		}
		for i := range n {
			inner(v.Index(i))
		}
	}
}

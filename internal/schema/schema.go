// Package schema makes JSON Schemas (draft 2020-12) from tagged Go types, and checks
// documents against them.
package schema

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// Schema is a JSON Schema, or a part of one.
type Schema map[string]any

// Maker makes schemas. Both fields may be nil.
type Maker struct {
	Enums map[reflect.Type][]string     // the words of enumerations
	Forms map[reflect.Type]reflect.Type // types with a MarshalJSON of their own: a type with the same JSON
}

// Of returns the schema of a type. Structs have exactly the fields of the type. A field
// is required unless its tag has omitempty.
func (m Maker) Of(t reflect.Type, title string) Schema {
	b := &builder{Maker: m, defs: Schema{}}
	root := b.of(t)
	root["$schema"], root["title"] = "https://json-schema.org/draft/2020-12/schema", title
	if len(b.defs) > 0 {
		root["$defs"] = b.defs
	}
	return root
}

type builder struct {
	Maker
	defs Schema
}

var (
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	duration      = reflect.TypeFor[time.Duration]()
	rawMessage    = reflect.TypeFor[json.RawMessage]()
)

func (b *builder) of(t reflect.Type) Schema {
	if form, ok := b.Forms[t]; ok {
		if form.Kind() == reflect.Struct {
			return b.ref(t, form)
		}
		t = form
	}
	switch words, enum := b.Enums[t]; {
	case enum:
		return Schema{"type": "string", "enum": words}
	case t == duration:
		return Schema{"type": "integer", "description": "nanoseconds"}
	case t == rawMessage:
		return Schema{}
	case t.Implements(textMarshaler) || reflect.PointerTo(t).Implements(textMarshaler):
		return Schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return b.of(t.Elem())
	case reflect.Struct:
		return b.ref(t, t)
	case reflect.Slice, reflect.Array:
		return Schema{"type": "array", "items": b.of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": b.of(t.Elem())}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Interface:
		return Schema{}
	}
	return Schema{"type": "integer"}
}

// ref returns a reference to the definition of a struct, with the fields of another type
// if that is its form. A definition may contain itself.
func (b *builder) ref(t, form reflect.Type) Schema {
	name := t.Name()
	if name == "" {
		return b.object(form)
	}
	if _, known := b.defs[name]; !known {
		b.defs[name] = Schema{} // ends the recursion
		b.defs[name] = b.object(form)
	}
	return Schema{"$ref": "#/$defs/" + name}
}

func (b *builder) object(t reflect.Type) Schema {
	properties, required := Schema{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-" || f.Anonymous && name == "":
			continue
		case name == "":
			name = f.Name
		}
		properties[name] = b.of(f.Type)
		if !strings.Contains(options, "omitempty") {
			required = append(required, name)
		}
	}
	return Schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

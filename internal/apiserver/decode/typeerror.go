package decode

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	kjson "sigs.k8s.io/json"

	"github.com/berthsim/berth/internal/spell"
)

// mistake is a message about a field of an object.
type mistake struct {
	field, message string
	boolean        string // the value, if it is true or false where a string is required
}

// typeErrors finds every value in raw that cannot be decoded into its Go type: the
// smallest parts that fail on their own. The decoder itself names only the first,
// without list indices, and none inside a type with its own decoding, such as a
// quantity.
func typeErrors(raw json.RawMessage, t reflect.Type, path string) []mistake {
	if len(raw) == 0 {
		return nil // absent
	}
	err := kjson.UnmarshalCaseSensitivePreserveInts(raw, reflect.New(t).Interface())
	if err == nil {
		return nil
	}
	var found []mistake
	for _, p := range partsOf(raw, t, path) {
		found = append(found, typeErrors(p.raw, p.t, p.path)...)
	}
	if found == nil {
		return []mistake{{path, explainTypeError(raw, t, err), strayBoolean(raw, t)}}
	}
	return found
}

func strayBoolean(raw json.RawMessage, t reflect.Type) string {
	if text := string(raw); t.Kind() == reflect.String && (text == "true" || text == "false") {
		return text
	}
	return ""
}

// part is a value inside another, with its Go type.
type part struct {
	raw  json.RawMessage
	t    reflect.Type
	path string
}

// partsOf splits a value into parts as its type does. It returns nil if the type
// decodes itself or the value is not of that shape.
func partsOf(raw json.RawMessage, t reflect.Type, path string) (parts []part) {
	t = pointedTo(t)
	if decodesItself(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		types := fieldTypes(t)
		members := objectOf(raw)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if field, ok := types[name]; ok {
				parts = append(parts, part{members[name], field, joinPath(path, name)})
			}
		}
	case reflect.Map:
		members := objectOf(raw)
		for _, key := range slices.Sorted(maps.Keys(members)) {
			parts = append(parts, part{members[key], t.Elem(), path + "[" + cutTo(key, maxPath/2) + "]"})
		}
	case reflect.Slice:
		for i, item := range itemsOf(raw) {
			parts = append(parts, part{item, t.Elem(), path + "[" + strconv.Itoa(i) + "]"})
		}
	}
	return parts
}

func decodesItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}

// fieldsOf caches the results of fieldTypes.
var fieldsOf sync.Map

// fieldTypes returns the JSON fields of a struct type with their Go types, including
// those of inlined structs.
func fieldTypes(t reflect.Type) map[string]reflect.Type {
	if known, ok := fieldsOf.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	fields := findFields(t)
	fieldsOf.Store(t, fields)
	return fields
}

func findFields(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name == "" && f.Anonymous:
			maps.Copy(fields, fieldTypes(f.Type))
		case name != "":
			fields[name] = f.Type
		}
	}
	return fields
}

// explainTypeError describes the type that the field requires and the value that it
// has.
func explainTypeError(raw json.RawMessage, t reflect.Type, err error) string {
	t = pointedTo(t)
	want := wanted(t)
	if want == "" {
		return strings.TrimPrefix(err.Error(), "json: ") + " (got " + describeValue(raw) + ")"
	}
	return "must be " + want + ", not " + describeValue(raw) + adviseQuotes(raw, t)
}

// wanted returns the type in words of YAML, or "" for types with their own decoding.
func wanted(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return "a quantity such as 500m or 2Gi"
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime]():
		return "a time such as 2026-01-02T15:04:05Z"
	case reflect.TypeFor[intstr.IntOrString]():
		return "a whole number or a string such as 10%"
	}
	if decodesItself(t) {
		return ""
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number (int" + strconv.Itoa(t.Bits()) + ")"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "base64 text"
		}
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return ""
}

// adviseQuotes returns advice for missing and for superfluous quotes.
func adviseQuotes(raw json.RawMessage, t reflect.Type) string {
	switch {
	case t.Kind() == reflect.String && !strings.ContainsAny(string(raw[:1]), `"[{`):
		return ": put it in quotes"
	case t.Kind() == reflect.String || raw[0] != '"':
		return ""
	}
	inside := json.RawMessage(stringOf(raw))
	if len(inside) > 0 && kjson.UnmarshalCaseSensitivePreserveInts(inside, reflect.New(t).Interface()) == nil {
		return ": write it without quotes"
	}
	return ""
}

// describeValue returns a JSON scalar as text, or the shape of another value.
func describeValue(raw json.RawMessage) string {
	switch text := string(raw); text[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return quote(stringOf(raw))
	default:
		return cut(text)
	}
}

// quote quotes a text and truncates it if it is long.
func quote(text string) string {
	short := cut(text)
	if short != text {
		return strconv.Quote(strings.TrimSuffix(short, "...")) + "..."
	}
	return strconv.Quote(text)
}

func cut(text string) string { return cutTo(text, 40) }

func cutTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// suggestField returns advice for a field that does not exist: it may have the wrong
// case, be misspelt, or be at the wrong depth.
func suggestField(root reflect.Type, steps []string) string {
	last := len(steps) - 1
	name := steps[last]
	if near := nearest(name, fieldsAt(root, steps[:last])); near != "" {
		return ": did you mean " + near + "?"
	}
	for up := last; up >= 0; up-- {
		for _, inside := range [][]string{nil, {"template", "spec"}} {
			home := slices.Concat(steps[:up], inside)
			if _, ok := fieldsAt(root, home)[name]; ok {
				return ": it belongs to " + pathOf(append(home, name))
			}
		}
	}
	return ""
}

// nearest returns the field that differs from name in case only. Otherwise it
// returns the field at an edit distance of one, if it is the only one and name has
// at least five letters. It returns "" if there is none.
func nearest(name string, fields map[string]reflect.Type) string {
	var close []string
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		switch {
		case strings.EqualFold(field, name):
			return field
		case len(name) >= 5 && spell.Distance(strings.ToLower(field), strings.ToLower(name), 1) == 1:
			close = append(close, field)
		}
	}
	if len(close) == 1 {
		return close[0]
	}
	return ""
}

func pathOf(steps []string) string {
	return strings.ReplaceAll(strings.Join(steps, "."), ".[", "[")
}

// fieldsAt returns the fields of the struct at the end of the steps, or none if
// there is no struct.
func fieldsAt(t reflect.Type, steps []string) map[string]reflect.Type {
	for _, step := range steps {
		switch t = pointedTo(t); t.Kind() {
		case reflect.Slice, reflect.Map:
			t = t.Elem()
		case reflect.Struct:
			field, ok := fieldTypes(t)[step]
			if !ok {
				return nil
			}
			t = field
		default:
			return nil
		}
	}
	if t = pointedTo(t); t.Kind() != reflect.Struct {
		return nil
	}
	return fieldTypes(t)
}

func pointedTo(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

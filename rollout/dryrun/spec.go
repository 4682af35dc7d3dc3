package dryrun

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// FieldChange is a field that differs between two objects.
type FieldChange struct {
	Path string `json:"path"`           // "spec.template.spec.containers[0].image"
	From string `json:"from,omitempty"` // as JSON; empty if the field did not exist
	To   string `json:"to,omitempty"`   // as JSON; empty if the field does not exist
}

// line returns the change in one line: "path: from -> to".
func (c FieldChange) line() string {
	word := func(s string) string {
		if s == "" {
			return "(none)"
		}
		return s
	}
	return fmt.Sprintf("%s: %s -> %s", c.Path, word(c.From), word(c.To))
}

// fieldChanges compares the JSON forms of two values, in the order of the paths' keys.
// Elements of lists are compared by index. If the lengths differ, the surplus is at the
// end.
func fieldChanges(path string, from, to any) []FieldChange {
	return compareFields(path, plain(from), plain(to))
}

// plain returns the value as maps, lists and scalars.
func plain(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(text, &out) != nil {
		return nil
	}
	return out
}

func compareFields(path string, from, to any) []FieldChange {
	if reflect.DeepEqual(from, to) {
		return nil
	}
	if a, ok := from.(map[string]any); ok {
		if b, ok := to.(map[string]any); ok {
			return compareMaps(path, a, b)
		}
	}
	if a, ok := from.([]any); ok {
		if b, ok := to.([]any); ok {
			return compareLists(path, a, b)
		}
	}
	return []FieldChange{{path, written(from), written(to)}}
}

func compareMaps(path string, from, to map[string]any) []FieldChange {
	keys := slices.Collect(maps.Keys(from))
	keys = slices.AppendSeq(keys, maps.Keys(to))
	slices.Sort(keys)
	var all []FieldChange
	for _, key := range slices.Compact(keys) {
		at := key
		if path != "" {
			at = path + "." + key
		}
		all = append(all, compareFields(at, from[key], to[key])...)
	}
	return all
}

func compareLists(path string, from, to []any) []FieldChange {
	var all []FieldChange
	for i := range max(len(from), len(to)) {
		var a, b any
		if i < len(from) {
			a = from[i]
		}
		if i < len(to) {
			b = to[i]
		}
		all = append(all, compareFields(fmt.Sprintf("%s[%d]", path, i), a, b)...)
	}
	return all
}

func written(v any) string {
	if v == nil {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

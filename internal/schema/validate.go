package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Validate returns where a JSON document differs from the schema, a line for each place.
// It knows what Of writes, and no more of JSON Schema.
func (s Schema) Validate(document []byte) ([]string, error) {
	var value any
	if err := json.Unmarshal(document, &value); err != nil {
		return nil, err
	}
	text, err := json.Marshal(s) // as it would be read from its file
	if err != nil {
		return nil, err
	}
	var root Schema
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	v := &validator{root: root}
	v.check("$", root, value)
	return v.wrong, nil
}

type validator struct {
	root  Schema
	wrong []string
}

func (v *validator) say(path, format string, args ...any) {
	v.wrong = append(v.wrong, path+": "+fmt.Sprintf(format, args...))
}

func (v *validator) check(path string, s map[string]any, value any) {
	if ref, ok := s["$ref"].(string); ok {
		defs, _ := v.root["$defs"].(map[string]any)
		s, _ = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if want, ok := s["type"].(string); ok && !isType(value, want) {
		v.say(path, "is %T, and not of type %s", value, want)
		return
	}
	if words, ok := s["enum"].([]any); ok && !slices.Contains(words, value) {
		v.say(path, "%v is none of %v", value, words)
	}
	switch x := value.(type) {
	case []any:
		items, _ := s["items"].(map[string]any)
		for i, item := range x {
			v.check(fmt.Sprintf("%s[%d]", path, i), items, item)
		}
	case map[string]any:
		v.object(path, s, x)
	}
}

func (v *validator) object(path string, s, value map[string]any) {
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := value[name.(string)]; !ok {
			v.say(path, "has no %s", name)
		}
	}
	properties, _ := s["properties"].(map[string]any)
	more, open := s["additionalProperties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(value)) {
		property, known := properties[name].(map[string]any)
		switch {
		case known:
			v.check(path+"."+name, property, value[name])
		case open:
			v.check(path+"."+name, more, value[name])
		case s["additionalProperties"] == false:
			v.say(path, "has an unknown field %s", name)
		}
	}
}

func isType(value any, want string) bool {
	switch x := value.(type) {
	case nil:
		return want == "null"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && x == float64(int64(x))
	case []any:
		return want == "array"
	}
	return want == "object"
}

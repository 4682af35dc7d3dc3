package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

type object = map[string]any

// schemas/policies.json, by which editors check and complete policy files, has the
// fields that readPolicies knows. internal/conformance validates policy files by it.
func TestPolicySchema(t *testing.T) {
	text, err := json.MarshalIndent(policySchema(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "../../schemas/policies.json", string(text)+"\n")
}

func policySchema() object {
	var kinds []any
	for _, kind := range strings.Fields(policyKinds) {
		kinds = append(kinds, kindSchema(kind))
	}
	return object{
		"$schema": "http://json-schema.org/draft-07/schema#", "title": "policies of kubectl berth plan",
		"type": "object", "additionalProperties": false, "required": []string{"policies"},
		"properties": object{
			"sets":     object{"type": "object", "additionalProperties": setSchema()},
			"policies": object{"type": "array", "minItems": 1, "items": object{"oneOf": kinds}},
		},
	}
}

// kindSchema is the schema of the policies of a kind: what all have, and what goes with
// it.
func kindSchema(kind string) object {
	properties := object{kind: fieldSchema(kind)}
	for _, field := range append(strings.Fields(policyFields), strings.Fields(goesWith[kind])...) {
		if common := goesWithNone(field); common && !forbidden(kind, field) || strings.Contains(" "+goesWith[kind]+" ", " "+field+" ") {
			properties[field] = fieldSchema(field)
		}
	}
	required := []string{kind}
	if kind == "within" {
		required = append(required, "available")
	}
	return object{"type": "object", "additionalProperties": false, "required": required, "properties": properties}
}

// goesWithNone reports whether a field is neither a kind nor of one.
func goesWithNone(field string) bool {
	for _, fields := range goesWith { // any order
		if strings.Contains(" "+fields+" ", " "+field+" ") {
			return false
		}
	}
	return !strings.Contains(" "+policyKinds+" ", " "+field+" ")
}

// forbidden reports whether the kind names what it is about itself, so that "for" does
// not go with it.
func forbidden(kind, field string) bool {
	_, err := readPolicies("p", []byte("policies: [{"+kind+": 1m, for: a/b}]"))
	return field == "for" && err != nil && strings.Contains(err.Error(), "policies[0].for: ")
}

func setSchema() object {
	fields := object{}
	for _, field := range strings.Fields(setFields) {
		fields[field] = object{"type": "string"}
	}
	return object{"oneOf": []any{object{"type": "string"}, object{"type": "object", "additionalProperties": false, "properties": fields}}}
}

func fieldSchema(field string) object {
	word := object{"type": "string", "minLength": 1}
	switch field {
	case "covers", "avoids", "exactlyOne", "of":
		return setSchema()
	case "atLeast", "keepsAvailable", "available":
		return object{"oneOf": []any{object{"type": "integer", "minimum": 0}, object{"type": "string", "pattern": "^([0-9]+|(100|[0-9]{1,2})%)$"}}}
	case "within", "completes", "budgetsOpen":
		return object{"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"}
	case "except":
		return object{"type": "integer", "minimum": 0}
	case "name", "per":
		return word
	}
	if field == "allowEmpty" {
		return object{"type": "boolean"}
	}
	return object{"oneOf": []any{word, object{"type": "array", "items": word}}}
}

package conformance

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/xeipuuv/gojsonschema"
	"sigs.k8s.io/yaml"
)

// schemas/policies.json takes the policy files that kubectl berth reads, and refuses
// what it refuses.
func TestPolicySchema(t *testing.T) {
	text, err := os.ReadFile("../../schemas/policies.json")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gojsonschema.NewSchema(gojsonschema.NewBytesLoader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"policies.yaml", "testdata/help/policies.yaml"} {
		text, err := os.ReadFile("../../examples/kubectl-berth/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if mistakes := policyMistakes(t, schema, string(text)); len(mistakes) > 0 {
			t.Errorf("%s: %v", file, mistakes)
		}
	}
	for _, text := range []string{
		"{}", "policies: []", "policies: [{cover: a=b}]", "policies: [{covers: a=b, avoids: a=c}]", "policies: [{covers: a=b, per: zone}]",
		"policies: [{atLeast: 120%}]", "policies: [{within: 10m}]", "policies: [{completes: soon}]", "policies: [{completes: 10m, for: a/b}]",
		"sets: {a: {labels: x=y}}\npolicies: [{covers: a}]",
	} {
		if len(policyMistakes(t, schema, text)) == 0 {
			t.Errorf("%s is valid", text)
		}
	}
}

func policyMistakes(t *testing.T, schema *gojsonschema.Schema, text string) []gojsonschema.ResultError {
	t.Helper()
	var doc any
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = json.Unmarshal(asJSON, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	result, err := schema.Validate(gojsonschema.NewGoLoader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return result.Errors()
}

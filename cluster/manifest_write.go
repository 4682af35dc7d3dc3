package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// WriteYAML writes every object as a YAML document with its kind and apiVersion,
// kind after kind in the order of the Manifest's fields. An object that YAML cannot
// hold is written as JSON. [ReadManifest] reads the same objects back, except that
// an absent namespace reads as "default" and the members in the data of a
// ControllerRevision are sorted. Skipped objects are not written.
func (m *Manifest) WriteYAML(w io.Writer) error {
	for i, object := range m.Objects() {
		text, err := asYAML(object)
		if err != nil {
			return fmt.Errorf("writing object %d: %w", i, err)
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := w.Write(text); err != nil {
			return fmt.Errorf("writing manifest: %w", err)
		}
	}
	return nil
}

func asYAML(object runtime.Object) ([]byte, error) {
	kind := kinds.Of(object)
	if kinds.IsNil(object) {
		return nil, fmt.Errorf("%s: is nil", kind.Name)
	}
	object = object.DeepCopyObject()
	object.GetObjectKind().SetGroupVersionKind(kind.GVK())
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	if written, err := yaml.JSONToYAML(text); err == nil && readsAs(written, text) {
		return written, nil
	}
	return append(text, '\n'), nil
}

// readsAs reports whether the YAML parses to the JSON that it was written from. It
// does not if a text has a line end that only YAML knows, or if a key is "<<", which
// is written without quotes and read as a merge.
func readsAs(written, text []byte) bool {
	back, err := yaml.YAMLToJSON(written)
	if err != nil {
		return false
	}
	var got, want any
	return json.Unmarshal(back, &got) == nil && json.Unmarshal(text, &want) == nil && reflect.DeepEqual(got, want)
}

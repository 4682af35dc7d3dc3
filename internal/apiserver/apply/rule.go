package apply

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/third_party/forked/golang/json"
)

// rule holds the tags patchStrategy and patchMergeKey of a field.
type rule struct {
	t       reflect.Type // of the field's value, or of the elements of a list
	merge   bool         // a list whose elements are merged, not replaced as a whole
	key     string       // identifies an element of such a list; empty for scalars
	replace bool         // a map that is replaced as a whole: the selector of a budget
	retain  bool         // fields absent from the manifest are removed, whoever set them
}

func ruleOf(t reflect.Type, name string) (rule, error) {
	field, strategies, key, err := json.LookupPatchMetadataForStruct(t, name)
	if err != nil {
		return rule{}, err
	}
	if field.Kind() == reflect.Slice {
		field = field.Elem()
	}
	has := func(strategy string) bool { return slices.Contains(strategies, strategy) }
	return rule{field, has("merge"), key, has("replace"), has("retainKeys")}, nil
}

// dropEmpty removes empty maps from the last applied configuration if a manifest
// here cannot have them because the Go type has no pointer. Otherwise they would
// count as removed, along with fields inside them that others have set.
func dropEmpty(value any, t reflect.Type) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			dropEmpty(item, t)
		}
	case map[string]any:
		for name, inner := range value { // any order: each by itself
			field, _, _, err := json.LookupPatchMetadataForStruct(t, name)
			if err != nil {
				continue // labels and the like
			}
			elem := field
			if field.Kind() == reflect.Slice {
				elem = field.Elem()
			}
			dropEmpty(inner, elem)
			if m, ok := inner.(map[string]any); ok && len(m) == 0 && field.Kind() == reflect.Struct {
				delete(value, name)
			}
		}
	}
}

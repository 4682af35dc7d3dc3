package apply

import (
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// Diff returns the strategic merge patch from one object to another of the same kind
// (k8s.io/apimachinery/pkg/util/strategicpatch/patch.go: CreateTwoWayMergePatch), as
// JSON. Status and the metadata that the server owns are left out. No argument is
// modified. The same zero values as in Apply count as absent.
func Diff(from, to runtime.Object) ([]byte, error) {
	if err := checkSame(from, to); err != nil {
		return nil, err
	}
	t := reflect.TypeOf(kinds.Of(from).Zero).Elem()
	changes, err := diffMaps(treeOf(from), treeOf(to), t, changed, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(from), err)
	}
	patch, err := diffMaps(treeOf(from), treeOf(to), t, deleted, false)
	if err == nil {
		patch, err = combining.maps(patch, changes, t)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(from), err)
	}
	return json.Marshal(patch)
}

// Patch returns the result of kubectl patch with a strategic merge patch in JSON
// (k8s.io/apimachinery/pkg/util/strategicpatch/patch.go: StrategicMergePatch), before
// the API server fills in defaults and validates. Status and the metadata that the
// server owns stay as they are. No argument is modified.
func Patch(live runtime.Object, patch []byte) (runtime.Object, error) {
	tree, err := parse(patch)
	if err != nil {
		return nil, fmt.Errorf("%s: patch: %w", nameOf(live), err)
	}
	dropServerFields(tree)
	merged, err := applying.maps(treeOf(live), tree, reflect.TypeOf(kinds.Of(live).Zero).Elem())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(live), err)
	}
	return restore(merged, live)
}

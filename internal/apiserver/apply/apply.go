// Package apply computes the result of kubectl apply on a live object.
//
// It follows kubectl (k8s.io/kubectl/pkg/cmd/apply/patcher.go: Patcher.patchSimple)
// and, for the merge itself, strategicpatch
// (k8s.io/apimachinery/pkg/util/strategicpatch/patch.go: CreateThreeWayMergePatch,
// StrategicMergePatch). That package is not imported: it needs kube-openapi with its
// parsers, 17 packages that berth's users would link for one function. Its struct
// tags are read by the same light package.
package apply

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	strictjson "sigs.k8s.io/json"

	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// Apply returns the result of kubectl apply of manifest on live, before the API
// server fills in defaults, keeps its own fields and validates. No argument is
// modified.
//
// Fields in the manifest are set. Fields in the annotation
// kubectl.kubernetes.io/last-applied-configuration that the manifest lacks are
// removed. All others stay, so without that annotation nothing is removed. Status
// and the metadata that the server owns always stay, whatever the manifest has. The
// annotation is updated if its content changes.
//
// A Go object does not distinguish an explicit zero (hostNetwork: false, or an empty
// struct) from an absent field: both count as absent. Only required fields,
// pointers, lists and maps can set a zero. Written can set all.
//
// The two objects must be of one kind in package kinds and have the same name, and
// the same namespace unless the manifest has none.
func Apply(live, manifest runtime.Object) (runtime.Object, error) {
	return Written(live, manifest, nil)
}

// Written is Apply of a manifest with the JSON in which it was written, whose explicit
// zeros and nulls count: a null removes the field. Without that JSON it is Apply.
func Written(live, manifest runtime.Object, written map[string]any) (runtime.Object, error) {
	if err := checkSame(live, manifest); err != nil {
		return nil, err
	}
	kind := kinds.Of(live)
	was, want := treeOf(live), treeOf(manifest)
	addZeros(want, written)
	dropServerFields(want)
	metadata(want)["namespace"] = metadata(was)["namespace"]
	if metadata(was)["namespace"] == nil {
		delete(metadata(want), "namespace")
	}
	last, err := annotate(was, want, kind, written != nil)
	if err != nil {
		return nil, fmt.Errorf("%s: last applied configuration: %w", nameOf(live), err)
	}
	merged, err := threeWay(last, want, was, reflect.TypeOf(kind.Zero).Elem())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(live), err)
	}
	return restore(merged, live)
}

func checkSame(live, manifest runtime.Object) error {
	if kinds.IsNil(live) || kinds.IsNil(manifest) {
		return fmt.Errorf("object is nil")
	}
	if kinds.Of(live).Name == "" || kinds.Of(live).Name != kinds.Of(manifest).Name {
		return fmt.Errorf("a %s cannot be applied to a %s", kinds.NameOf(manifest), kinds.NameOf(live))
	}
	old, stated := live.(metav1.Object), manifest.(metav1.Object)
	namespace := stated.GetNamespace()
	if stated.GetName() != old.GetName() || namespace != "" && namespace != old.GetNamespace() {
		return fmt.Errorf("%s cannot be applied to %s", nameOf(manifest), nameOf(live))
	}
	return nil
}

func nameOf(object runtime.Object) string {
	meta := object.(metav1.Object)
	return kinds.ObjectName(kinds.Of(object).Name, meta.GetNamespace(), meta.GetName())
}

// annotate follows kubectl (k8s.io/kubectl/pkg/util/apply.go:
// GetModifiedConfiguration): it adds to the manifest an annotation with its own
// content. It returns the content of live's annotation, or nil. If both contents are
// equal, the text of the annotation does not change. With zeros, a manifest can have
// every value that a configuration has.
func annotate(live, manifest map[string]any, kind kinds.Kind, zeros bool) (last map[string]any, err error) {
	annotations, _ := metadata(manifest)["annotations"].(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
	}
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	metadata(manifest)["annotations"] = annotations
	manifest["apiVersion"], manifest["kind"] = kind.APIVersion, kind.Name
	text, err := json.Marshal(manifest)
	delete(manifest, "apiVersion")
	delete(manifest, "kind")
	if err != nil {
		return nil, err
	}
	before := annotation(live)
	if before != "" {
		if last, err = stated([]byte(before), kind, zeros); err != nil {
			return nil, err
		}
		if same, err := stated(text, kind, zeros); err == nil && reflect.DeepEqual(last, same) {
			annotations[corev1.LastAppliedConfigAnnotation] = before
			return last, nil
		}
	}
	annotations[corev1.LastAppliedConfigAnnotation] = string(text) + "\n"
	return last, nil
}

func annotation(live map[string]any) string {
	annotations, _ := metadata(live)["annotations"].(map[string]any)
	text, _ := annotations[corev1.LastAppliedConfigAnnotation].(string)
	return text
}

// stated parses a configuration, without the values that a manifest here cannot
// have.
func stated(text []byte, kind kinds.Kind, zeros bool) (map[string]any, error) {
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	delete(tree, "apiVersion")
	delete(tree, "kind")
	dropServerFields(tree)
	if !zeros {
		dropEmpty(tree, reflect.TypeOf(kind.Zero))
	}
	return tree, nil
}

func parse(text []byte) (map[string]any, error) {
	var tree map[string]any
	if err := strictjson.UnmarshalCaseSensitivePreserveInts(text, &tree); err != nil {
		return nil, err
	}
	if tree == nil {
		return nil, fmt.Errorf("not an object: %s", bytes.TrimSpace(text))
	}
	return tree, nil
}

// serverFields are the metadata that an update keeps
// (k8s.io/apiserver/pkg/registry/rest/update.go: BeforeUpdate). A stale resource
// version would be refused as a conflict; here it is ignored.
var serverFields = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp",
	"generation", "managedFields", "resourceVersion", "selfLink",
}

func dropServerFields(tree map[string]any) {
	delete(tree, "status")
	for _, name := range serverFields {
		delete(metadata(tree), name)
	}
}

// restore decodes the merged tree and puts back the fields that trees lack.
func restore(tree map[string]any, live runtime.Object) (runtime.Object, error) {
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	object := reflect.New(reflect.TypeOf(live).Elem())
	if err := strictjson.UnmarshalCaseSensitivePreserveInts(text, object.Interface()); err != nil {
		return nil, err
	}
	kept := reflect.ValueOf(live.DeepCopyObject()).Elem()
	for _, name := range []string{"TypeMeta", "Status"} {
		if field := object.Elem().FieldByName(name); field.IsValid() {
			field.Set(kept.FieldByName(name))
		}
	}
	meta, old := object.Interface().(metav1.Object), kept.Addr().Interface().(metav1.Object)
	meta.SetCreationTimestamp(old.GetCreationTimestamp())
	meta.SetDeletionTimestamp(old.GetDeletionTimestamp())
	meta.SetDeletionGracePeriodSeconds(old.GetDeletionGracePeriodSeconds())
	meta.SetGeneration(old.GetGeneration())
	meta.SetManagedFields(old.GetManagedFields())
	meta.SetResourceVersion(old.GetResourceVersion())
	meta.SetSelfLink(old.GetSelfLink())
	return object.Interface().(runtime.Object), nil
}

package main

import (
	"bytes"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
)

// stated returns objects of -f and -k for an apply: with the fields that the files state,
// so that a false or 0 counts as stated, or as they are where the text reads otherwise.
func (w *world) stated(objects []runtime.Object) []runtime.Object {
	trees := map[string]map[string]any{}
	for _, in := range w.given {
		text := in.text
		if text == nil {
			text, _ = os.ReadFile(in.name) // it was read before; without it objects are as they are
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var doc any
			if decoder.Decode(&doc) != nil {
				break
			}
			collect(doc, trees)
		}
	}
	all := make([]runtime.Object, len(objects))
	for i, o := range objects {
		meta := o.(metav1.Object)
		tree := trees[kindName(o)+"/"+meta.GetNamespace()+"/"+meta.GetName()]
		if tree == nil {
			tree = trees[kindName(o)+"//"+meta.GetName()]
		}
		all[i] = withZeros(o, tree)
	}
	return all
}

// collect adds the objects of a document to trees, by kind, namespace and name.
func collect(doc any, trees map[string]map[string]any) {
	text, err := json.Marshal(doc)
	u := &unstructured.Unstructured{}
	if err != nil || json.Unmarshal(text, &u.Object) != nil || u.Object == nil {
		return
	}
	if items, ok := u.Object["items"].([]any); ok {
		for _, item := range items {
			collect(item, trees)
		}
		return
	}
	key := strings.ToLower(u.GetKind()) + "/" + u.GetNamespace() + "/" + u.GetName()
	trees[key] = u.Object
}

// withZeros returns the object with the fields of its JSON, or as it is if the JSON does
// not read as the object.
func withZeros(o runtime.Object, tree map[string]any) runtime.Object {
	if tree == nil {
		return o
	}
	u := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(tree)}
	u.SetGroupVersionKind(o.GetObjectKind().GroupVersionKind())
	u.SetNamespace(o.(metav1.Object).GetNamespace())
	u.SetManagedFields(nil)
	again := reflect.New(reflect.TypeOf(o).Elem()).Interface()
	text, err := json.Marshal(u.Object)
	if err != nil || json.Unmarshal(text, again) != nil || !equality.Semantic.DeepEqual(again, o) {
		return o
	}
	return u
}

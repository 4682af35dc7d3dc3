package cluster

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"pgregory.net/rapid"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

type wireObject = map[string]any

var anyText = rapid.OneOf(
	rapid.SampledFrom([]string{"a", "true", "1", "1e3", "n", "~", "", "---", "a\n---\nb\n", "{", "# no", "ü", "x: y", " z", "a\r\nb", "\t"}),
	rapid.StringOfN(rapid.Rune().Filter(unicode.IsPrint), 0, 6, -1), // YAML cannot hold every control character
)

func drawObject(t *rapid.T, i int) wireObject {
	meta := wireObject{"name": fmt.Sprint("o", i)}
	if rapid.Bool().Draw(t, "labelled") {
		meta["annotations"] = rapid.MapOfN(anyText, anyText, 0, 3).Draw(t, "annotations")
	}
	kinds := []modelledKind{{apiVersion: "v1", kind: "ConfigMap"}, {apiVersion: "x.io/v1", kind: "DaemonSet"}}
	kind := rapid.SampledFrom(append(kinds, modelledKinds...)).Draw(t, "kind")
	if rapid.Bool().Draw(t, "placed") {
		meta["namespace"] = "somewhere"
	}
	made := wireObject{"apiVersion": kind.apiVersion, "kind": kind.kind, "metadata": meta}
	if kind.kind == "DaemonSet" {
		made["spec"] = drawDaemonSetSpec(t)
	}
	if rapid.Bool().Draw(t, "slip") {
		made["Metadata"] = anyText.Draw(t, "slip value")
	}
	return made
}

func drawDaemonSetSpec(t *rapid.T) wireObject {
	return wireObject{
		"minReadySeconds": rapid.Int32().Draw(t, "seconds"),
		"updateStrategy":  wireObject{"rollingUpdate": wireObject{"maxSurge": rapid.SampledFrom([]any{1, "10%", nil}).Draw(t, "surge")}},
		"template": wireObject{"spec": wireObject{
			"hostnetwork":  true,
			"nodeSelector": rapid.MapOfN(anyText, anyText, 0, 2).Draw(t, "selector"),
			"containers":   []any{wireObject{"name": "c", "resources": wireObject{"limits": wireObject{"cpu": rapid.SampledFrom([]any{1, 1.5, "100m"}).Draw(t, "cpu")}}}},
		}},
	}
}

func drawObjects(t *rapid.T) []wireObject {
	n := rapid.IntRange(0, 5).Draw(t, "objects")
	all := make([]wireObject, n)
	for i := range all {
		all[i] = drawObject(t, i)
	}
	return all
}

func jsonOf(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func yamlOf(v any) string {
	out, err := yaml.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func joined(all []wireObject, render func(any) string, between string) string {
	var parts []string
	for _, o := range all {
		parts = append(parts, render(o))
	}
	return strings.Join(parts, between)
}

func listOf(all []wireObject) wireObject {
	return wireObject{"apiVersion": "v1", "kind": "List", "items": all}
}

// reading is what ReadManifest found, without the places, which layouts change.
func reading(stream string) string {
	m, err := ReadManifest(strings.NewReader(stream))
	out := jsonOf(m.Objects())
	for _, s := range m.Skipped {
		out += "\n" + objectName(s.Kind, s.Namespace, s.Name) + s.APIVersion + s.Reason
	}
	var warnings []string
	for _, w := range m.Warnings {
		warnings = append(warnings, w.Object+w.Field+w.Message)
	}
	slices.Sort(warnings)
	out += "\n" + strings.Join(warnings, "\n")
	if err != nil {
		out += "\n" + err.Error()
	}
	return out
}

// TestManifestLayoutLaw: the same objects read the same from YAML and JSON, from
// documents and lists, with any line ends and byte order.
// Mutants it fails on: onlyUTF8 (decodeText without UTF-16), firstJSON
// (jsonValues stops after one value), lateCut (only "---" and LF separates),
// anyCase (objects decoded with encoding/json).
func TestManifestLayoutLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawObjects(t)
		documents := joined(all, yamlOf, "---\n")
		want := reading(documents)
		for name, stream := range map[string]string{
			"CRLF":                strings.ReplaceAll(documents, "\n", "\r\n"),
			"byte order mark":     "\ufeff" + documents,
			"UTF-16":              utf16Of(documents),
			"comments":            "# first\n---  # second\n" + joined(all, yamlOf, "# end\n\n---\t# begin\n") + "\n---\n",
			"JSON stream":         joined(all, jsonOf, ""),
			"JSON lines":          joined(all, jsonOf, "\r\n"),
			"JSON in documents":   joined(all, jsonOf, "\n---\n"),
			"YAML list":           yamlOf(listOf(all)),
			"JSON list":           jsonOf(listOf(all)),
			"list in a list":      jsonOf(listOf([]wireObject{listOf(all)})),
			"one list per object": joined(all, func(o any) string { return yamlOf(listOf([]wireObject{o.(wireObject)})) }, "---\n"),
		} {
			if got := reading(stream); got != want {
				t.Fatalf("%s reads differently\nstream: %q\ngot:  %s\nwant: %s", name, stream, got, want)
			}
		}
	})
}

func utf16Of(text string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

// TestManifestTypedListLaw: items of a typed list read as the documents do that
// name their kind. Mutant it fails on: bareItems (items inherit nothing).
func TestManifestTypedListLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(modelledKinds).Draw(t, "kind")
		var bare, full []wireObject
		for i := range rapid.IntRange(0, 4).Draw(t, "items") {
			meta := wireObject{"name": fmt.Sprint("o", i), "namespace": "x"}
			bare = append(bare, wireObject{"metadata": meta})
			full = append(full, wireObject{"metadata": meta, "kind": kind.kind, "apiVersion": kind.apiVersion})
		}
		list := wireObject{"apiVersion": kind.apiVersion, "kind": kind.kind + "List", "items": bare}
		if got, want := reading(yamlOf(list)), reading(joined(full, yamlOf, "---\n")); got != want {
			t.Fatalf("got %s want %s", got, want)
		}
	})
}

// TestManifestReadsAsApimachinery: what is kept equals what apimachinery's own
// reader and converter make of the stream, and the unknown fields are the same.
// The converter is not the decoder that ReadManifest uses; it has its own idea
// of every type. Mutants it fails on: anyCase, quietUnknown (warnStrict skips
// unknown fields), firstJSON.
func TestManifestReadsAsApimachinery(t *testing.T) {
	t.Run("generated", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			all := drawObjects(t)
			compareWithApimachinery(t, joined(all, yamlOf, "---\n"))
			compareWithApimachinery(t, joined(all, jsonOf, "\n"))
		})
	})
	t.Run("corpus", func(t *testing.T) {
		files, _ := filepath.Glob(filepath.Join(corpus(t), "*", "*.*"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ReadManifest(bytes.NewReader(text)); err != nil {
				continue
			}
			t.Run(filepath.Base(file), func(t *testing.T) { compareWithApimachinery(t, string(text)) })
		}
	})
}

func compareWithApimachinery(t rapid.TB, stream string) {
	t.Helper()
	m, err := ReadManifest(strings.NewReader(stream))
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, stream)
	}
	var unknown []string
	for _, w := range m.Warnings {
		if strings.HasPrefix(w.Message, "unknown field") {
			unknown = append(unknown, w.Field)
		}
	}
	slices.Sort(unknown)
	wantObjects, wantUnknown := readWithApimachinery(t, stream)
	if got, want := jsonOf(m.Objects()), jsonOf(wantObjects); got != want {
		t.Fatalf("objects\ngot  %s\nwant %s", got, want)
	}
	if !slices.Equal(unknown, wantUnknown) {
		t.Fatalf("unknown fields\ngot  %q\nwant %q", unknown, wantUnknown)
	}
}

func readWithApimachinery(t rapid.TB, stream string) (objects []runtime.Object, unknown []string) {
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(stream), 4096)
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("apimachinery refuses: %v", err)
		}
		var content map[string]any
		if len(raw) == 0 {
			continue // an empty document
		}
		if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, &content); err != nil {
			t.Fatal(err)
		}
		for _, item := range flatten(content) {
			converted, fields := convert(t, item)
			objects, unknown = append(objects, converted...), append(unknown, fields...)
		}
	}
	slices.SortStableFunc(objects, func(a, b runtime.Object) int { return cmp.Compare(kindIndex(a), kindIndex(b)) })
	slices.Sort(unknown)
	return objects, unknown
}

func kindIndex(o runtime.Object) int {
	order := []string{"Node", "Pod", "Namespace", "DaemonSet", "ControllerRevision", "Deployment", "ReplicaSet", "StatefulSet", "Service", "PodDisruptionBudget", "PriorityClass"}
	return slices.Index(order, kindOfObject(o).kind)
}

func flatten(content map[string]any) (all []map[string]any) {
	items, ok := content["items"].([]any)
	if !ok {
		return []map[string]any{content}
	}
	for _, item := range items {
		all = append(all, flatten(item.(map[string]any))...)
	}
	return all
}

func convert(t rapid.TB, content map[string]any) (converted []runtime.Object, unknown []string) {
	for _, k := range modelledKinds {
		bare := content["kind"] == nil && content["status"] != nil // the bare nodes of the corpus
		if content["kind"] != k.kind && !(bare && k.kind == "Node") || content["apiVersion"] != k.apiVersion && !bare {
			continue
		}
		into := reflect.New(reflect.TypeOf(k.zero).Elem()).Interface().(runtime.Object)
		err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(content, into, true)
		if strict, ok := runtime.AsStrictDecodingError(err); ok {
			for _, e := range strict.Errors() {
				var field string
				if _, err := fmt.Sscanf(e.Error(), "unknown field %q", &field); err != nil {
					t.Fatal(e)
				}
				unknown = append(unknown, field)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if meta := into.(metav1.Object); k.namespaced && meta.GetNamespace() == "" {
			meta.SetNamespace("default")
		}
		into.GetObjectKind().SetGroupVersionKind(k.gvk())
		return []runtime.Object{into}, unknown
	}
	return nil, nil
}

// TestManifestYAMLIsUpstreams: documents become the JSON that sigs.k8s.io/yaml
// makes of them. Mutant it fails on: wideFloats (keyText formats with 64 bits).
func TestManifestYAMLIsUpstreams(t *testing.T) {
	keys := rapid.OneOf(anyText, rapid.SampledFrom([]string{"1", "0x10", "1.5", "0.1", "1e99", ".inf", "-.inf", ".nan", "yes", "true", "~", "2020-01-01", "'1'", "[a]"}))
	rapid.Check(t, func(t *rapid.T) {
		var text string
		for range rapid.IntRange(1, 4).Draw(t, "lines") {
			text += keys.Draw(t, "key") + ": " + keys.Draw(t, "value") + "\n"
		}
		got, _, mistakes, err := yamlToJSON([]byte(text))
		want, wantErr := yaml.YAMLToJSON([]byte(text))
		if (err != nil || len(mistakes) > 0) && !strings.Contains(fmt.Sprint(mistakes), "chance") {
			if wantErr == nil {
				t.Fatalf("%q: refused: %v %v", text, err, mistakes)
			}
			return
		}
		if len(mistakes) == 0 && (wantErr != nil || string(got) != string(want)) {
			t.Fatalf("%q:\ngot  %s\nwant %s %v", text, got, want, wantErr)
		}
	})
}

// TestManifestKeepsItsObjects: Cluster changes nothing it was given.
// Mutant it fails on: inPlace (withNamespace without the copy).
func TestManifestKeepsItsObjects(t *testing.T) {
	m, err := ReadManifest(strings.NewReader(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`))
	if err != nil {
		t.Fatal(err)
	}
	m.Pods[0].Namespace = ""
	before := m.Pods[0].DeepCopy()
	_, _ = m.Cluster()
	if !reflect.DeepEqual(before, m.Pods[0]) {
		t.Errorf("before %v after %v", before, m.Pods[0])
	}
}

// TestManifestLiteral: objects made in Go become a cluster; what they lack is
// filled in, a nil is a mistake with a name.
// Mutants it fails on: barePods (Cluster without withNamespace), raw (without Default).
func TestManifestLiteral(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}
	c, err := (&Manifest{Pods: []*corev1.Pod{pod}, Nodes: []*corev1.Node{node}}).Cluster()
	if err != nil {
		t.Fatal(err)
	}
	stored := c.Manifest().Pods[0]
	if stored.Namespace != "default" || stored.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		t.Errorf("stored as %v", stored)
	}
	_, err = (&Manifest{Pods: []*corev1.Pod{nil}, Nodes: []*corev1.Node{nil}}).Cluster()
	if want := "Node: is nil\nPod: is nil"; err == nil || err.Error() != want {
		t.Errorf("got %v want %s", err, want)
	}
}

// TestManifestNamesPlaces: what validation says of an object names where it
// stands; of an object made in Go it names the object.
// Mutant it fails on: noItem (place.path ignores the item).
func TestManifestNamesPlaces(t *testing.T) {
	stream := "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Node\n  metadata:\n    name: a\n    labels:\n      x.y/z: b\n"
	m, err := ReadManifest(strings.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	wrong := field.Required(field.NewPath("metadata", "labels").Key("x.y/z"), "really")
	got := m.places[m.Nodes[0]].refused(newLineFinder(), m.Nodes[0], wrong)
	if want := "document 1, line 9: Node a: metadata.labels[x.y/z]: Required value: really"; got.Error() != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !errors.Is(got, error(wrong)) {
		t.Error("does not unwrap")
	}
	if got, want := (place{}).refused(newLineFinder(), m.Nodes[0], wrong).Error(), "Node a: metadata.labels[x.y/z]: Required value: really"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

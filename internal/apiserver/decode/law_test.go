package decode

import (
	"encoding/json"
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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"pgregory.net/rapid"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/golden"
	_ "github.com/berthsim/berth/internal/seed"
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
	others := []kinds.Kind{{APIVersion: "v1", Name: "ConfigMap"}, {APIVersion: "x.io/v1", Name: "DaemonSet"}}
	kind := rapid.SampledFrom(append(others, kinds.All...)).Draw(t, "kind")
	if rapid.Bool().Draw(t, "placed") {
		meta["namespace"] = "somewhere"
	}
	made := wireObject{"apiVersion": kind.APIVersion, "kind": kind.Name, "metadata": meta}
	if kind.Name == "DaemonSet" {
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

// reading returns what Read found, without the places, which depend on the layout.
func reading(stream string) string {
	read := Read([]byte(stream))
	out := jsonOf(objectsOf(read))
	for _, s := range read.Skipped {
		out += "\n" + kinds.ObjectName(s.Kind, s.Namespace, s.Name) + s.APIVersion + s.Reason
	}
	var warnings []string
	for _, w := range read.Warnings {
		warnings = append(warnings, w.Object+w.Field+w.Message)
	}
	slices.Sort(warnings)
	return out + "\n" + strings.Join(warnings, "\n") + fmt.Sprint(read.Mistakes)
}

func objectsOf(read Result) (objects []runtime.Object) {
	for _, o := range read.Objects {
		objects = append(objects, o.Object)
	}
	return objects
}

// TestLayoutLaw: the same objects read the same from YAML and JSON, from
// documents and lists, with any line endings and byte order.
// Mutants it fails on: onlyUTF8 (decodeText without UTF-16), firstJSON
// (jsonValues stops after one value), lateCut (only "---" and LF separates),
// anyCase (objects decoded with encoding/json).
func TestLayoutLaw(t *testing.T) {
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

// TestTypedListLaw: items of a typed list read as documents that name their kind do.
// Mutant it fails on: bareItems (items inherit nothing).
func TestTypedListLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds.All).Draw(t, "kind")
		var bare, full []wireObject
		for i := range rapid.IntRange(0, 4).Draw(t, "items") {
			meta := wireObject{"name": fmt.Sprint("o", i), "namespace": "x"}
			bare = append(bare, wireObject{"metadata": meta})
			full = append(full, wireObject{"metadata": meta, "kind": kind.Name, "apiVersion": kind.APIVersion})
		}
		list := wireObject{"apiVersion": kind.APIVersion, "kind": kind.Name + "List", "items": bare}
		if got, want := reading(yamlOf(list)), reading(joined(full, yamlOf, "---\n")); got != want {
			t.Fatalf("got %s want %s", got, want)
		}
	})
}

// TestReadsAsApimachinery: the kept objects equal those that apimachinery's own
// reader and converter make from the stream, and the unknown fields are the same.
// The converter is not the decoder that Read uses; it has its own logic for every
// type. Mutants it fails on: anyCase, quietUnknown (warnStrict skips unknown
// fields), firstJSON.
func TestReadsAsApimachinery(t *testing.T) {
	t.Run("generated", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			all := drawObjects(t)
			compareWithApimachinery(t, joined(all, yamlOf, "---\n"))
			compareWithApimachinery(t, joined(all, jsonOf, "\n"))
		})
	})
	t.Run("corpus", func(t *testing.T) {
		files, _ := filepath.Glob(filepath.Join(golden.Corpus(t), "*", "*.*"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(Read(text).Mistakes) > 0 {
				continue
			}
			t.Run(filepath.Base(file), func(t *testing.T) { compareWithApimachinery(t, string(text)) })
		}
	})
}

func compareWithApimachinery(t rapid.TB, stream string) {
	t.Helper()
	read := Read([]byte(stream))
	if len(read.Mistakes) > 0 {
		t.Fatalf("refused: %v\n%s", read.Mistakes, stream)
	}
	var unknown []string
	for _, w := range read.Warnings {
		if strings.HasPrefix(w.Message, "unknown field") {
			unknown = append(unknown, w.Field)
		}
	}
	slices.Sort(unknown)
	wantObjects, wantUnknown := readWithApimachinery(t, stream)
	if got, want := jsonOf(objectsOf(read)), jsonOf(wantObjects); got != want {
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
	slices.Sort(unknown)
	return withoutCopies(objects), unknown
}

// withoutCopies drops objects that equal an earlier one, because Read keeps one.
func withoutCopies(objects []runtime.Object) []runtime.Object {
	seen := map[string]bool{}
	return slices.DeleteFunc(objects, func(o runtime.Object) bool {
		text := jsonOf(o)
		again := seen[text]
		seen[text] = true
		return again
	})
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
	for _, k := range kinds.All {
		bare := content["kind"] == nil && content["status"] != nil // the bare nodes of the corpus
		if content["kind"] != k.Name && !(bare && k.Name == "Node") || content["apiVersion"] != k.APIVersion && !bare {
			continue
		}
		into := reflect.New(reflect.TypeOf(k.Zero).Elem()).Interface().(runtime.Object)
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
		if meta := into.(metav1.Object); k.Namespaced && meta.GetNamespace() == "" {
			meta.SetNamespace("default")
		}
		into.GetObjectKind().SetGroupVersionKind(k.GVK())
		return []runtime.Object{into}, unknown
	}
	return nil, nil
}

// TestYAMLIsUpstreams: documents become the JSON that sigs.k8s.io/yaml makes from
// them. Mutant it fails on: wideFloats (keyText formats with 64 bits).
func TestYAMLIsUpstreams(t *testing.T) {
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

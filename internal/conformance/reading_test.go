package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
)

// strictly returns the decoder of the API server and of kubectl, with its strict
// checks, for YAML or JSON.
func strictly(isYAML bool) *kjson.Serializer {
	return kjson.NewSerializerWithOptions(kjson.DefaultMetaFactory, legacyscheme.Scheme, legacyscheme.Scheme, kjson.SerializerOptions{Yaml: isYAML, Strict: true})
}

// TestReadsAsTheServer: a text with one object reads as the server's own strict
// decoder reads it: the same object, refused or not, and the same fields unknown
// or repeated.
//
// It differs on purpose in these: an object without a name, two keys that are the
// same without quotes, and nesting of more than 1,000 levels are mistakes; and more
// than 100 fields are told.
//
// Mutants seen to fail: decode.fast without RejectUnknownMembers; slipFinder.members
// without the check for repeats.
func TestReadsAsTheServer(t *testing.T) {
	var objects []map[string]any
	for o := range gen.Dump(1) {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := json.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, tree)
	}
	counts := map[string]int{}
	defer func() { t.Log(counts) }()
	rapid.Check(t, func(t *rapid.T) {
		tree := copyTree(rapid.SampledFrom(objects).Draw(t, "object")).(map[string]any)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			changeTree(t, tree)
		}
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		switch rapid.SampledFrom([]string{"json", "yaml", "odd json", "odd yaml"}).Draw(t, "form") {
		case "yaml":
			text, _ = yaml.JSONToYAML(text)
		case "odd json":
			text = oddText(t, text)
		case "odd yaml":
			text, _ = yaml.JSONToYAML(text)
			text = oddText(t, text)
		}
		counts[compareReading(t, text)]++
	})
}

// TestCorpusReadsAsTheServer: so does each document of the corpus that is an object
// of the model.
func TestCorpusReadsAsTheServer(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/corpus/*/*")
	if len(files) == 0 {
		t.Skip("no shared/corpus beside the main module")
	}
	counts := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range strings.SplitSeq("\n"+string(text), "\n---") {
			_, document, _ = strings.Cut(document, "\n") // the rest of the separator
			if m, err := cluster.ReadManifest(strings.NewReader(document)); err == nil && len(m.Objects()) == 1 && !strings.Contains(document, "\nitems:") {
				counts[compareReading(t, []byte(document))]++
			}
		}
	}
	t.Log(counts)
}

var (
	strictField = regexp.MustCompile(`^(?:strict decoding error: )?(unknown|duplicate) field "(.*)"$`)
	yamlRepeat  = regexp.MustCompile(`key .* already set in map`)
)

// compareReading reads a text with both, and returns what kind of text it is.
func compareReading(t rapid.TB, text []byte) string {
	t.Helper()
	if first := json.NewDecoder(bytes.NewReader(text)); first.Decode(new(json.RawMessage)) == nil && !json.Valid(text) {
		return "several documents"
	}
	want, _, wantErr := strictly(!json.Valid(text)).Decode(text, nil, nil)
	m, err := cluster.ReadManifest(strings.NewReader(string(text)), cluster.KeepAll())
	if runtime.IsMissingKind(wantErr) || runtime.IsMissingVersion(wantErr) || runtime.IsNotRegisteredError(wantErr) {
		return "another kind"
	}
	strict, isStrict := runtime.AsStrictDecodingError(wantErr)
	if wantErr != nil && !isStrict {
		if err == nil && len(m.Objects()) > 0 {
			t.Fatalf("the server refuses it: %v\n%s", wantErr, text)
		}
		return "refused"
	}
	if onPurpose(err) || len(m.Skipped) > 0 {
		return "differs on purpose"
	}
	if err != nil {
		t.Fatalf("the server takes it: %v\n%s", err, text)
	}
	compareRead(t, text, m, want)
	var errs []error
	if isStrict {
		errs = strict.Errors()
	}
	compareFields(t, text, m, errs)
	if isStrict {
		return "strict errors"
	}
	return "taken"
}

// onPurpose reports whether only berth returns the error.
func onPurpose(err error) bool {
	var all interface{ Unwrap() []error }
	return errors.As(err, &all) && slices.ContainsFunc(all.Unwrap(), func(err error) bool {
		var e *cluster.ManifestError
		return errors.As(err, &e) && (strings.HasPrefix(e.Message, "missing") || strings.Contains(e.Message, "is chance") || strings.Contains(e.Message, "levels deep") ||
			strings.Contains(e.Message, "--- between") || strings.Contains(e.Message, "a key must be a string") || strings.Contains(e.Message, "directives are not read"))
	})
}

func compareRead(t rapid.TB, text []byte, m *cluster.Manifest, want runtime.Object) {
	t.Helper()
	got := m.Objects()
	if len(got) != 1 {
		t.Fatalf("%d objects, the server reads one\n%s", len(got), text)
	}
	if meta := want.(metav1.Object); meta.GetNamespace() == "" && got[0].(metav1.Object).GetNamespace() == "default" {
		meta.SetNamespace("default")
	}
	if !equality.Semantic.DeepEqual(got[0], want) {
		t.Fatalf("%s\ngot  %+v\nwant %+v", text, got[0], want)
	}
}

// compareFields compares the fields that are unknown or repeated. YAML tells
// repeated keys without their path.
func compareFields(t rapid.TB, text []byte, m *cluster.Manifest, errs []error) {
	t.Helper()
	got, want := map[string]bool{}, map[string]bool{}
	for _, w := range m.Warnings {
		switch {
		case strings.HasPrefix(w.Message, "unknown field"):
			got["unknown "+w.Field] = true
		case strings.HasPrefix(w.Message, "repeated key"):
			got["duplicate "+w.Field] = true
		case strings.HasPrefix(w.Message, "repeats the key"), strings.HasPrefix(w.Message, "repeated keys"):
			got["repeats"] = true
		}
	}
	for _, err := range errs {
		found := strictField.FindStringSubmatch(err.Error())
		switch {
		case found != nil:
			want[fmt.Sprintf("%s %s", found[1], unquoted(found[2]))] = true
		case yamlRepeat.MatchString(err.Error()):
			want["repeats"] = true
		default:
			t.Fatalf("what is this: %v", err)
		}
	}
	if !maps.Equal(got, want) {
		t.Fatalf("%s\ngot  %q\nwant %q", text, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

func unquoted(text string) string {
	var s string
	if json.Unmarshal([]byte(`"`+text+`"`), &s) != nil {
		return text
	}
	return s
}

func copyTree(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var copied any
	if err := json.Unmarshal(text, &copied); err != nil {
		panic(err)
	}
	return copied
}

var oddLeaves = []any{nil, true, "", "a", "1", "10%", "é", "\u2028", 0, 1, -1, 1.5, 1e10, 9007199254740993, "500m", "2026-01-02T15:04:05Z", "YQ==", []any{}, map[string]any{}, []any{nil}, map[string]any{"a": "b"}}

// changeTree changes a member somewhere in the tree.
func changeTree(t *rapid.T, tree map[string]any) {
	for {
		names := slices.Sorted(maps.Keys(tree))
		if len(names) == 0 {
			tree["x"] = 1
			return
		}
		name := rapid.SampledFrom(names).Draw(t, "member")
		inner := tree[name]
		if list, ok := inner.([]any); ok && len(list) > 0 {
			inner = list[rapid.IntRange(0, len(list)-1).Draw(t, "item")]
		}
		if below, ok := inner.(map[string]any); ok && rapid.IntRange(0, 4).Draw(t, "deeper") > 0 {
			tree = below
			continue
		}
		if name == "kind" || name == "apiVersion" {
			return
		}
		switch rapid.SampledFrom([]string{"value", "unknown", "case", "gone"}).Draw(t, "change") {
		case "value":
			tree[name] = rapid.SampledFrom(oddLeaves).Draw(t, "value")
		case "unknown":
			tree[rapid.SampledFrom([]string{"x", "a.b", "[0]", "é", "Name", ""}).Draw(t, "unknown")] = rapid.SampledFrom(oddLeaves).Draw(t, "value")
		case "case":
			tree[strings.ToUpper(name[:min(1, len(name))])+name[min(1, len(name)):]] = tree[name]
		case "gone":
			delete(tree, name)
		}
		return
	}
}

// oddText changes the text itself at the beginning of a line or a member.
func oddText(t *rapid.T, text []byte) []byte {
	s := string(text)
	at := rapid.IntRange(0, len(s)).Draw(t, "at")
	if i := strings.LastIndexAny(s[:at], "\n,"); i >= 0 {
		at = i + 1
	}
	end := at + max(0, strings.IndexAny(s[at:], "\n,"))
	switch rapid.SampledFrom([]string{"twice", "cut", "insert"}).Draw(t, "odd") {
	case "twice":
		s = s[:at] + s[at:end] + s[end:min(end+1, len(s))] + s[at:]
	case "cut":
		s = s[:at] + s[end:]
	case "insert":
		s = s[:at] + rapid.SampledFrom([]string{" ", "\n", "#", "\"", "'", "&a ", "*a", "{", "}", "\r", "x: y\n", "\"x\":1,", "\t", "- ", "\u0085", "!!str "}).Draw(t, "text") + s[at:]
	}
	return []byte(s)
}

package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
	kjson "sigs.k8s.io/json"

	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/golden"
)

// disturbances are texts that may occur where an item is cut, or make the cut wrong.
var disturbances = []string{
	"'", `"`, "- x\n", "\n- ", "items:\n", "\"items\": 1\n", "#", "# c\n", "&a ", "*a", "<<: *a\n", "...\n", "---\n", "|\n", ">-\n  ",
	"\r", "\r\n", "\n", " ", "  ", "\t", "{", "}", "[", "]", ",", ":", "kind: List\n", "kind: NodeList\n", "metadata: {}\n", "\u2028", "\u0085", "\xff", "~",
	"!!str ", "? ", "%", "\\", `\"`, "null", "==== START logs for x\n",
}

func disturb(t *rapid.T, text string) string {
	for range rapid.IntRange(0, 3).Draw(t, "disturbances") {
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		if rapid.Bool().Draw(t, "at a line") {
			at = strings.LastIndexByte(text[:at], '\n') + 1
		}
		until := min(len(text), at+rapid.SampledFrom([]int{0, 0, 0, 1, 5}).Draw(t, "cut out"))
		text = text[:at] + rapid.SampledFrom(disturbances).Draw(t, "what") + text[until:]
	}
	return text
}

func drawList(t *rapid.T) string {
	all := drawObjects(t)
	list := listOf(all)
	if rapid.Bool().Draw(t, "page") {
		list["metadata"] = wireObject{"continue": "x"} // reported at its line, behind the items
	}
	switch rapid.SampledFrom([]string{"block", "indented", "json", "pretty", "typed", "kind first", "bare", "bare JSON"}).Draw(t, "style") {
	case "indented":
		return "apiVersion: v1\nkind: List\nitems:\n" + indent(joinItems(all))
	case "kind first":
		return "kind: List\napiVersion: v1\nmetadata:\n  continue: x\nitems:\n" + joinItems(all)
	case "json":
		return jsonOf(list)
	case "pretty":
		text, _ := json.MarshalIndent(list, "", "    ")
		return string(text)
	case "bare", "bare JSON":
		for i, o := range all {
			delete(o, "kind")
			delete(o, "apiVersion")
			if i == 0 || rapid.Bool().Draw(t, "stored") {
				o["status"] = wireObject{"nodeInfo": wireObject{}}
			}
		}
		bare := wireObject{"items": all, "metadata": wireObject{"continue": "x"}}
		if rapid.Bool().Draw(t, "as JSON") {
			return jsonOf(bare)
		}
		return yamlOf(bare)
	case "typed":
		for _, o := range all {
			delete(o, "kind")
			delete(o, "apiVersion")
		}
		list["kind"] = "NodeList"
	}
	return yamlOf(list)
}

func joinItems(all []wireObject) string {
	var b strings.Builder
	for _, o := range all {
		b.WriteString("- " + strings.TrimPrefix(indent(yamlOf(o)), "  "))
	}
	return b.String()
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// told returns everything that Read reports, with the places.
func told(t rapid.TB, stream string, opts Options) string {
	opts.KeepAll = true
	r := NewReader(opts)
	if err := r.Read("f", iotest.OneByteReader(strings.NewReader(stream))); err != nil {
		t.Fatal(err)
	}
	read := r.Result()
	var b strings.Builder
	for _, o := range read.Objects {
		fmt.Fprintf(&b, "%s %s\n", o.Place.seenFrom(Place{}), jsonOf(o.Object))
	}
	for _, s := range read.Skipped {
		fmt.Fprintf(&b, "skipped %+v\n", s)
	}
	for _, w := range read.Warnings {
		fmt.Fprintf(&b, "warning %v\n", w)
	}
	for _, m := range read.Mistakes {
		fmt.Fprintf(&b, "mistake %v\n", m)
	}
	return b.String()
}

// TestCutLaw: a list that is cut into its items reads as the whole list does, with
// the same messages at the same places, whatever is at the cuts.
// Mutants it fails on: noFrame (frame without the look for other "items"), noGap
// (streamLine without the gap).
func TestCutLaw(t *testing.T) {
	for _, stream := range []string{
		"apiVersion: v1\nkind: List\nx: 'a\nitems:\n- b\ny: '\nitems:\n",
		"apiVersion: v1\nkind: List\nitems:\n- a: \"\n- b\n\"\n- c\n",
		"apiVersion: v1\nkind: List\nitems:\n- a: &x 1\n- *x\n",
		"apiVersion: v1\nkind: List\nitems:\n  - a\n - b\n",
		"apiVersion: v1\nkind: List\nitems:\n>-\n  a\n",
	} {
		if got, want := told(t, stream, Options{}), told(t, stream, Options{uncut: true}); got != want {
			t.Errorf("stream:\n%s\ngot:\n%s\nwant:\n%s", stream, got, want)
		}
	}
	cuts := 0
	defer func() {
		t.Logf("%d items cut out", cuts)
		if cuts == 0 {
			t.Error("no list was cut")
		}
	}()
	rapid.Check(t, func(t *rapid.T) {
		stream := disturb(t, drawList(t))
		cuts += countCuts(stream)
		if got, want := told(t, stream, Options{}), told(t, stream, Options{uncut: true}); got != want {
			t.Fatalf("stream:\n%s\ngot:\n%s\nwant:\n%s", stream, got, want)
		}
	})
}

// countCuts returns the number of objects of a stream that were read as items cut
// out of their list.
func countCuts(stream string) (n int) {
	for _, o := range Read([]byte(stream)).Objects {
		if o.Place.item != "" && o.Place.item != o.Place.path {
			n++
		}
	}
	return n
}

// TestFastIsExact: an object that json v2 accepts decodes as sigs.k8s.io/json
// decodes it, without mistakes. All others are read the slow way.
// Mutants it fails on: lenient (without RejectUnknownMembers), anyCase (with
// MatchCaseInsensitiveNames).
func TestFastIsExact(t *testing.T) {
	t.Run("generated", func(t *testing.T) {
		accepted := 0
		rapid.Check(t, func(t *rapid.T) {
			kind := rapid.SampledFrom(kinds.All).Draw(t, "kind")
			accepted += checkFast(t, []byte(mutateJSON(t, jsonOf(drawOf(t, reflect.TypeOf(kind.Zero).Elem(), 5)), kind)))
		})
		t.Logf("%d went the fast way", accepted)
		if accepted < 10 {
			t.Errorf("only %d objects went the fast way", accepted)
		}
	})
	t.Run("odd values", func(t *testing.T) {
		for _, value := range oddValues {
			for _, members := range []string{
				`"metadata":{"name":"x","annotations":{"a":%s}}`, `"metadata":{"name":"x","finalizers":[%s]}`, `"metadata":{"name":"x","annotations":%s}`,
				`"metadata":{"name":"x","creationTimestamp":%s}`, `"metadata":{"name":"x","generation":%s}`, `"metadata":{"name":%s}`, `"metadata":{"name":"x"},"spec":%s`,
				`"metadata":{"name":"x"},"spec":{"overhead":{"cpu":%s}}`, `"metadata":{"name":"x"},"spec":{"hostNetwork":%s}`, `"metadata":{"name":"x"},"spec":{"priority":%s}`,
				`"metadata":{"name":"x"},"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":%s}}}]}`, `"metadata":{"name":"x"},"spec":{"containers":%s}`,
				`"metadata":{"name":"x","managedFields":[{"fieldsV1":%s}]}`, `"metadata":{"name":"x"},"metadata":%s`,
			} {
				checkFast(t, []byte(`{"apiVersion":"v1","kind":"Pod",`+strings.Replace(members, "%s", value, 1)+"}"))
			}
		}
	})
	t.Run("corpus", func(t *testing.T) {
		files, _ := filepath.Glob(filepath.Join(golden.Corpus(t), "*", "*.*"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := told(t, string(text), Options{}), told(t, string(text), Options{slow: true}); got != want {
				t.Errorf("%s\ngot  %s\nwant %s", file, got, want)
			}
		}
	})
}

// checkFast returns 1 if the object was read the fast way.
func checkFast(t rapid.TB, raw []byte) int {
	t.Helper()
	w := &worker{Options: &Options{KeepAll: true}, lines: NewLineFinder()}
	o, ok := w.fast(Place{text: &text{bytes: raw, isJSON: true, line: 1, last: 1}}, raw, header{})
	if !ok || o.object == nil {
		return 0
	}
	kind := kinds.Of(o.object)
	want := newObject(kind)
	strict, err := kjson.UnmarshalStrict(raw, want)
	if err != nil || len(strict) > 0 {
		t.Fatalf("%s\naccepted, but %v %v", raw, err, strict)
	}
	fw := &worker{Options: &Options{KeepAll: true}}
	fo := outcome{absent: o.absent}
	fw.finish(&fo, kind, o.header, want)
	if !reflect.DeepEqual(o.object, want) {
		t.Fatalf("%s\ngot  %s\nwant %s", raw, jsonOf(o.object), jsonOf(want))
	}
	return 1
}

// oddValues are JSON values that decoders tend to differ on.
var oddValues = []string{
	"null", "true", "0", "-0", "1.0", "1e3", "1E400", "9223372036854775808", "2147483648", `""`, `"a"`, `"1"`, `"10%"`, `"\ud800"`, `"\ud83d\ude00"`, `"\u0000"`,
	"\"\xff\"", `"é"`, `"\/"`, "[]", "{}", "[null]", `[""]`, `{"":1}`, `{"a":null}`, `{"a":"b","a":"c"}`, `"2026-01-02T15:04:05Z"`, `"2026-01-02T15:04:05.123456Z"`,
	`"500m"`, `"2Gi"`, `"1e3"`, `" 1"`, `"YQ=="`, `"YQ"`, `"Y\nQ=="`, "[97]", "01", "1.", ".5", "+1", "tru", `{"a":1,}`, "[1,]", "/**/1", `"a	b"`,
}

// mutateJSON sets the kind of an object and changes its text in some places.
func mutateJSON(t *rapid.T, text string, kind kinds.Kind) string {
	members := strings.TrimPrefix(text, "{")
	text = fmt.Sprintf(`{"apiVersion":%q,"kind":%q,`, kind.APIVersion, kind.Name) + members
	for range rapid.IntRange(0, 2).Draw(t, "mutations") {
		var at []int // where values begin
		for i := 60; i < len(text)-1; i++ {
			if strings.IndexByte(":[,", text[i]) >= 0 {
				at = append(at, i+1)
			}
		}
		if len(at) == 0 {
			break
		}
		i := rapid.SampledFrom(at).Draw(t, "at")
		end := i + strings.IndexAny(text[i:]+",", ",}]")
		switch rapid.SampledFrom([]string{"value", "member", "space", "case"}).Draw(t, "mutation") {
		case "value":
			text = text[:i] + rapid.SampledFrom(oddValues).Draw(t, "value") + text[min(end, len(text)):]
		case "member":
			text = text[:i] + `"name":"x",` + text[i:]
		case "space":
			text = text[:i] + " \n\t" + text[i:]
		case "case":
			text = text[:i] + strings.ToUpper(text[i:min(i+3, len(text))]) + text[min(i+3, len(text)):]
		}
	}
	return text
}

// drawOf draws a value of a type as encoding/json would write it.
func drawOf(t *rapid.T, of reflect.Type, depth int) any {
	name := of.PkgPath() + "." + of.Name()
	switch name {
	case "k8s.io/apimachinery/pkg/apis/meta/v1.Time":
		return rapid.SampledFrom([]any{nil, "2026-01-02T15:04:05Z", "2026-01-02T15:04:05+02:00"}).Draw(t, "time")
	case "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":
		return rapid.SampledFrom([]any{nil, "2026-01-02T15:04:05.000001Z"}).Draw(t, "time")
	case "k8s.io/apimachinery/pkg/api/resource.Quantity":
		return rapid.SampledFrom([]any{"1", "100m", "2Gi", 1, 1.5, "1e3", nil}).Draw(t, "quantity")
	case "k8s.io/apimachinery/pkg/util/intstr.IntOrString":
		return rapid.SampledFrom([]any{0, 1, "10%", "http"}).Draw(t, "int or string")
	case "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1", "k8s.io/apimachinery/pkg/runtime.RawExtension":
		return json.RawMessage(rapid.SampledFrom([]string{`{"a": [1, {"b":"<"}]}`, "{}", "null"}).Draw(t, "raw"))
	}
	switch of.Kind() {
	case reflect.Pointer:
		return drawOf(t, of.Elem(), depth)
	case reflect.String:
		return rapid.SampledFrom([]string{"", "a", "x.y/z", "é", "\x01", "<&>", "😀"}).Draw(t, "text")
	case reflect.Bool:
		return rapid.Bool().Draw(t, "flag")
	case reflect.Int32, reflect.Int64, reflect.Int:
		return rapid.Int32().Draw(t, "number")
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return rapid.SampledFrom([]string{"", "YQ=="}).Draw(t, "bytes")
		}
		all := []any{}
		for range rapid.IntRange(0, 2).Draw(t, "items") {
			all = append(all, drawOf(t, of.Elem(), depth-1))
		}
		return all
	case reflect.Map:
		all := map[string]any{}
		for range rapid.IntRange(0, 2).Draw(t, "members") {
			all[rapid.SampledFrom([]string{"", "a", "b.c/d", "é"}).Draw(t, "key")] = drawOf(t, of.Elem(), depth-1)
		}
		return all
	case reflect.Struct:
		return drawStruct(t, of, depth)
	}
	return nil
}

func drawStruct(t *rapid.T, of reflect.Type, depth int) any {
	all := map[string]any{}
	if depth == 5 {
		all["metadata"] = map[string]any{"name": "x"}
	}
	if depth <= 0 {
		return all
	}
	fields := fieldTypes(of)
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(fields))), 0, min(4, len(fields)), rapid.ID[string]).Draw(t, "fields")
	for _, name := range names {
		if name != "kind" && name != "apiVersion" && !(depth == 5 && name == "metadata") {
			all[name] = drawOf(t, fields[name], depth-1)
		}
	}
	return all
}

// TestLargeStreams: streams of several blocks read as those of one block do, line
// numbers included.
func TestLargeStreams(t *testing.T) {
	var b bytes.Buffer
	n := 3000
	b.WriteString("apiVersion: v1\nkind: List\nitems:\n")
	for i := range n {
		fmt.Fprintf(&b, "- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n%d\n    annotations:\n      long: %s\n", i, strings.Repeat("x", 400))
	}
	b.WriteString("kind: List\n") // repeats: the whole is read
	for _, text := range []string{b.String(), strings.TrimSuffix(b.String(), "kind: List\n"), "# " + strings.Repeat("y", 600<<10) + "\n" + b.String()} {
		read := Read([]byte(text))
		if len(read.Objects) != n || len(read.Mistakes) > 0 {
			t.Fatalf("%d objects, %v", len(read.Objects), read.Mistakes)
		}
		last := read.Objects[n-1].Place
		want := 4 + 6*(n-1)
		if strings.HasPrefix(text, "#") {
			want++
		}
		if last.Line() != want {
			t.Errorf("line %d want %d", last.Line(), want)
		}
	}
}

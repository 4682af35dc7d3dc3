package cluster_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/zero"
)

// reread returns the value that the JSON of a value reads as.
func reread[T any](t rapid.TB, v T) (back T) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return back
}

// Data reads back from JSON as it was written.
func TestJSONReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := cluster.ManifestError{}
		zero.Fill(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), &e)
		if reread(t, e) != e {
			t.Fatalf("%#v reads as %#v", e, reread(t, e))
		}
		for range 10 {
			if edit := edit(t); reread(t, edit) != edit {
				t.Fatalf("%#v reads as %#v", edit, reread(t, edit))
			}
		}
		c := clusterOf(t, gen.Nodes(t, 8)...)
		set := c.Named(rapid.SliceOf(rapid.SampledFrom(append(c.Nodes().Names(), "x"))).Draw(t, "names")...)
		if back := reread(t, set); !back.Equal(set) || back.String() != set.String() {
			t.Fatalf("%v reads as %v", set, back)
		}
		m := c.Manifest()
		if back := reread(t, m); !equality.Semantic.DeepEqual(back.Objects(), m.Objects()) {
			t.Fatalf("%v reads as %v", m.Objects(), back.Objects())
		}
	})
}

// The JSON of a mistake has lower-case names and leaves out what is not known.
func TestManifestErrorAsJSON(t *testing.T) {
	_, err := cluster.ReadManifest(strings.NewReader("apiVersion: v1\nkind: Node\nmetadata: {name: 3}\n"))
	text, _ := json.Marshal(err.(interface{ Unwrap() []error }).Unwrap())
	want := `[{"document":1,"line":3,"object":"Node","field":"metadata.name","message":"must be a string, not 3: put it in quotes"}]`
	if !bytes.Equal(text, []byte(want)) {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestRefusedJSON(t *testing.T) {
	for _, v := range []any{oneNode(t), struct{ C *cluster.Cluster }{oneNode(t)}, cluster.NodeEdit{}, cluster.Taint("no effect")} {
		if text, err := json.Marshal(v); err == nil {
			t.Errorf("%v is written as %s", reflect.TypeOf(v), text)
		}
	}
	if _, err := json.Marshal(oneNode(t)); err == nil || !strings.Contains(err.Error(), "Manifest.WriteYAML") {
		t.Errorf("the error does not name the other way: %v", err)
	}
	for _, text := range []string{`"label a"`, `"no edit"`, `3`} {
		if err := json.Unmarshal([]byte(text), new(cluster.NodeEdit)); err == nil {
			t.Errorf("%s reads as an edit", text)
		}
	}
	var set cluster.NodeSet
	if err := json.Unmarshal([]byte(`["b", "a", "b"]`), &set); err != nil || set.String() != "{a b}" {
		t.Errorf("an unordered list reads as %v: %v", set, err)
	}
	if err := json.Unmarshal([]byte(`"a"`), &set); err == nil {
		t.Error("a text reads as a set")
	}
}

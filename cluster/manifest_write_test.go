package cluster_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/golden"
	_ "github.com/berthsim/berth/internal/seed"
)

// TestWriteYAMLReadsBack: the written objects read back equal.
// Mutants it fails on: bareKinds (asYAML without the kind), joined (without ---).
func TestWriteYAMLReadsBack(t *testing.T) {
	t.Run("odd texts", func(t *testing.T) {
		text := rapid.OneOf(
			rapid.SampledFrom([]string{"", "true", "yes", "1", "0x10", "1e3", "~", "null", "=", "<<", "---", "a\n---\nb\n", "a: b", "- a", "#", " a", "a ", "a\t", "\ta", "\r\n", "\r", "\u0085", "\u2028", "\x00", "\x7f", "\ufeff", "|", ">", "%", "@", "`", "{{ x }}", "2020-01-01", ".5", "'", `"`, `\`, "a\n\n", "\n", "12:30:45", "0o7", "1_000", ".inf"}),
			rapid.String(),
		)
		rapid.Check(t, func(t *rapid.T) {
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Annotations: rapid.MapOfN(text, text, 1, 4).Draw(t, "annotations")}}
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "x"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Args: rapid.SliceOfN(text, 1, 4).Draw(t, "args")}}}}
			checkReadsBack(t, &cluster.Manifest{Nodes: []*corev1.Node{node}, Pods: []*corev1.Pod{pod}})
		})
	})
	t.Run("a dump", func(t *testing.T) {
		var all []runtime.Object
		for o := range gen.Dump(3) {
			all = append(all, o)
		}
		c, err := cluster.New(all...)
		if err != nil {
			t.Fatal(err)
		}
		checkReadsBack(t, c.Manifest())
	})
	t.Run("corpus", func(t *testing.T) {
		files, _ := filepath.Glob(filepath.Join(golden.Corpus(t), "*", "*.*"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m, _ := cluster.ReadManifest(bytes.NewReader(text)) // the objects that could be read
			checkReadsBack(t, m)
		}
	})
	if err := (&cluster.Manifest{Nodes: []*corev1.Node{nil}}).WriteYAML(&bytes.Buffer{}); err == nil {
		t.Error("a nil was written")
	}
}

func checkReadsBack(t rapid.TB, m *cluster.Manifest) {
	t.Helper()
	var text bytes.Buffer
	if err := m.WriteYAML(&text); err != nil {
		t.Fatal(err)
	}
	back, err := cluster.ReadManifest(bytes.NewReader(text.Bytes()), cluster.Strict(), cluster.KeepAll())
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	got, want := back.Objects(), m.Objects()
	if len(got) != len(want) {
		t.Fatalf("%d objects, want %d", len(got), len(want))
	}
	for i := range want {
		written := want[i].DeepCopyObject()
		written.GetObjectKind().SetGroupVersionKind(got[i].GetObjectKind().GroupVersionKind())
		if !equality.Semantic.DeepEqual(sortedData(t, got[i]), sortedData(t, written)) {
			t.Fatalf("%s\ngot  %+v\nwant %+v", text.String(), got[i], written)
		}
	}
}

// sortedData sorts the members in the data of a ControllerRevision, as YAML does.
func sortedData(t rapid.TB, object runtime.Object) runtime.Object {
	revision, ok := object.(*appsv1.ControllerRevision)
	if !ok || revision.Data.Raw == nil {
		return object
	}
	var data any
	if err := json.Unmarshal(revision.Data.Raw, &data); err != nil {
		t.Fatal(err)
	}
	revision.Data.Raw, _ = json.Marshal(data)
	return revision
}

package cluster_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/berthsim/berth/cluster"
)

// TestReadFiles: every message names the file, a directory is read in the order of
// its names, and the message about an object in two files names both.
// Mutant it fails on: noName (readFile without the name).
func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml":        "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec: {taint: []}\n",
		"ns/b.json":     `{"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "b"}}, {"metadata": {"name": "a", "labels": {"x": "z"}}}]}`,
		"ns/p/logs.txt": "apiVersion: v1\n",
		"z.yml":         "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: 3}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := cluster.ReadFiles([]string{dir})
	if len(m.Nodes) != 2 || len(m.Pods) != 1 {
		t.Errorf("%d nodes, %d pods", len(m.Nodes), len(m.Pods))
	}
	compareText(t, m.Summary(), dir, `
DIR/a.yaml: document 1, line 4: Node a: spec.taint: unknown field, ignored: did you mean taints?
DIR/z.yml: document 1, line 3: Pod default/p: metadata.namespace: absent: read as default
DIR: files passed over because they do not end in .yaml, .yml or .json: 1`)
	compareText(t, err.Error(), dir, `
DIR/ns/b.json: document 1, line 1: Node a: is already in DIR/a.yaml, document 1, line 1, and differs
DIR/z.yml: document 2, line 7: Pod: metadata.name: must be a string, not 3: put it in quotes`)
	if _, err := cluster.ReadFiles([]string{filepath.Join(dir, "absent.yaml")}); err == nil {
		t.Error("a file that is not there was read")
	}
	_, err = cluster.ReadFiles([]string{filepath.Join(dir, "a.yaml")}, cluster.Strict())
	compareText(t, err.Error(), dir, `
DIR/a.yaml: document 1, line 4: Node a: spec.taint: unknown field: did you mean taints?`)
}

func compareText(t *testing.T, got, dir, want string) {
	t.Helper()
	got = strings.ReplaceAll(got, dir, "DIR")
	if want = strings.TrimPrefix(want, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestLineEndsAsKubectl: the last line ends like all others, and a line ends with \n
// whatever precedes it.
// Mutants it fails on: bareEnd (asKubectlReads without the last \n), crlf (without
// \r\n).
func TestLineEndsAsKubectl(t *testing.T) {
	const text = "apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n  annotations:\n    script: |\n      echo\n      more\n"
	want, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{
		strings.TrimSuffix(text, "\n"), strings.ReplaceAll(text, "\n", "\r\n"), strings.TrimSuffix(text, "\n") + "\r",
		"apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  "),
		strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\r\n"), strings.Replace(text, "echo\n", "echo\r\r\n", 1),
	} {
		m, err := cluster.ReadManifest(strings.NewReader(other))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m.Nodes, want.Nodes) {
			t.Errorf("%q reads as %q", other, m.Nodes[0].Annotations)
		}
	}
}

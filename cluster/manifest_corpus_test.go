package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus is the directory of real objects beside the module, which not every
// checkout has.
func corpus(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if at := filepath.Join(dir, "shared", "corpus"); isDir(at) {
			return at
		}
	}
	t.Skip("no shared/corpus above this directory")
	return ""
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// TestManifestCorpus: every file reads, or fails with mistakes that name the
// document, the line, and the object or field.
func TestManifestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "*", "*.*"))
	if err != nil || len(files) == 0 {
		t.Fatal("empty corpus", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ReadManifest(bytes.NewReader(text))
		t.Log(corpusSummary(filepath.Base(file), m, err))
		for _, e := range mistakesOf(t, err) {
			if e.Document == 0 || e.Line == 0 || e.Object+e.Field == "" {
				t.Errorf("%s: a mistake does not say where: %s", file, e)
			}
		}
	}
}

func corpusSummary(file string, m *Manifest, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d objects, %d skipped, %d warnings\n", file, len(m.Objects()), len(m.Skipped), len(m.Warnings))
	for _, w := range m.Warnings {
		if w.Field != "metadata.namespace" {
			fmt.Fprintf(&b, "\twarning: %s\n", w)
		}
	}
	if err != nil {
		fmt.Fprintf(&b, "\terror: %s\n", err)
	}
	return b.String()
}

// mistakesOf are the mistakes in an error, which must hold nothing else.
func mistakesOf(t testing.TB, err error) ManifestErrors {
	t.Helper()
	var all ManifestErrors
	if err != nil && !errors.As(err, &all) {
		t.Fatalf("not ManifestErrors: %v", err)
	}
	return all
}

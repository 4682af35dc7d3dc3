package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

// TestManifestCorpus: every file reads, or fails with mistakes that name the
// document, the line, and the object or field.
func TestManifestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(golden.Corpus(t), "*", "*.*"))
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
				t.Errorf("%s: a mistake without a place: %s", file, e)
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

// mistakesOf returns the mistakes in an error, which must hold nothing else.
func mistakesOf(t testing.TB, err error) manifestErrors {
	t.Helper()
	var all manifestErrors
	if err != nil && !errors.As(err, &all) {
		t.Fatalf("not manifest errors: %v", err)
	}
	return all
}

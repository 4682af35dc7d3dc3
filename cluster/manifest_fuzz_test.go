package cluster

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// FuzzReadManifest: no stream panics, reads differently twice, or gets a remark
// without a place or of more than one line.
// Mutants it fails on: emptyItems (misfits of an absent value), rawNames
// (Remark.String without oneLine).
func FuzzReadManifest(f *testing.F) {
	paths, _ := filepath.Glob("testdata/manifest/*.txt")
	for _, path := range paths {
		datadriven.RunTestAny(f, path, func(_ testing.TB, d *datadriven.TestData) string {
			f.Add([]byte(disguise(d.Input, d)))
			return d.Expected
		})
	}
	f.Add([]byte("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]\n"))
	f.Add([]byte(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a\nb"}}`))
	f.Add([]byte("a: b\r\r\r\r\rc\n"))
	f.Add([]byte("a: &a\n  b: *a\n"))
	f.Add([]byte("---\n#\x10"))
	f.Add([]byte("---0")) // no line end after the separator
	f.Fuzz(func(t *testing.T, stream []byte) {
		m, err := ReadManifest(bytes.NewReader(stream))
		again, errAgain := ReadManifest(bytes.NewReader(stream))
		if describeManifest(m, err) != describeManifest(again, errAgain) || !reflect.DeepEqual(m.Objects(), again.Objects()) {
			t.Fatal("reads differently twice")
		}
		lines := bytes.Count(stream, []byte("\n")) + 1
		for _, e := range mistakesOf(t, err) {
			checkRemark(t, e.Error(), e.Document, e.Line, lines)
		}
		for _, w := range m.Warnings {
			checkRemark(t, w.Error(), w.Document, w.Line, lines)
		}
		for _, s := range m.Skipped {
			checkRemark(t, s.Error(), s.Document, s.Line, lines)
		}
		if err == nil {
			_, _ = m.Cluster()
		}
	})
}

func checkRemark(t *testing.T, text string, document, line, lines int) {
	t.Helper()
	if document < 1 || line < 1 || line > lines || strings.Contains(text, "\n") {
		t.Errorf("not a place in %d lines, or not one line: %q", lines, text)
	}
}

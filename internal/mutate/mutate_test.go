package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

func TestFaults(t *testing.T) {
	dir, err := filepath.Abs("testdata/faults")
	if err != nil {
		t.Fatal(err)
	}
	m := &module{path: "faults"}
	mutants, err := m.mutants(goPackage{Dir: dir, ImportPath: "faults", GoFiles: []string{"faults.go"}})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	ids := map[string]bool{}
	for _, m := range mutants {
		out.WriteString(m.id() + "\n" + m.diff())
		if ids[m.id()] {
			t.Errorf("two faults are named %s", m.id())
		}
		ids[m.id()] = true
		if _, err := parser.ParseFile(token.NewFileSet(), "", m.mutated(), 0); err != nil {
			t.Errorf("%s: %v", m.id(), err)
		}
	}
	golden.Compare(t, "testdata/faults.txt", out.String())
}

// Some of the faults of tiny: killed by its own tests, by those of its importer, by a
// panic or a timeout; survivors; and one that is listed as equivalent.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"-C", "testdata/tiny", "-seed", "4", "-n", "11", "-timeout", "3s", "-list", "testdata/tiny.list", "."}, &out); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/tiny.txt", out.String())
}

func TestTheSeedDecides(t *testing.T) {
	drawn := func(seed string) string {
		var out bytes.Buffer
		if err := run([]string{"-C", "testdata/tiny", "-seed", seed, "-n", "3", "-dry", "sum", "."}, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := drawn("1")
	if first != drawn("1") {
		t.Error("the same seed draws other faults")
	}
	if first == drawn("2") {
		t.Error("another seed draws the same faults")
	}
	if strings.Count(first, "sum/sum.go") != 2 {
		t.Errorf("parts do not take turns:\n%s", first)
	}
}

func TestParts(t *testing.T) {
	parts := []string{"cluster,internal/kube", "rollout", "rollout/dryrun"}
	for dir, want := range map[string]int{
		"cluster": 0, "internal/kube/owner": 0, "internal/seed": -1, "clusters": -1, "cluster/clustertest": -1,
		"rollout/timeline": 1, "rollout/dryrun": 2, ".": -1,
	} {
		if got := partOf(dir, parts); got != want {
			t.Errorf("%s is in part %d, want %d", dir, got, want)
		}
	}
}

func TestImporters(t *testing.T) {
	m := &module{packages: []goPackage{
		{ImportPath: "a"}, {ImportPath: "b", Imports: []string{"c"}}, {ImportPath: "c", TestImports: []string{"a"}},
		{ImportPath: "d", XTestImports: []string{"a"}}, {ImportPath: "e"},
	}}
	if got := m.importers("a"); !slices.Equal(got, []string{"a", "c", "d", "b"}) {
		t.Error(got)
	}
}

func TestErrors(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list")
	for text, want := range map[string]string{
		"tiny.go:1:1 drop case\n":                                            "has no reason",
		"tiny.go:1:1 drop case: no reason":                                   "only 0 were drawn",
		"a: x\nb: x\nc: x\nd: x\ne: x\nf: x\ng: x\nh: x\ni: x\nj: x\nk: x\n": "at most 10",
	} {
		if err := os.WriteFile(list, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		err := run([]string{"-C", "testdata/tiny", "-seed", "7", "-n", "1", "-dry", "-list", list, "."}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if err := run([]string{"-C", "testdata/tiny", "-seed", "x"}, io.Discard); err == nil {
		t.Error("a seed that is no number is taken")
	}
}

package main

import (
	"os"
	"path/filepath"
	"testing"
)

const printed = `goos: linux
BenchmarkA/nodes=10/kubernetes-2         	     500	      3000 ns/op	     1500 ns/node
BenchmarkA/nodes=10/berth-2              	   10000	       100 ns/op	       12.34 ns/node	       30.00 x-kubernetes
PASS
`

func TestTableOfWhatBenchmarksPrint(t *testing.T) {
	rows := []row{{"all", "10", "BenchmarkA/nodes=10/kubernetes", "BenchmarkA/nodes=10/berth", "ns/node", perNode}}
	found := map[string]metrics{}
	parse(printed, found)
	got, err := table(samples{found}, rows)
	want := "| question | nodes | Kubernetes 1.37.2 | berth | ratio |\n|---|---|---|---|---|\n| all | 10 | 1.5 µs a node | 12 ns a node | 122 |\n"
	if err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	rows[0].ours = "BenchmarkB"
	if _, err := table(samples{found}, rows); err == nil {
		t.Error("a benchmark that did not run is no error")
	}
}

func TestInsertLeavesTheRestOfTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	for _, text := range []string{"old\n", "new\n"} {
		if text == "old\n" {
			if err := os.WriteFile(file, []byte("a\n"+begin+end+"z\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := insert(file, text); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if want := "a\n" + begin + "new\n" + end + "z\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if err := os.WriteFile(file, []byte("none"), 0o644); err != nil {
		t.Fatal(err)
	}
	if insert(file, "x") == nil {
		t.Error("a file without markers is no error")
	}
}

package berth_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/internal/kube"
)

// The README shows the whole program of examples/quickstart, so it compiles as pasted,
// and what it prints; CI runs the program and compares its output with the same file.
func TestReadmeShowsTheQuickstart(t *testing.T) {
	readme := read(t, "README.md")
	_, program, _ := strings.Cut(read(t, "examples/quickstart/main.go"), "package main\n")
	for _, text := range []string{"```go\npackage main\n" + program + "```\n", read(t, "examples/quickstart/output.txt")} {
		if len(text) < 100 || !strings.Contains(readme, text) {
			t.Errorf("README.md does not show:\n%s", text)
		}
	}
}

// The README shows what examples/propertycheck -broken finds; a test of that
// package compares it with the same file.
func TestReadmeShowsTheCounterexample(t *testing.T) {
	if text := read(t, "examples/propertycheck/counterexample.txt"); len(text) < 100 || !strings.Contains(read(t, "README.md"), text) {
		t.Errorf("README.md does not show:\n%s", text)
	}
}

// The README shows what examples/policy -broken fails with; a test of that package
// compares it with the same file.
func TestReadmeShowsTheBrokenPolicy(t *testing.T) {
	if text := read(t, "examples/policy/message.txt"); len(text) < 100 || !strings.Contains(read(t, "README.md"), text) {
		t.Errorf("README.md does not show:\n%s", text)
	}
}

// The README shows examples of rollout and rollout/diagnosis, and what they print.
func TestReadmeShowsTheExamples(t *testing.T) {
	readme, source := read(t, "README.md"), read(t, "rollout/example_test.go")+read(t, "rollout/diagnosis/example_test.go")
	for _, name := range []string{"ExampleSim_Apply_deployment", "ExampleDiagnose"} {
		_, body, _ := strings.Cut(source, "func "+name+"() {\n")
		body, _, _ = strings.Cut(body, "\n}\n")
		code, output, _ := strings.Cut(strings.ReplaceAll("\n"+body+"\n", "\n\t", "\n"), "// Output:\n")
		output = strings.ReplaceAll(strings.ReplaceAll("\n"+output, "\n//", "\n"), "\n ", "\n")
		for _, text := range []string{"```go" + code + "```\n", "```" + output + "```\n"} {
			if len(text) < 100 || !strings.Contains(readme, text) {
				t.Errorf("README.md does not show:\n%s", text)
			}
		}
	}
}

// Every example that the README names is there, and every one that is there is named.
func TestReadmeNamesTheExamples(t *testing.T) {
	readme := read(t, "README.md")
	dirs, err := os.ReadDir("examples")
	if err != nil || len(dirs) == 0 {
		t.Fatal(dirs, err)
	}
	for _, d := range dirs {
		if !strings.Contains(readme, "examples/"+d.Name()) {
			t.Errorf("README.md does not name examples/%s", d.Name())
		}
	}
}

// The README lists the rules that differ between releases, as internal/kube does. With
// -update the test writes the list.
func TestReadmeListsTheChanges(t *testing.T) {
	const begin, end = "<!-- changes: made by go test -run TestReadmeListsTheChanges . -args -update -->\n", "<!-- changes end -->\n"
	before, rest, _ := strings.Cut(read(t, "README.md"), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ended {
		t.Fatal("README.md has no list of changes")
	}
	table := "| since | rule | Kubernetes |\n|---|---|---|\n"
	for _, c := range kube.Changes() {
		table += fmt.Sprintf("| %s | %s | `%s`: %s |\n", c.Since, c.Rule, c.File, c.Func)
	}
	golden.Compare(t, "README.md", before+begin+table+end+after)
}

// LICENSES.md names every module that go.mod requires.
func TestLicencesAreNamed(t *testing.T) {
	text := strings.NewReplacer(",", " ", ";", " ").Replace(read(t, "LICENSES.md"))
	named := map[string]bool{}
	for _, word := range strings.Fields(text) {
		named[word] = true
	}
	for line := range strings.Lines(read(t, "go.mod")) {
		if module := strings.Fields(line); strings.HasPrefix(line, "\t") && len(module) > 1 && !named[module[0]] {
			t.Errorf("LICENSES.md does not name %s", module[0])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

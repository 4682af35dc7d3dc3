package berth_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/outside"
)

// The program of the README builds and prints what the README shows, pasted into a
// module outside of the repository. Two manifests that are joined without --- are an
// error there that asks for it. Mutant seen to fail: an edited line of the output.
func TestReadmeProgramRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	program := block(t, "```go\npackage main")
	dir := outside.Module(t, ".", map[string]string{"main.go": program})
	files, err := filepath.Glob("examples/logcollector/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	manifests := read(t, files[0]) + read(t, files[1])
	stdout, stderr, err := outside.Run(dir, manifests, "go", "run", ".")
	_, want, _ := strings.Cut(block(t, "```console\n$ cat examples/logcollector"), "\n")
	if err != nil || stdout != want {
		t.Errorf("%v: %s\n%s\nwant\n%s", err, stderr, stdout, want)
	}
	node := "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n"
	_, stderr, err = outside.Run(dir, node+node, "go", "run", ".")
	if err == nil || !strings.Contains(stderr, "---") {
		t.Errorf("joined without ---: %v: %s", err, stderr)
	}
}

// block returns the text of the first block of the README that starts like this.
func block(t *testing.T, start string) string {
	t.Helper()
	readme := read(t, "README.md")
	at := strings.Index(readme, start)
	if at < 0 {
		t.Fatalf("README.md has no block %q", start)
	}
	_, text, _ := strings.Cut(readme[at:], "\n")
	text, _, _ = strings.Cut(text, "\n```")
	return text + "\n"
}

// notRun are the command lines of the README that this test does not run, and why.
var notRun = map[string]string{
	"go get github.com/berthsim/berth":                                   "needs a release",
	"go install github.com/berthsim/berth/examples/kubectl-berth@latest": "needs a release",
	"go test ./...":                            "includes this test",
	"go test ./examples/propertycheck":         "is part of go test ./...",
	"go test ./examples/propertycheck -broken": "its own TestCounterexample does",
	"go test ./examples/policy -broken":        "its own TestMessage does",
	"cd internal/conformance && go test ./...": "takes minutes; .ci/run does",
}

// Every command line of the README runs. kubectl berth, on an example cluster, may also
// end with 1, which means that the answer is a failure. Mutant seen to fail: a command
// that does not exist.
func TestReadmeCommandsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	files := t.TempDir()
	if _, stderr, err := outside.Run(".", "", "go", "build", "-o", filepath.Join(files, "kubectl-berth"), "./examples/kubectl-berth"); err != nil {
		t.Fatal(stderr)
	}
	const example = "examples/kubectl-berth/testdata/help/"
	manifests := filepath.Join(files, "manifests")
	const version = "\n---\nserverVersion: {major: \"1\", minor: \"36\", gitVersion: v1.36.0}\n" // of kubectl version -o yaml
	err := errors.Join(os.CopyFS(files, os.DirFS(example)), os.Mkdir(manifests, 0o777),
		os.WriteFile(filepath.Join(manifests, "daemonset.yaml"), []byte(read(t, example+"daemonset.yaml")), 0o666),
		os.WriteFile(filepath.Join(files, "dump.yaml"), []byte(read(t, example+"dump.yaml")+version), 0o666))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, line := range commandLines(t) {
		if notRun[line] != "" {
			continue
		}
		ran++
		dir, worst, command := ".", 0, line
		if rest, ok := strings.CutPrefix(line, "kubectl berth "); ok {
			dir, worst, command = files, 1, "./kubectl-berth "+rest
		}
		if stdout, stderr, err := outside.Run(dir, "", "bash", "-c", command); status(err) > worst {
			t.Errorf("%s: %v\n%s%s", line, err, stdout, stderr)
		}
	}
	if ran < 10 {
		t.Errorf("only %d command lines", ran)
	}
}

// status returns the exit status of a command.
func status(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return 127 // it did not start
}

// commandLines returns the command lines of the README: after a $ in a block, without
// the comment, and in backquotes.
func commandLines(t *testing.T) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(read(t, "README.md")) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			command, _, _ = strings.Cut(command, " #")
			all = append(all, strings.TrimSpace(command))
			continue
		}
		for i, code := range strings.Split(line, "`") {
			if i%2 == 1 && (strings.HasPrefix(code, "go run ./") || strings.HasPrefix(code, "go test ./")) {
				all = append(all, code)
			}
		}
	}
	return all
}

// Package outside runs Go programs as a user of berth would: in a module of their own,
// outside of the repository, that takes berth from this checkout. It needs no network.
package outside

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Module writes the files into a new module that requires berth, and returns its
// directory. root is the path of the repository.
func Module(t testing.TB, root string, files map[string]string) string {
	t.Helper()
	root, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	const berth = "github.com/berthsim/berth"
	user := strings.Replace(string(mod), "module "+berth, "module example.com/user", 1)
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", user+"\nrequire "+berth+" v0.0.0\n\nreplace "+berth+" => "+root+"\n")
	write("go.sum", string(sum))
	for name, text := range files { // any order: each is a file of its own
		write(name, text)
	}
	return dir
}

// Run runs a command in the directory and returns what it prints, and whether it
// ended with an error.
func Run(dir, stdin, name string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.Command(name, args...)
	var out, bad bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, strings.NewReader(stdin), &out, &bad
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	err = cmd.Run()
	return out.String(), bad.String(), err
}

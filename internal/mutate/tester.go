package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tester runs the tests of a module with a mutant in place of a file.
type tester struct {
	module    *module
	timeout   time.Duration
	short     bool
	buildOnly bool
}

// outcome is what became of a mutant.
type outcome int

const (
	notCompiled outcome = iota
	compiled            // and no test was to run
	killed
	survived
	listed // as equivalent
)

// verdict is an outcome and, in words, by which tests or for what reason.
type verdict struct {
	outcome outcome
	why     string
}

func (v verdict) String() string {
	switch v.outcome {
	case killed:
		return "killed by " + v.why
	case survived:
		return "SURVIVED"
	case listed:
		return "equivalent: " + v.why
	case compiled:
		return "compiles"
	}
	return "does not compile"
}

// unchanged returns an error where a test fails without any fault, since such a
// test would kill every mutant.
func (t *tester) unchanged(mutants [][]mutant) error {
	if t.buildOnly {
		return nil
	}
	var packages []string
	for _, part := range mutants {
		for _, m := range part {
			if !slices.Contains(packages, m.importPath) {
				packages = append(packages, t.module.importers(m.importPath)...)
			}
		}
	}
	slices.Sort(packages)
	args := t.testArgs(slices.Compact(packages)...)
	if out, err := t.command(nil, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("tests fail without a fault: %w\n%s", err, out)
	}
	return nil
}

// next takes mutants off the front until one compiles or is listed as equivalent,
// and tests it. The outcome is notCompiled where none is left.
func (t *tester) next(mutants *[]mutant, equivalent map[string]string) (m mutant, v verdict, err error) {
	for len(*mutants) > 0 && v.outcome == notCompiled && err == nil {
		m, *mutants = (*mutants)[0], (*mutants)[1:]
		if reason, ok := equivalent[m.id()]; ok {
			return m, verdict{listed, reason}, nil
		}
		v, err = t.test(m)
	}
	return m, v, err
}

// test builds a mutant's package and runs the tests that see it, until one fails.
func (t *tester) test(m mutant) (verdict, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return verdict{}, err
	}
	defer os.RemoveAll(dir)
	overlay, err := writeOverlay(dir, m)
	if err != nil {
		return verdict{}, err
	}
	// In the environment, tests that run the go command pass it on.
	env := []string{"GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay)}
	if t.command(env, "build", m.importPath).Run() != nil {
		return verdict{}, nil
	}
	if t.buildOnly {
		return verdict{outcome: compiled}, nil
	}
	for _, p := range t.module.importers(m.importPath) {
		out, err := t.command(env, t.testArgs(p)...).CombinedOutput()
		switch {
		case err == nil:
		case strings.Contains(string(out), "[build failed]"): // a constant is the length of an array, say
			return verdict{}, nil
		default:
			return verdict{killed, strings.TrimPrefix(p, t.module.path+"/") + manner(string(out))}, nil
		}
	}
	return verdict{outcome: survived}, nil
}

// manner is how tests failed, where that is not by an assertion.
func manner(output string) string {
	switch {
	case strings.Contains(output, "panic: test timed out"):
		return " (timeout)"
	case strings.Contains(output, "panic: "), strings.Contains(output, "fatal error: "):
		return " (panic)"
	}
	return ""
}

// writeOverlay writes the mutant and the file that puts it in its place.
func writeOverlay(dir string, m mutant) (string, error) {
	file := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(file, []byte(m.mutated()), 0o666); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {m.file: file}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o666)
}

// limitMemory starts a test binary with at most 6 GB, since a fault in a loop may
// take all there is.
const limitMemory = `-exec=sh -c 'ulimit -v 6000000; exec "$0" "$@"'`

// testArgs are the arguments of go that test packages.
func (t *tester) testArgs(packages ...string) []string {
	args := []string{"test", "-vet=off", "-failfast", limitMemory, "-timeout=" + t.timeout.String()}
	if t.short {
		args = append(args, "-short")
	}
	return append(args, packages...)
}

func (t *tester) command(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = t.module.root
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

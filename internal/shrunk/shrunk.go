// Package shrunk runs a property that is expected to fail inside a test, which then
// checks the case that rapid shrinks the failure to.
package shrunk

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Failure checks the property and returns rapid's log of the smallest failure. The
// last call of the property has the smallest values and can leave them in variables.
// If the property holds, Failure fails t.
func Failure(t *testing.T, property func(*rapid.T)) (log string) {
	t.Helper()
	r := Run(func(r *Recorder) { rapid.Check(r, property) })
	if !r.Failed() {
		t.Fatalf("the property holds:\n%s", r)
	}
	return r.String()
}

// Checks sets the number of cases that rapid checks for the rest of the test.
func Checks(t *testing.T, n int) {
	t.Helper()
	old := flag.Lookup("rapid.checks").Value.String()
	t.Cleanup(func() { flag.Set("rapid.checks", old) })
	if err := flag.Set("rapid.checks", fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
}

// Run calls a function with a recorder and waits for its end. Meanwhile rapid uses
// the same seed each time and writes no failure files.
func Run(f func(r *Recorder)) *Recorder {
	for name, value := range map[string]string{"rapid.nofailfile": "true", "rapid.seed": "1"} {
		old := flag.Lookup(name).Value.String()
		defer flag.Set(name, old)
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	r := &Recorder{test: "recorded"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

// Recorder is a test that records its log. It ends its goroutine as testing.T does.
type Recorder struct {
	test   string
	lines  []string
	failed bool
}

// String returns everything that was logged, in order.
func (r *Recorder) String() string { return strings.Join(r.lines, "\n") }

// The methods of rapid.TB.
func (r *Recorder) Helper()                   {}
func (r *Recorder) Name() string              { return r.test }
func (r *Recorder) Logf(f string, a ...any)   { r.lines = append(r.lines, fmt.Sprintf(f, a...)) }
func (r *Recorder) Log(a ...any)              { r.lines = append(r.lines, strings.TrimSpace(fmt.Sprintln(a...))) }
func (r *Recorder) Skipf(f string, a ...any)  { r.Logf(f, a...); r.SkipNow() }
func (r *Recorder) Skip(a ...any)             { r.Log(a...); r.SkipNow() }
func (r *Recorder) SkipNow()                  { runtime.Goexit() }
func (r *Recorder) Errorf(f string, a ...any) { r.Logf(f, a...); r.Fail() }
func (r *Recorder) Error(a ...any)            { r.Log(a...); r.Fail() }
func (r *Recorder) Fatalf(f string, a ...any) { r.Logf(f, a...); r.FailNow() }
func (r *Recorder) Fatal(a ...any)            { r.Log(a...); r.FailNow() }
func (r *Recorder) Fail()                     { r.failed = true }
func (r *Recorder) FailNow()                  { r.Fail(); runtime.Goexit() }
func (r *Recorder) Failed() bool              { return r.failed }

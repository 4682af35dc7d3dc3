package propertycheck

import (
	"os"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/shrunk"
)

// The README shows the counter-example that -broken finds. You need not copy this file.
func TestCounterexample(t *testing.T) {
	failed := shrunk.Run(func(r *shrunk.Recorder) { halfAtOnce(r) })
	_, got, _ := strings.Cut(failed.String(), "[rapid] draw ")
	want, err := os.ReadFile("counterexample.txt")
	if err != nil || got+"\n" != string(want) {
		t.Errorf("%v\n%s", err, got)
	}
}

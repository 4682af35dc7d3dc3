package main

import (
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

// What is wrong with the input is written as SARIF, with file and line.
// internal/conformance validates the golden files.
func TestSARIFOfInput(t *testing.T) {
	t.Chdir("testdata/sarif")
	for _, test := range []struct {
		name string
		code int
		args []string
	}{
		{"refused", exitBadInput, []string{"inspect", "-f", "refused.yaml", "--cluster", "nodes.yaml"}},
		{"dropped", exitHolds, []string{"plan", "-f", "dropped.yaml", "--cluster", "nodes.yaml"}},
		{"strict", exitBadInput, []string{"plan", "-f", "dropped.yaml", "--cluster", "nodes.yaml", "--strict"}},
		{"policy", exitBadInput, []string{"plan", "-f", "dropped.yaml", "--cluster", "nodes.yaml", "--policy", "wrong-policies.yaml"}},
		{"hostile", exitFails, []string{"plan", "-f", "hostile.yaml", "--cluster", "nodes.yaml", "--policy", "hostile-policies.yaml"}},
	} {
		code, out, errs := answerOf(append(test.args, "-o", "sarif"))
		if code != test.code {
			t.Errorf("%s: ended with %d, want %d: %s", test.name, code, test.code, errs)
		}
		golden.Compare(t, "../"+test.name+".sarif", out)
	}
}

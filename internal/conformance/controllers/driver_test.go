package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Two plays by name are the same: nothing is left to chance but what drawing
// settles.
func TestByNameIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Scenarios().Draw(t, "scenario")
		if diff := cmp.Diff(play(t, s, ByName), play(t, s, ByName)); diff != "" {
			t.Fatalf("two plays differ:\n%s", diff)
		}
	})
}

func play(t *rapid.T, s Scenario, options Options) Trace {
	trace, err := Run(s, options)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return trace
}

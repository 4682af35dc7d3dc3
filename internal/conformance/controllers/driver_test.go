package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	_ "github.com/berthsim/berth/internal/seed"
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

// Likewise with Deployments: nothing depends on how Go's maps lie.
func TestDeploymentsAreDeterministic(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := DeploymentScenarios().Draw(rt, "scenario")
		var traces [2]Trace
		for i := range traces {
			var err error
			InVirtualTime(t, func() { traces[i], err = Run(s, Options{Choices: noChoice{}}) })
			if err != nil {
				rt.Fatal(err)
			}
		}
		if diff := cmp.Diff(traces[0], traces[1]); diff != "" {
			rt.Fatalf("two plays differ:\n%s\n%v", diff, s)
		}
	})
}

type noChoice struct{}

func (noChoice) Name(At, int) (string, types.UID) { return "", "" }
func (noChoice) Node(string) string               { return "" }
func (noChoice) Arrival(string) int               { return 0 }
func (noChoice) Turn(string) int                  { return 0 }

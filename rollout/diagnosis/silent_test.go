package diagnosis_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// A key of nothing is an error and not a silent nil. Mutant seen to fail: find without
// an error.
func TestUnknownKeysAreErrors(t *testing.T) {
	sim := rolledOut("a", "b")
	for key, want := range map[string]string{
		"":                         "no key",
		"agent":                    `key "agent"`,
		"default/agnet":            `"agnet" not found`,
		"deployment/default/agent": `deployments.apps "agent" not found`,
	} {
		if x, err := diagnosis.Diagnose(sim, key); x != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Diagnose %q: %v %v, want %s", key, x, err, want)
		}
		if waits, err := diagnosis.Waiting(sim, key); waits != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Waiting %q: %v %v, want %s", key, waits, err, want)
		}
	}
	if x, err := diagnosis.DiagnoseDrain(sim, "c"); x != nil || err == nil || err.Error() != `nodes "c" not found` {
		t.Errorf("%v %v", x, err)
	}
	for _, key := range []string{"default/agent", "daemonset/default/agent"} {
		if x, err := diagnosis.Diagnose(sim, key); x != nil || err != nil {
			t.Errorf("%s is done: %v %v", key, x, err)
		}
	}
	if x, err := diagnosis.DiagnoseDrain(sim, "a"); x != nil || err != nil {
		t.Errorf("no drain: %v %v", x, err)
	}
}

// A rollout is not stuck while an input waits for the next tick; an input of a later
// tick does not count. Mutants seen to fail: InputDue that is always false, or true if
// any input waits.
func TestOutstandingInputsMayEndIt(t *testing.T) {
	sim := rolledOut("a", "b", "c")
	sim.Inject(rollout.NodeDown{Node: "b"})
	sim.Apply(agent("agent:2"))
	sim.Advance(100)
	diagnosed := func() bool {
		x, err := diagnosis.Diagnose(sim, "default/agent")
		if err != nil {
			t.Fatal(err)
		}
		return x != nil
	}
	if err := sim.At(sim.Now()+2, rollout.NodeReady{Node: "b"}); err != nil {
		t.Fatal(err)
	}
	if !diagnosed() {
		t.Error("an input of a later tick counts")
	}
	if sim.Advance(1); diagnosed() {
		t.Error("an input of the next tick does not count")
	}
}

// Every constant has its own rule, and no other text stands in for it.
func TestEveryBlockerHasAReference(t *testing.T) {
	unknown := diagnosis.BlockerUnknown.Reference()
	f, err := parser.ParseFile(token.NewFileSet(), "blocker.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		text, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		word, _ := strconv.Unquote(text.Value)
		seen++
		if r := diagnosis.Blocker(word).Reference(); r.Text == "" || r == unknown && word != "Unknown" {
			t.Errorf("%s has no rule: %v", word, r)
		}
		if "Blocker"+word != spec.Names[0].Name {
			t.Errorf("%s is %q", spec.Names[0].Name, word)
		}
		return true
	})
	if seen < 30 {
		t.Errorf("only %d blockers", seen)
	}
}

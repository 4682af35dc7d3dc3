package rollouttest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/berthsim/berth/internal/seed"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/rollout/rollouttest"
)

// mutants break the controller's rules, one for each claim of that name: a piece of
// package rollout and its replacement. broken reports whether this mutant is enabled.
var mutants = []struct{ claim, file, rule, mutant string }{
	{"NeverBelow", "daemonset_update.go", // pods that are unavailable already are not counted, and one too many is deleted
		"free := max(0, maxUnavailable-unavailable)",
		"free := max(0, maxUnavailable-unavailable); if broken(`NeverBelow`) { free = maxUnavailable + 1 }"},
	{"Covered", "daemonset_controller.go", // cordoned nodes are not eligible
		"now = d.workload.Check(object).Decision",
		"now = d.workload.Check(object).Decision; if broken(`Covered`) && object.Spec.Unschedulable { now = placement.Excluded }"},
	{"OnePerNode", "daemonset_manage.go", // the successor does not wait for a terminating pod
		"for first != none && dsc.pods[first].gone() {",
		"for first != none && (dsc.pods[first].gone() || broken(`OnePerNode`) && dsc.pods[first].is(terminating)) {"},
	{"NothingLost", "daemonset_controller.go", // a NoSchedule taint evicts pods
		"d.decision[node] = now",
		"if broken(`NothingLost`) && now == placement.Kept { now = placement.Excluded }; d.decision[node] = now"},
	{"Ends", "daemonset_budget.go", // percentages round down
		"intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, of, true)",
		"intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, of, !broken(`Ends`))"},
	{"Ends", "daemonset_budget.go", // and two zeros mean no update limit
		"if wanted > 0 && unavailable == 0 && surge == 0 {",
		"if wanted > 0 && unavailable == 0 && surge == 0 && !broken(`Ends`) {"},
	{"RollsBack", "input_daemonset.go", // the undo keeps the template
		"wish.Spec.Template = *template",
		"wish.Spec.Template = *template; if broken(`RollsBack`) { wish.Spec.Template = d.object.Spec.Template }"},
}

const turn = "BERTH_MUTANT" // names the mutant in the environment of the test binary

// Each mutant is found by its claim and shrunk to at most three nodes and three inputs.
// The rules are replaced when a test binary is built. One of them is broken when it
// runs.
func TestMutantsAreFoundAndShrunk(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a test binary")
	}
	binary := buildMutants(t)
	for _, name := range mutantNames() {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(binary, "-test.run", "^TestOneMutant$", "-test.v")
			cmd.Env = append(os.Environ(), turn+"="+name)
			out, err := cmd.CombinedOutput()
			var nodes, inputs int
			_, found, _ := strings.Cut(string(out), "smallest: ")
			if _, scanErr := fmt.Sscanf(found, "%d nodes, %d inputs", &nodes, &inputs); err != nil || scanErr != nil {
				t.Fatalf("%v, %v\n%s", err, scanErr, out)
			}
			if nodes > 3 || inputs > 3 {
				t.Errorf("%d nodes, %d inputs\n%s", nodes, inputs, out)
			}
			t.Logf("%s", found)
		})
	}
}

func mutantNames() []string {
	var names []string
	for _, m := range mutants {
		names = append(names, m.claim)
	}
	return slices.Compact(names)
}

func buildMutants(t *testing.T) (binary string) {
	dir := t.TempDir()
	overlay := map[string]string{}
	replace := func(file, source string) {
		copied := filepath.Join(dir, file)
		if err := os.WriteFile(copied, []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
		original, err := filepath.Abs(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		overlay[original] = copied
	}
	sources := map[string]string{}
	for _, m := range mutants {
		if sources[m.file] == "" {
			source, err := os.ReadFile(filepath.Join("..", m.file))
			if err != nil {
				t.Fatal(err)
			}
			sources[m.file] = string(source)
		}
		if strings.Count(sources[m.file], m.rule) != 1 {
			t.Fatalf("%s does not say this once any more: %s", m.file, m.rule)
		}
		sources[m.file] = strings.Replace(sources[m.file], m.rule, m.mutant, 1)
		replace(m.file, sources[m.file])
	}
	replace("mutant.go", "package rollout\nimport \"os\"\nvar turn = os.Getenv(`"+turn+"`)\nfunc broken(mutant string) bool { return mutant == turn }\n")
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o666); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "mutants.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-o", binary, "-overlay", filepath.Join(dir, "overlay.json"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// TestOneMutant runs in the binary with the mutants. It fails if the enabled mutant is
// not found.
func TestOneMutant(t *testing.T) {
	name := os.Getenv(turn)
	if name == "" {
		t.Skip("for TestMutantsAreFoundAndShrunk")
	}
	for _, c := range claims {
		if c.name != name {
			continue
		}
		var last rollouttest.Scenario
		scenarios := rapid.Map(rollouttest.Scenarios(c.daemonSet, c.options...), func(s rollouttest.Scenario) rollouttest.Scenario {
			last = s
			return s
		})
		found := shrunk.Run(func(r *shrunk.Recorder) { rollouttest.Explore(r, scenarios, c.invariant) })
		if !found.Failed() || !strings.Contains(found.String(), c.invariant.String()) {
			t.Fatalf("not found:\n%s", found)
		}
		nodes := last.World.Cluster(t).Nodes().Len()
		t.Logf("smallest: %d nodes, %d inputs\n%#v", nodes, len(last.Steps), last)
	}
}

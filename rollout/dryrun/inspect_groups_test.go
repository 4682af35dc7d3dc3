package dryrun_test

import (
	"strings"
	"testing"

	"github.com/berthsim/berth/rollout/dryrun"
)

// found returns the findings of a rule.
func found(t *testing.T, rule string, edits ...string) (of dryrun.Findings) {
	t.Helper()
	all, err := dryrun.Inspect(edited(t, edits...), dryrun.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Rule == rule {
			of = append(of, f)
		}
	}
	return of
}

// Nodes with different taints are two findings, and each has the advice for its own.
// Nodes that lack other amounts of the same resource are one.
func TestFindingsGroupNodesByTheirReasons(t *testing.T) {
	tainted := "name: n2, labels: {pool: a}}\nspec: {taints: [{key: k, value: z, effect: NoSchedule}]}"
	onN2 := strings.NewReplacer("agent-x", "agent-y", "n1", "n2").Replace(runningOnN1)
	all := found(t, "LosesPods", noTaints, taintedNow, "name: n2, labels: {pool: a}}", tainted, "", runningOnN1, "", onN2)
	if len(all) != 2 {
		t.Fatalf("%v", all)
	}
	for i, want := range []string{"n1", "n2"} {
		f := all[i]
		if len(f.Nodes) != 1 || f.Nodes[0] != want || !strings.Contains(f.Remedy, "tolerate") {
			t.Errorf("%v", f)
		}
	}
	if all[0].Remedy == all[1].Remedy {
		t.Errorf("both nodes get the advice for one: %v", all)
	}
	surge := found(t, "SurgeCannotWork", unavailableOne, surging, "cpu: 500m", "cpu: 1100m", `cpu: "2"`, `cpu: "1500m"`)
	if len(surge) != 1 || len(surge[0].Nodes) != 3 {
		t.Errorf("%v", surge)
	}
}

// Of terms that are ORed none keeps nodes out alone: all of them are one finding, and
// none if some node meets one of them.
func TestORedTermsAreOneFinding(t *testing.T) {
	terms := func(list string) string {
		return "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [" + list + "]}}}"
	}
	term := func(key, value string) string {
		return "{matchExpressions: [{key: " + key + ", operator: In, values: [" + value + "]}]}"
	}
	for _, test := range []struct {
		name, terms, message, path string
		severity                   dryrun.Severity
		edits                      []string
	}{
		{
			name: "no node meets either", terms: term("gpu", "nvidia") + ", " + term("disk", "ssd"),
			message: "none of 3 nodes meets one of the 2 terms (gpu=nvidia; disk=ssd): no pod is ever created", path: "nodeSelectorTerms", severity: dryrun.SeverityNote,
		},
		{
			name: "one is misspelt", terms: term("gpu", "nvidia") + ", " + term("poool", "a"),
			message: "none of 3 nodes meets one of the 2 terms (gpu=nvidia; poool=a): no pod is ever created", path: "nodeSelectorTerms", severity: dryrun.SeverityProblem,
		},
		{
			name: "a node that is tainted meets one", terms: term("gpu", "nvidia") + ", " + term("pool", "b"), severity: dryrun.SeverityNote, path: "spec",
			message: "no pod is ever created: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector",
			edits:   []string{"name: n3, labels: {pool: b}}", "name: n3, labels: {pool: b}}\nspec: {taints: [{key: x, effect: NoExecute}]}"},
		},
	} {
		all := found(t, "SelectsNothing", append([]string{noAffinity, terms(test.terms)}, test.edits...)...)
		if len(all) != 1 || all[0].Message != test.message || all[0].Severity != test.severity || !strings.HasSuffix(all[0].Path, test.path) {
			t.Errorf("%s: %v", test.name, all)
		}
	}
}

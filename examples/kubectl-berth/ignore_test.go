package main

import (
	"strings"
	"testing"
)

// --ignore leaves out findings of inspect and of plan; a rule that does not exist ends
// with 2 and the rules that do. Mutants seen to fail: a plan that inspects without
// Config.Ignore, withDefaults without checkIgnored.
func TestIgnoreFindings(t *testing.T) {
	t.Chdir("testdata/help")
	const (
		inspect = "inspect -f daemonset.yaml --cluster dump.yaml"
		plan    = "plan --cluster dump.yaml --edit 'node-1: taint x=y:NoSchedule'"
		unknown = `"NoRequest" is not a rule of findings: must be one of LosesPods, `
	)
	for _, test := range []struct {
		line      string
		code      int
		says, not string
	}{
		{inspect, exitHolds, "NoRequests", "No findings."},
		{inspect + " --ignore NoPriority", exitHolds, "NoRequests", "No findings."},
		{inspect + " --ignore NoPriority,NoRequests", exitHolds, "No findings.", "NoRequests"},
		{inspect + " --ignore NoPriority --ignore NoRequests", exitHolds, "No findings.", "NoRequests"},
		{inspect + " --ignore NoRequest", exitBadInput, unknown, "No findings."},
		{plan, exitHolds, "new findings", "not a rule"},
		{plan + " --ignore LosesPods", exitHolds, "~ DaemonSet logging/log-collector", "LosesPods"},
		{plan + " --ignore LosesPods -o json", exitHolds, `"findings": []`, "LosesPods"},
		{plan + " --ignore NoRequest", exitBadInput, unknown, "new findings"},
	} {
		code, out, errs := answerOf(words(test.line))
		if all := out + errs; code != test.code || !strings.Contains(all, test.says) || strings.Contains(all, test.not) {
			t.Errorf("%s\nended with %d, want %d, %q and not %q:\n%s", test.line, code, test.code, test.says, test.not, all)
		}
	}
}

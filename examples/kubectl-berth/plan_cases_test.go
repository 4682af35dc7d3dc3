package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

// TestCases holds golden outputs of plans that once disagreed with their own
// simulation.
func TestCases(t *testing.T) {
	for _, test := range []struct {
		claim string
		code  int
		args  string
	}{
		{"an apply without uid is a rolling update of the same object", exitHolds, "--cluster F1-dump.yaml -f F1-with-daemonset.yaml"},
		{"an apply keeps what the manifest does not state", exitHolds, "--cluster F1-dump.yaml -f F1-without-replicas.yaml"},
		{"an apply sets the zeros that the manifest states", exitHolds, "--cluster F4-dump.yaml -f F1-zeros.yaml"},
		{"an apply removes a field that the manifest states as null", exitHolds, "--cluster F1-dump.yaml -f F1-null.yaml"},
		{"an immutable field is refused in JSON too", exitFails, "--cluster F4-dump.yaml -f F1-immutable.yaml -o json"},
		{"a drained pod does not compete with its own replacement", exitHolds, "--cluster F2-dump.yaml --do 'drain n2 --ignore-daemonsets' --policy F2-policy.yaml"},
		{"a budget that allows no eviction keeps a drain from completing", exitFails, "--cluster F3-dump-pdb.yaml --do 'drain n2 --ignore-daemonsets'"},
		{"a drain that kubectl refuses does not complete", exitFails, "--cluster F3-dump-ds.yaml --do 'drain a'"},
		{"a drain of manifests waits for pods that are created first", exitFails, "--cluster drain-blocked.yaml --do 'drain n1 --ignore-daemonsets'"},
		{"a dump without budgets and owners says what it lacks", exitHolds, "--cluster F3-dump-as-header-says.yaml --do 'drain n2 --ignore-daemonsets'"},
		{"pods within minReadySeconds are unavailable and go at once", exitFails, "--cluster F4-dump.yaml -f F4-new.yaml --policy F4-policy.yaml"},
		{"a node without status has room for no pod", exitFails, "-f F9.yaml"},
		{"an edit that does not complete may be allowed", exitHolds, "-f F9.yaml --allow-incomplete"},
	} {
		t.Run(test.claim, func(t *testing.T) {
			code, out, errs := call("", caseArgs(test.args)...)
			if code != test.code {
				t.Errorf("ended with %d, want %d: %s", code, test.code, errs)
			}
			golden.Compare(t, filepath.Join("testdata", "cases", strings.ReplaceAll(test.claim, " ", "_")+".txt"), out)
		})
	}
}

// caseArgs splits a command line at blanks outside quotes, and resolves its files.
func caseArgs(line string) []string {
	var args []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			args = append(args, part)
			continue
		}
		for _, word := range strings.Fields(part) {
			if strings.HasSuffix(word, ".yaml") {
				word = "testdata/cases/" + word
			}
			args = append(args, word)
		}
	}
	return args
}

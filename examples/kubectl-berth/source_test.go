package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	oneNode  = "{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {kubernetes.io/os: linux}}, status: {allocatable: {cpu: 1, memory: 1Gi, pods: 9}}}\n"
	oneAgent = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {selector: {matchLabels: {app: x}}, template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: i}]}}}}\n"
)

// folder returns a folder with nodes.yaml, agent.yaml, notes.txt and below/other.yaml.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"nodes.yaml": oneNode, "agent.yaml": oneAgent, "notes.txt": "no manifest",
		"below/other.yaml": strings.Replace(oneAgent, "name: agent", "name: other, namespace: ops", 1), "empty/notes.txt": "",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Files are found as kubectl finds them, and what cannot be found says what to do.
func TestFiles(t *testing.T) {
	t.Chdir(folder(t))
	for _, test := range []struct {
		reason, stdin, args string
		code                int
		says, not           string
	}{
		{"a directory", "", "where -f .", exitHolds, "daemonset/default/agent", "ops/other"},
		{"with what is below it", "", "where -R -f .", exitHolds, "daemonset/ops/other", "no manifest"},
		{"a directory without manifests", "", "where -f empty", exitBadInput, "empty: the directory has no file that ends in .yaml, .yml or .json: -R reads those below it too", ""},
		{"a glob", "", "where -f *.yaml", exitHolds, "daemonset/default/agent", ""},
		{"a glob that matches nothing", "", "where -f *.yml", exitBadInput, "no such file", ""},
		{"standard input", oneAgent, "where -f - --cluster nodes.yaml", exitHolds, "daemonset/default/agent: 1/1 nodes are available", ""},
		{"standard input twice", "", "where -f - --cluster -", exitBadInput, "standard input can be read only once", ""},
		{"an address", "", "where -f https://example.com/a.yaml", exitBadInput, "curl -sfL https://example.com/a.yaml | kubectl berth ... -f -", ""},
		{"a file as an argument", "", "where agent.yaml --cluster nodes.yaml", exitHolds, "daemonset/default/agent", ""},
		{"a namespace for what names none", "", "where -f agent.yaml --cluster nodes.yaml -n logging", exitHolds, "daemonset/logging/agent", ""},
		{"and what names one stays", "", "where -f below --cluster nodes.yaml -n ops", exitHolds, "daemonset/ops/other", ""},
		{"a plan refuses another namespace", "", "plan -f below --cluster nodes.yaml -n logging", exitBadInput, `the namespace from the provided object "ops" does not match the namespace "logging". You must pass '--namespace=ops'`, ""},
		{"a selector", "", "where -R -f . -l no=such", exitHolds, "", "daemonset/"},
		{"a selector that does not parse", "", "where -R -f . -l a=b=c", exitBadInput, "-l \"a=b=c\":", ""},
		{"a release", "", "where -f . --server-version v1.36.3", exitHolds, "daemonset/default/agent", ""},
		{"an unknown release", "", "where -f . --server-version 1.20", exitBadInput, "--server-version 1.20: version \"1.20\" of Kubernetes is not known", ""},
		{"-A and -n", "", "where -f . -A -n ops", exitBadInput, "-A and -n exclude each other", ""},
		{"no cluster", "", "where ds/agent", exitBadInput, "no --cluster, no nodes in -f, and no current context: tests start no kubectl", ""},
		{"one dash", "", "where -cluster nodes.yaml", exitBadInput, "did you mean --cluster?", ""},
		{"a file without its flag", "", "plan nodes.yaml", exitBadInput, `plan: unexpected argument "nodes.yaml": -f FILE and --cluster FILE name files`, ""},
		{"a file as an argument of inspect", "", "inspect nodes.yaml", exitHolds, "No findings.", ""},
		{"a command that is none", "", "plam", exitBadInput, "Did you mean this?\n\tplan", ""},
	} {
		var out, errs strings.Builder
		code := run(strings.Fields(test.args), testEnvironment(test.stdin, &out, &errs))
		all := out.String() + errs.String()
		if code != test.code || !strings.Contains(all, test.says) || test.not != "" && strings.Contains(all, test.not) {
			t.Errorf("%s: ended with %d, want %d, %q and not %q:\n%s", test.reason, code, test.code, test.says, test.not, all)
		}
	}
}

// fakeKubectl answers as kubectl, and notes what it was asked.
type fakeKubectl struct {
	asked   []string
	answers map[string]string // by the first two arguments
}

func (k *fakeKubectl) run(args ...string) ([]byte, error) {
	k.asked = append(k.asked, strings.Join(args, " "))
	answer, ok := k.answers[strings.Join(args[:2], " ")]
	if !ok {
		return nil, errors.New("error: refused")
	}
	return []byte(answer), nil
}

// Without files, the cluster of the current context is read by kubectl, which is asked
// for nothing that changes it; the output says so.
func TestCurrentContext(t *testing.T) {
	k := &fakeKubectl{answers: map[string]string{
		"config current-context": "prod\x1b[2J\n", "get " + dumpKinds: oneNode + "---\n" + oneAgent,
		"version -o": `{"clientVersion": {"major": "1", "minor": "37"}, "serverVersion": {"major": "1", "minor": "36", "gitVersion": "v1.36.1"}}`,
	}}
	var out, errs strings.Builder
	env := testEnvironment("", &out, &errs)
	env.kubectl = k.run
	if code := run([]string{"where", "ds/agent"}, env); code != exitHolds || !strings.Contains(out.String(), "1/1 nodes are available") {
		t.Errorf("ended with %d: %s%s", code, out.String(), errs.String())
	}
	if want := `reading context prod\x1b[2J with kubectl get and kubectl version, which change nothing`; !strings.Contains(errs.String(), want) {
		t.Errorf("does not say that it reads the cluster:\n%s", errs.String())
	}
	want := []string{"config current-context", "get " + dumpKinds + " --all-namespaces -o json", "version -o json"}
	if strings.Join(k.asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked kubectl\n%s\nwant\n%s", strings.Join(k.asked, "\n"), strings.Join(want, "\n"))
	}
}

// A kubectl that may not read is an error with its words.
func TestCurrentContextRefused(t *testing.T) {
	k := &fakeKubectl{answers: map[string]string{"config current-context": "prod\n"}}
	var out, errs strings.Builder
	env := testEnvironment("", &out, &errs)
	env.kubectl = k.run
	if code := run([]string{"stuck"}, env); code != exitBadInput || !strings.Contains(errs.String(), "context prod: kubectl get: error: refused") {
		t.Errorf("ended with %d: %s", code, errs.String())
	}
}

// -k reads what kubectl kustomize renders.
func TestKustomize(t *testing.T) {
	dir := folder(t)
	k := &fakeKubectl{answers: map[string]string{"kustomize overlays/prod": oneAgent}}
	var out, errs strings.Builder
	env := testEnvironment("", &out, &errs)
	env.kubectl = k.run
	code := run([]string{"plan", "-k", "overlays/prod", "--cluster", filepath.Join(dir, "nodes.yaml")}, env)
	if code != exitHolds || !strings.Contains(out.String(), "+ DaemonSet default/agent: created") {
		t.Errorf("ended with %d: %s%s", code, out.String(), errs.String())
	}
}

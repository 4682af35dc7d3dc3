package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

const (
	agent = "../logcollector/logcollector.yaml"
	nodes = "../logcollector/nodes.yaml"
)

// small is the DaemonSet of testdata/small.yaml.
const small = `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: x, namespace: default}, spec: {selector: {matchLabels: {app: x}}, template: {metadata: {labels: {app: x}}, spec: {tolerations: [{operator: Exists}], containers: [{name: c, image: i}]}}}}`

func call(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs strings.Builder
	code = run(append([]string{"plan"}, args...), testEnvironment(stdin, &out, &errs))
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	broken := `{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"x"},"spec":{"selector":{},"template":{"spec":{"containers":7}}}}`
	for _, test := range []struct {
		reason string
		code   int
		says   string // on either stream
		stdin  string
		args   []string
	}{
		{"a prediction without expectations", exitHolds, "7/12 nodes are available", "", []string{"-f", agent, "--cluster", nodes}},
		{"an expectation that holds", exitHolds, "ok    --expect kubernetes.io/arch=arm64: all 2 nodes", "", []string{"-f", agent, "--cluster", nodes, "--expect", "kubernetes.io/arch=arm64"}},
		{"an expectation that fails names nodes and reasons", exitFails, "gpu-1: Kept: TaintToleration", "", []string{"-f", agent, "--cluster", nodes, "--expect", "nvidia.com/gpu.present"}},
		{"an expectation about no node holds nothing up", exitFails, "names no node", "", []string{"-f", agent, "--cluster", nodes, "--expect", "no=such"}},
		{"a selector that does not parse", exitBadInput, "--expect: label selector", "", []string{"-f", agent, "--cluster", nodes, "--expect", "a in"}},
		{"standard input", exitBadInput, "-: document 1", broken, []string{"-f", "-", "--cluster", nodes}},
		{"the field of a mistake", exitBadInput, "spec.template.spec.containers", broken, []string{"-f", "-", "--cluster", nodes}},
		{"no DaemonSet", exitBadInput, "holds no DaemonSet", "", []string{"-f", nodes}},
		{"no file", exitBadInput, "no such file", "", []string{"-f", "absent.yaml"}},
		{"no -f, and a format that is none", exitBadInput, "-o xml: must be one of table, json", "", []string{"-o", "xml"}},
		{"a node's edit alone", exitHolds, "lost: worker-arm-1", "", []string{"--cluster", agent, "--cluster", nodes, "--edit", "kubernetes.io/hostname=worker-arm-1: label node.example.com/logging=external"}},
		{"nodes that go", exitHolds, "pods deleted at once: 2", "", []string{"--cluster", agent, "--cluster", nodes, "--edit", "kubernetes.io/arch=arm64: remove"}},
		{"a DaemonSet that goes", exitHolds, "pods deleted at once: 7", "", []string{"--cluster", agent, "--cluster", nodes, "--delete", "logging/log-collector"}},
		{"an input", exitHolds, "kept only: a running pod stays, but no new one comes: worker-amd-1", "", []string{"--cluster", agent, "--cluster", nodes, "--do", "node-down worker-amd-1"}},
		{"an edit of no node", exitBadInput, "no node matches", "", []string{"--cluster", nodes, "--edit", "no=such: cordon"}},
		{"an edit that is none", exitBadInput, "edit \"fly\"", "", []string{"--cluster", nodes, "--edit", "kubernetes.io/os: fly"}},
		{"an input that is none", exitBadInput, "--do \"drain\"", "", []string{"--cluster", nodes, "--do", "drain"}},
		{"an expectation of nothing", exitBadInput, "--expect is about the DaemonSets of -f", "", []string{"--cluster", nodes, "--edit", "a=b: cordon", "--expect", "a"}},
		{"a policy file that is not there", exitBadInput, "no such file", "", []string{"-f", agent, "--cluster", nodes, "--policy", "absent.yaml"}},
		{"a selector that is immutable", exitFails, "spec.selector: Invalid value", strings.ReplaceAll(strings.ReplaceAll(small, "{app: x}", "{app: other}"), "no such", ""), []string{"-f", "-", "--cluster", "testdata/small.yaml"}},
		{"a node by its name", exitHolds, "edit  cordon on n1: completed", "", []string{"--cluster", "testdata/small.yaml", "--edit", "n1: cordon"}},
		{"a Deployment that goes", exitHolds, "edit  delete Deployment default/web: completed", "", []string{"--cluster", "testdata/small.yaml", "--delete", "default/web"}},
		{"a restart", exitHolds, "edit  restart default/web: completed", "", []string{"--cluster", "testdata/small.yaml", "--do", "restart default/web"}},
		{"a budget to apply", exitHolds, "edit  apply PodDisruptionBudget default/web: completed", "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web, namespace: default}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}}", []string{"-f", "-", "--cluster", "testdata/small.yaml"}},
		{"a node that does not come back", exitFails, "2 available before, at worst 1 (after 49s), 1 in the end", "", []string{"--cluster", "testdata/small.yaml", "--do", "node-down n1"}},
		{"a node that need not come back", exitHolds, "stuck", "", []string{"--cluster", "testdata/small.yaml", "--do", "node-down n1", "--allow-incomplete"}},
		{"an unknown flag", exitBadInput, "unknown shorthand flag: 'z'", "", []string{"-z"}},
	} {
		code, out, errs := call(test.stdin, test.args...)
		if code != test.code || !strings.Contains(out+errs, test.says) {
			t.Errorf("%s: ended with %d, want %d and %q, printed\n%s%s", test.reason, code, test.code, test.says, out, errs)
		}
	}
}

func TestJSON(t *testing.T) {
	code, out, _ := call("", "-f", agent, "--cluster", nodes, "-o", "json", "--expect", "kubernetes.io/os=linux")
	var r report
	if err := json.Unmarshal([]byte(out), &r); code != exitFails || err != nil {
		t.Fatalf("ended with %d: %v\n%s", code, err, out)
	}
	golden.Compare(t, "testdata/output.json", out)
}

// Every file of the corpus is run, each on another node file (package placement tries
// every DaemonSet on every one). The program always exits normally, and errors on bad
// input name the document and the position.
func TestCorpus(t *testing.T) {
	corpus := golden.Corpus(t)
	clusters, _ := filepath.Glob(filepath.Join(corpus, "nodes", "*"))
	files, _ := filepath.Glob(filepath.Join(corpus, "*", "*"))
	if len(clusters) == 0 || len(files) < 100 {
		t.Fatalf("%d node files, %d files in all", len(clusters), len(files))
	}
	counts := map[int]int{}
	for i, file := range files {
		nodes := clusters[i%len(clusters)]
		code, out, errs := call("", "-f", file, "--cluster", nodes, "--expect", "kubernetes.io/os")
		counts[code]++
		switch {
		case code == exitBadInput && !strings.Contains(errs, "document ") && !strings.Contains(errs, "holds no DaemonSet"):
			t.Errorf("%s on %s: neither a document nor a reason: %s", file, nodes, errs)
		case code != exitBadInput && !strings.Contains(out, "nodes are available") && !strings.Contains(out, "the API server refuses the pod"):
			t.Errorf("%s on %s: ended with %d without a prediction: %s", file, nodes, code, out)
		case code < exitHolds || code > exitBadInput:
			t.Errorf("%s on %s: ended with %d", file, nodes, code)
		}
	}
	t.Logf("ended with 0: %d, 1: %d, 2: %d", counts[0], counts[1], counts[2])
	if counts[exitHolds] == 0 || counts[exitFails] == 0 || counts[exitBadInput] == 0 {
		t.Errorf("an exit code was never seen: %v", counts)
	}
}

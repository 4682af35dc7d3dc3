package conformance

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is one fault put into a file of berth by hand, and the suite that must find it.
type mutant struct {
	fault string
	file  string // from berth's root
	old   string // occurs once
	new   string
	suite string
}

var mutants = []mutant{
	{"NotIn does not match without the key", "placement/eligibility_requirement.go",
		"return !ok || !slices.Contains(r.Values, value)", "return ok && !slices.Contains(r.Values, value)", "TestEligibility"},
	{"Gt matches at the bound", "placement/eligibility_requirement.go",
		"return number > r.bound", "return number >= r.bound", "TestEligibility"},
	{"Gt and Lt read 32 bits", "placement/eligibility_requirement.go",
		"number, err := strconv.ParseInt(value, 10, 64)", "number, err := strconv.ParseInt(value, 10, 32)", "TestEligibility"},
	{"a label that is no number is 0", "placement/eligibility_requirement.go",
		"if err != nil {\n\t\treturn false\n\t}\n\tif r.Operator", "if err != nil {\n\t\tnumber = 0\n\t}\n\tif r.Operator", "TestEligibility"},
	{"an empty term matches every node", "placement/eligibility_affinity.go",
		"compiled.fault = \"an empty term matches no node\"\n", "", "TestEligibility"},
	{"a list without terms matches every node", "placement/eligibility_affinity.go",
		"if !a.required {\n\t\treturn true\n\t}\n\tfor", "if !a.required || len(a.terms) == 0 {\n\t\treturn true\n\t}\n\tfor", "TestEligibility"},
	{"terms are ANDed", "placement/eligibility_affinity.go",
		"if a.terms[i].matches(n) {\n\t\t\treturn true\n\t\t}\n\t}\n\treturn false",
		"if !a.terms[i].matches(n) {\n\t\t\treturn false\n\t\t}\n\t}\n\treturn len(a.terms) > 0", "TestEligibility"},
	{"matchFields are any node's", "placement/eligibility_requirement.go",
		"if n.Name == \"\" {", "if n.Name == \"\" || r.Operator == corev1.NodeSelectorOpNotIn {", "TestEligibility"},
	{"an unknown field is a mistake", "placement/eligibility_requirement.go",
		"if len(r.Values) != 1 {", "if len(r.Values) != 1 || r.Key != \"metadata.name\" {", "TestEligibility"},
	{"an empty effect tolerates NoSchedule only", "internal/kube/toleration.go",
		"return t.Effect == \"\" || t.Effect == taint.Effect",
		"return t.Effect == \"\" && taint.Effect == corev1.TaintEffectNoSchedule || t.Effect == taint.Effect", "TestEligibility"},
	{"an empty key tolerates only with Exists", "internal/kube/toleration.go",
		"return t.Key == \"\" || t.Key == taint.Key",
		"return t.Key == \"\" && t.Operator == corev1.TolerationOpExists || t.Key == taint.Key", "TestEligibility"},
	{"Exists looks at the value", "internal/kube/toleration.go",
		"case corev1.TolerationOpExists:\n\t\treturn true", "case corev1.TolerationOpExists:\n\t\treturn t.Value == \"\" || t.Value == taint.Value", "TestEligibility"},
	{"Lt and Gt are Equal", "internal/kube/toleration.go",
		"case corev1.TolerationOpEqual, \"\":\n\t\treturn t.Value == taint.Value\n\t}\n\treturn false",
		"default:\n\t\treturn t.Value == taint.Value\n\t}", "TestEligibility"},
	{"an untolerated NoExecute taint keeps the pod", "placement/eligibility_check.go",
		"if w.daemonSet == nil || t.Effect == corev1.TaintEffectNoExecute {", "if w.daemonSet == nil {", "TestEligibility"},
	{"an untolerated NoSchedule taint excludes", "placement/eligibility_check.go",
		"worst = Kept", "return Excluded", "TestEligibility"},
	{"PreferNoSchedule keeps away", "placement/eligibility_toleration.go",
		"return taint.Effect == corev1.TaintEffectNoSchedule || taint.Effect == corev1.TaintEffectNoExecute",
		"return taint.Effect != \"\"", "TestEligibility"},
	{"hostNetwork adds no toleration", "placement/eligibility_toleration.go",
		"if spec.HostNetwork {", "if false {", "TestEligibility"},
	{"an own toleration of the same key is overwritten", "placement/eligibility_toleration.go",
		"return added.MatchToleration(&t.Toleration) }", "return added.Key == t.Key }", "TestEligibility"},
	{"cordoning is not tolerated", "placement/eligibility_toleration.go",
		"add(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule)\n", "\n", "TestEligibility"},
	{"the index finds no NotIn without the key", "placement/eligibility_nodeset.go",
		"m.drop(m.nodes.Labeled(r.Key, r.Values...))", "m.drop(m.nodes.Labeled(r.Key, r.Values...))\n\t\tm.keep(m.nodes.HasLabel(r.Key))", "TestPredictedEligibility"},
	{"an edited node keeps its old taints in the index", "internal/snapshot/index.go",
		"ix.made.taints = ix.old.taints.derive(ix.edited)", "ix.made.taints = ix.old.taints", "TestPredictedEligibility"},
	{"sets keep the nodes with NoExecute taints", "placement/eligibility_check.go",
		"wanted.drop(noExecute)\n\tkept =", "kept =", "TestPredictedEligibility"},
	{"only the first failing plugin speaks", "placement/eligibility_check.go",
		"if taints := w.untolerated(n); len(taints) > 0 {", "if taints := w.untolerated(n); len(taints) > 0 && len(rs) == 0 {", "TestNodeFilters"},
	{"a toleration of every taint does not cover cordoning", "placement/eligibility_check.go",
		"w.tolerations.tolerate(&unschedulable)\n}\n", "false\n}\n", "TestNodeFilters"},
	{"the sentence counts a node under every plugin", "placement/message_fiterror.go",
		"open = open.Minus(cluster.NodeSet(f.nodes))", "_ = open", "TestSentenceOfNodeFilters"},
	{"an empty hostIP is an address of its own", "placement/fit_ports.go",
		"(p.ip == q.ip || p.ip == everyIP || q.ip == everyIP)", "p.ip == q.ip", "TestFit"},
	{"plain init containers keep their ports", "placement/fit_ports.go",
		"if isSidecar(&spec.InitContainers[i]) {", "if true {", "TestFit"},
	{"pods that have ended take room", "placement/nodeinfo_pod.go",
		"return !kube.IsTerminal(pod.Status.Phase)", "return !kube.IsTerminal(pod.Status.Phase) || true", "TestFit"},
	{"the filter counts containers without requests", "placement/nodeinfo_resource.go",
		"return requests, list.Cpu()", "return toAmounts(list), list.Cpu()", "TestFit"},
	{"what is not asked for matters", "placement/fit_resources.go",
		"(a.cpu <= l.cpu || a.cpu <= 0)", "a.cpu <= l.cpu", "TestFit"},
	{"in-place resizes do not count", "placement/nodeinfo_resize.go",
		"status.Resources == nil && !infeasible {", "status.Resources == nil && !infeasible || true {", "TestFit"},
	{"self is not counted in a spread domain", "placement/fit_spread.go",
		"s.self = 1", "s.self = 0", "TestFit"},
	{"minDomains is not looked at", "placement/fit_spread.go",
		"s.minDomains = int(*c.MinDomains)", "s.minDomains = 1", "TestFit"},
	{"taints are honoured by default in spreading", "placement/fit_spread.go",
		"s.heedsTaints = c.NodeTaintsPolicy != nil &&", "s.heedsTaints = c.NodeTaintsPolicy == nil ||", "TestFit"},
	{"a pod needs another to be the first of its kind", "placement/fit_topology.go",
		"return met || q.met == 0 && q.self", "return met", "TestFit"},
	{"existing pods keep nobody away", "placement/fit_topology.go",
		"!q.isAny(q.apart(), position) && !q.isAny(q.keptAway(), position)", "!q.isAny(q.apart(), position)", "TestFit"},
	{"namespaceSelector is not looked at", "placement/fit_podaffinity.go",
		"if t.named.Matches(labels.Set(ns.Labels)) {", "if false {", "TestFit"},
	{"a daemon's pod is spread over all nodes", "placement/fit_topology.go",
		"pinned: q.w.daemonSet != nil && s.heedsAffinity,", "", "TestDaemonSetFit"},
	{"a DaemonSet's own pods take room", "placement/nodeinfo_snapshot.go",
		"return !kube.SameUID(owner, uid) }", "return !kube.SameUID(owner, uid) || owner != \"another\" }", "TestDaemonSetFit"},
}

func allMutants() []mutant { return slices.Concat(mutants, validationMutants, updateMutants) }

// Each mutant still finds its rule in the source: berth may have moved on.
func TestMutantsStillApply(t *testing.T) {
	for _, m := range allMutants() {
		t.Run(m.fault, func(t *testing.T) { m.source(t) })
	}
}

// Each suite fails with each of its mutants. Building a test binary for every one
// of them takes minutes, so this runs on request: BERTH_MUTANTS=1.
func TestMutants(t *testing.T) {
	if os.Getenv("BERTH_MUTANTS") == "" {
		t.Skip("set BERTH_MUTANTS=1 to see every suite fail with its faults in berth")
	}
	for _, m := range allMutants() {
		t.Run(m.fault, func(t *testing.T) {
			t.Logf("%s with this fault in %s", m.suite, m.file)
			out, err := exec.Command("go", "test", "-overlay", m.overlay(t), "-run", "^"+m.suite+"$", "-rapid.nofailfile", "-rapid.shrinktime=1s", ".").CombinedOutput()
			if err == nil {
				t.Fatalf("%s passes with this fault in %s", m.suite, m.file)
			}
			if !strings.Contains(string(out), "--- FAIL: "+m.suite) {
				t.Fatalf("%s did not fail by itself:\n%s", m.suite, out)
			}
		})
	}
}

// source returns the path of the file and its text with the fault.
func (m mutant) source(t *testing.T) (path, faulty string) {
	path, err := filepath.Abs(filepath.Join("../..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), m.old); n != 1 {
		t.Fatalf("%s: %s has this %d times, want once: %s", m.fault, m.file, n, m.old)
	}
	return path, strings.Replace(string(b), m.old, m.new, 1)
}

// overlay makes the file that go test -overlay reads: with it the compiler sees
// the fault, and the tree stays as it is.
func (m mutant) overlay(t *testing.T) string {
	path, faulty := m.source(t)
	dir := t.TempDir()
	mutated, overlay := filepath.Join(dir, filepath.Base(path)), filepath.Join(dir, "overlay.json")
	write(t, mutated, []byte(faulty))
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: mutated}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, overlay, replace)
	return overlay
}

func write(t *testing.T, path string, content []byte) {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

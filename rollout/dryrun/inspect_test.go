package dryrun_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// plain is a DaemonSet without findings on three nodes without findings.
const plain = `
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {pool: a}}
spec: {taints: []}
status: {allocatable: {cpu: "2", memory: 4Gi, pods: "10"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {pool: a}}
status: {allocatable: {cpu: "2", memory: 4Gi, pods: "10"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Node
metadata: {name: n3, labels: {pool: b}}
status: {allocatable: {cpu: "2", memory: 4Gi, pods: "10"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: ops, uid: u1}
spec:
  selector: {matchLabels: {app: agent}}
  minReadySeconds: 10
  updateStrategy: {rollingUpdate: {maxUnavailable: 1}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      tolerations: []
      nodeSelector: {}
      affinity: {}
      containers: [{name: main, image: v1, resources: {requests: {cpu: 500m, memory: 1Gi}}}]
`

const runningOnN1 = `
---
apiVersion: v1
kind: Pod
metadata:
  {name: agent-x, namespace: ops, labels: {app: agent}, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: u1, controller: true}]}
spec: {nodeName: n1, containers: [{name: main, image: v1}]}
status: {phase: Running}
`

func budgetOf(spec string) string {
	return "\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: agents, namespace: ops}\nspec: {selector: {matchLabels: {app: agent}}, " + spec + "}\n"
}

// edited returns the plain manifest with words replaced, pairwise; the replacement of
// "" is appended.
func edited(t testing.TB, pairs ...string) *cluster.Cluster {
	text := plain
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "" {
			text += pairs[i+1]
			continue
		}
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("nothing to replace: %s", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	m, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	noTaints, noTolerations    = "taints: []", "tolerations: []"
	taintedNow, unavailableOne = "taints: [{key: x, effect: NoSchedule}]", "maxUnavailable: 1"
	noSelector, noAffinity     = "nodeSelector: {}", "affinity: {}"
	surging                    = "maxUnavailable: 0, maxSurge: 1"
	isReady, isNotReady        = `{type: Ready, status: "True"}`, `{type: Ready, status: "Unknown"}`
	ports                      = "image: v1, ports: [{containerPort: 80, hostPort: 80}]"
	tolerateAll                = "tolerations: [{operator: Exists}]"
	evictedLater               = "tolerations: [{key: x, operator: Exists, effect: NoExecute, tolerationSeconds: 60}]"
	apart                      = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: agent}}}]}}"
)

func TestFindings(t *testing.T) {
	for name, test := range map[string]struct {
		rule     string
		with     []string // has the finding
		without  []string // does not have it: nearly the same
		severity dryrun.Severity
		nodes    []string
		within   time.Duration
		reason   string
	}{
		"a running pod on a tainted node": {
			rule: "LosesPods", severity: dryrun.SeverityProblem, nodes: []string{"n1"},
			with:    []string{noTaints, taintedNow, "", runningOnN1},
			without: []string{noTaints, taintedNow},
			reason:  "a node without a pod loses none",
		},
		"updates that wait for users": {
			rule: "LosesPods", severity: dryrun.SeverityProblem, nodes: []string{"n1"},
			with:    []string{noTaints, taintedNow, "", runningOnN1},
			without: []string{noTaints, taintedNow, "", runningOnN1, "{rollingUpdate: {maxUnavailable: 1}}", "{type: OnDelete}"},
			reason:  "OnDelete deletes nothing",
		},
		"surge with a host port": {
			rule: "SurgeCannotWork", severity: dryrun.SeverityProblem, nodes: []string{"n1", "n2", "n3"},
			with:    []string{unavailableOne, surging, "image: v1", ports},
			without: []string{"image: v1", ports},
			reason:  "without surge the port changes hands",
		},
		"surge without room": {
			rule: "SurgeCannotWork", severity: dryrun.SeverityProblem, nodes: []string{"n1", "n2", "n3"},
			with:    []string{unavailableOne, surging, "cpu: 500m", "cpu: 1100m"},
			without: []string{unavailableOne, surging, "cpu: 500m", "cpu: 1"},
			reason:  "two of 1 cpu fit into 2",
		},
		"surge with anti-affinity": {
			rule: "SurgeCannotWork", severity: dryrun.SeverityProblem, nodes: []string{"n1", "n2", "n3"},
			with: []string{
				unavailableOne, surging, noAffinity, apart,
				"{pool: a}", "{pool: a, kubernetes.io/hostname: n1}", "{pool: a}", "{pool: a, kubernetes.io/hostname: n2}", "{pool: b}", "{pool: b, kubernetes.io/hostname: n3}",
			},
			without: []string{unavailableOne, surging, noAffinity, apart},
			reason:  "no node has the topology key: nothing is apart",
		},
		"dead nodes are the whole budget": {
			rule: "UpdateLimitUsedUp", severity: dryrun.SeverityProblem, nodes: []string{"n1"},
			with:    []string{isReady, isNotReady, noTolerations, tolerateAll},
			without: []string{isReady, isNotReady, noTolerations, tolerateAll, unavailableOne, "maxUnavailable: 2"},
			reason:  "one is left",
		},
		"dead nodes that want no pod": {
			rule: "UpdateLimitUsedUp", severity: dryrun.SeverityProblem, nodes: []string{"n1"},
			with:    []string{isReady, isNotReady, "", runningOnN1},
			without: []string{isReady, isNotReady},
			reason:  "no pod is there nor will be",
		},
		"slow": {
			rule: "TakesTooLong", severity: dryrun.SeverityWarning, within: 30 * time.Second,
			with:    []string{"minReadySeconds: 10", "minReadySeconds: 11"},
			without: nil,
			reason:  "three waves of 10 s fit into 30 s",
		},
		"a percentage of few": {
			rule: "RoundsUpToAll", severity: dryrun.SeverityWarning,
			with:    []string{unavailableOne, "maxUnavailable: 67%"},
			without: []string{unavailableOne, "maxUnavailable: 66%"},
			reason:  "66% of 3 is 2",
		},
		"all at once on purpose": {
			rule: "RoundsUpToAll", severity: dryrun.SeverityWarning,
			with:    []string{unavailableOne, "maxUnavailable: 99%"},
			without: []string{unavailableOne, "maxUnavailable: 100%"},
			reason:  "100% says so",
		},
		"overwritten seconds": {
			rule: "IgnoredSeconds", severity: dryrun.SeverityNote,
			with:    []string{noTolerations, "tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 60}]"},
			without: []string{noTolerations, "tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute}]"},
			reason:  "no seconds",
		},
		"evicted in a loop": {
			rule: "EvictionLoop", severity: dryrun.SeverityProblem, nodes: []string{"n1"},
			with:    []string{noTolerations, evictedLater, noTaints, "taints: [{key: x, effect: NoExecute}]"},
			without: []string{noTolerations, evictedLater},
			reason:  "no node has the taint",
		},
		"a preference": {
			rule: "PreferenceIgnored", severity: dryrun.SeverityNote,
			with:    []string{noAffinity, "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: pool, operator: In, values: [a]}]}}]}}"},
			without: []string{noAffinity, "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: In, values: [a]}]}]}}}"},
			reason:  "it is required",
		},
		"virtual nodes": {
			rule: "OnVirtualNodes", severity: dryrun.SeverityWarning, nodes: []string{"n1"},
			with:    []string{noTolerations, tolerateAll, "{pool: a}", "{pool: a, type: virtual-kubelet}"},
			without: []string{noTolerations, tolerateAll},
			reason:  "all nodes are machines",
		},
		"virtual nodes without room": {
			rule: "OnVirtualNodes", severity: dryrun.SeverityProblem, nodes: []string{"n1"},
			with:    []string{noTolerations, tolerateAll, "{pool: a}", "{pool: a, eks.amazonaws.com/compute-type: fargate}", `pods: "10"`, `pods: "0"`},
			without: []string{"{pool: a}", "{pool: a, eks.amazonaws.com/compute-type: fargate}"},
			reason:  "it does not tolerate everything",
		},
		"nothing requested": {
			rule: "NoRequests", severity: dryrun.SeverityNote,
			with:    []string{"requests: {cpu: 500m, memory: 1Gi}", "requests: {}"},
			without: []string{"requests: {cpu: 500m, memory: 1Gi}", "limits: {cpu: 500m}"},
			reason:  "limits are requests",
		},
		"no such nodes": {
			rule: "SelectsNothing", severity: dryrun.SeverityNote,
			with:    []string{noSelector, "nodeSelector: {gpu: nvidia}"},
			without: []string{noSelector, "nodeSelector: {pool: b}"},
			reason:  "one node matches",
		},
		"a misspelt label": {
			rule: "SelectsNothing", severity: dryrun.SeverityProblem,
			with:    []string{noSelector, "nodeSelector: {poool: a}"},
			without: []string{noSelector, "nodeSelector: {pool: a}"},
			reason:  "it is right",
		},
		"a budget that needs a scale": {
			rule: "PDBCannotProtect", severity: dryrun.SeverityProblem,
			with:    []string{"", budgetOf("maxUnavailable: 1")},
			without: []string{"", budgetOf("minAvailable: 2")},
			reason:  "a number of minAvailable is counted",
		},
		"a budget that nobody asks": {
			rule: "PDBDoesNotProtect", severity: dryrun.SeverityNote,
			with:    []string{"", budgetOf("minAvailable: 2")},
			without: []string{"", strings.Replace(budgetOf("minAvailable: 2"), "app: agent", "app: web", 1)},
			reason:  "it is about others",
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := dryrun.Config{Limit: test.within}
			found, err := dryrun.Inspect(edited(t, test.with...), config)
			at := slices.IndexFunc(found, func(f dryrun.Finding) bool { return f.Rule == test.rule })
			if err != nil || at < 0 {
				t.Fatalf("%v %v", found, err)
			}
			f := found[at]
			if f.Severity != test.severity || !slices.Equal(f.Nodes, test.nodes) || f.Message == "" || f.Remedy == "" || !strings.HasSuffix(f.Object, "/agent") && !strings.HasSuffix(f.Object, "/agents") {
				t.Errorf("%+v", f)
			}
			found, err = dryrun.Inspect(edited(t, test.without...), config)
			if err != nil || slices.ContainsFunc(found, func(f dryrun.Finding) bool { return f.Rule == test.rule }) {
				t.Errorf("although %s: %v %v", test.reason, found, err)
			}
		})
	}
}

// The finding names what keeps every node out: a requirement, a taint, or different
// causes on different nodes. Mutant seen to fail: Kept nodes without pods counted as
// wanted.
func TestSelectsNothingSaysWhatKeepsNodesOut(t *testing.T) {
	taintAll := func(effect string) []string {
		taints := "taints: [{key: x, effect: " + effect + "}]"
		return []string{noTaints, taints,
			"name: n2, labels: {pool: a}}", "name: n2, labels: {pool: a}}\nspec: {" + taints + "}",
			"name: n3, labels: {pool: b}}", "name: n3, labels: {pool: b}}\nspec: {" + taints + "}"}
	}
	for want, edits := range map[string][]string{
		"spec.template.spec.nodeSelector[gpu]: none of 3 nodes meets gpu=yes: no pod is ever created; label nodes, or leave it out, if the DaemonSet is to run here":                                         {noSelector, "nodeSelector: {gpu: 'yes'}"},
		"spec.template.spec.tolerations: each of 3 nodes has the taint x:NoExecute, which it does not tolerate: no pod is ever created; tolerate it, or take it off nodes, if the DaemonSet is to run here":  taintAll("NoExecute"),
		"spec.template.spec.tolerations: each of 3 nodes has the taint x:NoSchedule, which it does not tolerate: no pod is ever created; tolerate it, or take it off nodes, if the DaemonSet is to run here": taintAll("NoSchedule"),
		"spec.template.spec: no pod is ever created: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector; label nodes, tolerate taints, or leave requirements out, if the DaemonSet is to run here": {
			"name: n3, labels: {pool: b}}", "name: n3, labels: {pool: b}}\nspec: {taints: [{key: x, effect: NoExecute}]}", noSelector, "nodeSelector: {pool: b}"},
	} {
		found, err := dryrun.Inspect(edited(t, edits...), dryrun.Config{})
		if want = "Note SelectsNothing DaemonSet ops/agent " + want + "\n"; err != nil || found.String() != want {
			t.Errorf("%v\n%v", err, cmp.Diff(want, found.String()))
		}
	}
	if found, err := dryrun.Inspect(edited(t, append(taintAll("NoSchedule"), "", runningOnN1)...), dryrun.Config{}); err != nil || strings.Contains(found.String(), string("SelectsNothing")) {
		t.Errorf("%v %v: a pod runs", err, found)
	}
}

// The plain DaemonSet has no findings.
func TestNothingIsFoundInGoodOnes(t *testing.T) {
	found, err := dryrun.Inspect(edited(t), dryrun.Config{Limit: 30 * time.Second})
	if err != nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
	if text, err := json.Marshal(found); err != nil || string(text) != `{"version":"berth.findings/v1","findings":[]}` {
		t.Errorf("%s %v", text, err)
	}
}

// Findings are sorted worst first, in the same order each time, and so is their JSON.
// Mutant seen to fail: Findings without sort.
func TestFindingsAreSorted(t *testing.T) {
	c := edited(t, unavailableOne, surging, "image: v1", ports, "requests: {cpu: 500m, memory: 1Gi}", "requests: {}", "", budgetOf("maxUnavailable: 10%"),
		noTaints, "taints: [{key: x, effect: NoExecute}]", noTolerations, evictedLater) // found after less severe findings
	found, err := dryrun.Inspect(c, dryrun.Config{Limit: time.Second, Rollout: rollout.Config{Kubelet: rollout.Kubelet{Ready: 5 * time.Second}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `Problem EvictionLoop DaemonSet ops/agent spec.template.spec.tolerations[0].tolerationSeconds: on n1 each pod is evicted after 60 s and recreated in a loop; leave tolerationSeconds out, or the toleration
Problem SurgeCannotWork DaemonSet ops/agent spec.updateStrategy.rollingUpdate.maxSurge: on n1 n2 n3 the new pod does not fit beside the old one: NodePorts: node(s) didn't have free ports for the requested pod ports [port 80/TCP is taken by ops/agent]; set maxSurge to 0 and maxUnavailable to 1 or more
Warning TakesTooLong DaemonSet ops/agent spec.minReadySeconds: a rollout takes at least 45s, 3 waves of 15s, longer than 1s; lower minReadySeconds
Note NoRequests DaemonSet ops/agent spec.template.spec.containers: no container requests anything: the scheduler counts nothing, and a node short of memory evicts the pod first; request cpu and memory
Problem PDBCannotProtect PodDisruptionBudget ops/agents spec.maxUnavailable: maxUnavailable 10% cannot be counted for pods of DaemonSet ops/agent: a DaemonSet has no scale, and every eviction of them fails; leave it out, and rely on maxUnavailable of the DaemonSet
`
	if diff := cmp.Diff(want, found.String()); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(found)
	var back dryrun.Findings
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if diff := cmp.Diff(found, back); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

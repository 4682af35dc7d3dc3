package dryrun_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// deploymentOf returns a Deployment with fields in its spec and in its pods' spec.
func deploymentOf(fields, podFields string) string {
	return "\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: agent, namespace: ops}\nspec: {replicas: 2, selector: {matchLabels: {app: web}}, " + fields +
		" template: {metadata: {labels: {app: web}}, spec: {" + podFields + " containers: [{name: c, image: web, " + probes + "}]}}}\n"
}

const (
	probes    = "readinessProbe: {initialDelaySeconds: 30, tcpSocket: {port: 80}}"
	spread    = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: pool, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}],"
	taintedN3 = "name: n3, labels: {pool: b}}\nspec: {taints: [{key: x, effect: NoSchedule}]}"
	justReady = "\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: agent-%s, namespace: ops, uid: p-%s, labels: {app: agent}, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: u1, controller: true}]}\n" +
		"spec: {nodeName: %s, containers: [{name: main, image: v1}]}\nstatus: {phase: Running, conditions: [{type: Ready, status: \"True\", lastTransitionTime: \"2026-01-01T00:00:%sZ\"}]}\n"
)

func readyAt(node, second string) string { return fmt.Sprintf(justReady, node, node, node, second) }

// Each surprise is found, with its field and its nodes, and not in a cluster that is
// nearly the same. Both the annotation and the configuration silence it.
func TestSurprises(t *testing.T) {
	kubelet := rollout.Config{Kubelet: rollout.Kubelet{Start: 5 * time.Second}}
	for _, test := range []struct {
		rule, path    string
		severity      dryrun.Severity
		nodes         []string
		with, without []string
	}{
		{
			rule: "OnOtherSystems", path: "spec.template.spec.nodeSelector", severity: dryrun.SeverityWarning, nodes: []string{"n3"},
			with:    []string{"{pool: a}", "{pool: a, kubernetes.io/os: linux}", "{pool: b}", "{pool: b, kubernetes.io/os: windows}"},
			without: []string{"{pool: a}", "{pool: a, kubernetes.io/os: linux}", "{pool: b}", "{pool: b, kubernetes.io/os: windows}", noSelector, "nodeSelector: {kubernetes.io/os: linux}"},
		},
		{
			rule: "OnOtherSystems", path: "spec.template.spec.nodeSelector", severity: dryrun.SeverityProblem, nodes: []string{"n3"},
			with:    []string{"{pool: b}", "{pool: b, kubernetes.io/os: windows}", noSelector, "os: {name: linux}"},
			without: []string{"{pool: b}", "{pool: b, kubernetes.io/os: windows}"},
		},
		{
			rule: "NoPriority", path: "spec.template.spec.priorityClassName", severity: dryrun.SeverityWarning,
			with:    []string{noTolerations, tolerateAll},
			without: []string{noTolerations, tolerateAll + "\n      priorityClassName: system-node-critical"},
		},
		{
			rule: "NoPriority", path: "spec.template.spec.priorityClassName", severity: dryrun.SeverityWarning,
			with:    []string{noTolerations, tolerateAll},
			without: []string{noTolerations, "tolerations: [{key: x, operator: Exists}]"},
		},
		{
			rule: "LeavesNoRoom", path: "spec.template.spec.containers", severity: dryrun.SeverityProblem, nodes: []string{"n1"},
			with:    []string{`cpu: "2"`, "cpu: 400m"},
			without: []string{`cpu: "2"`, "cpu: 500m", "", strings.Replace(runningOnN1, "ownerReferences", "annotations: {}, x-ownerReferences", 1)},
		},
		{
			rule: "UpdatesTooSoon", path: "spec.minReadySeconds", severity: dryrun.SeverityWarning, nodes: []string{"n1", "n2"},
			with:    []string{"", readyAt("n1", "55") + readyAt("n2", "58")},
			without: []string{"", readyAt("n1", "20") + readyAt("n2", "58")},
		},
		{
			rule: "SpreadCountsTainted", path: "spec.template.spec.topologySpreadConstraints[0].nodeTaintsPolicy", severity: dryrun.SeverityWarning, nodes: []string{"n3"},
			with:    []string{"name: n3, labels: {pool: b}}", taintedN3, "", deploymentOf("", spread)},
			without: []string{"name: n3, labels: {pool: b}}", taintedN3, "", deploymentOf("", strings.Replace(spread, "maxSkew: 1", "nodeTaintsPolicy: Honor, maxSkew: 1", 1))},
		},
		{
			rule: "SpreadCountsTainted", path: "spec.template.spec.topologySpreadConstraints[0].nodeTaintsPolicy", severity: dryrun.SeverityWarning, nodes: []string{"n3"},
			with:    []string{"name: n3, labels: {pool: b}}", taintedN3, "", deploymentOf("", spread)},
			without: []string{noTaints, taintedNow, "", deploymentOf("", spread)}, // n2 is open
		},
		{
			rule: "ReturnsToDrained", path: "spec.template.spec.tolerations[0]", severity: dryrun.SeverityWarning, nodes: []string{"n1"},
			with:    []string{noTaints, "unschedulable: true", "", deploymentOf("", "tolerations: [{operator: Exists}],")},
			without: []string{noTaints, "unschedulable: true", "", deploymentOf("", "tolerations: [{key: x, operator: Exists}],")},
		},
		{
			rule: "DeadlineTooShort", path: "spec.progressDeadlineSeconds", severity: dryrun.SeverityProblem,
			with:    []string{"", deploymentOf("progressDeadlineSeconds: 30,", "")},
			without: []string{"", deploymentOf("progressDeadlineSeconds: 31,", "")},
		},
	} {
		inspect := func(ignore []string, edits ...string) []dryrun.Finding {
			t.Helper()
			all, err := dryrun.Inspect(edited(t, edits...), dryrun.Config{Rollout: kubelet, Ignore: ignore})
			if err != nil {
				t.Fatal(err)
			}
			return slices.DeleteFunc(all, func(f dryrun.Finding) bool { return f.Rule != test.rule })
		}
		got := inspect(nil, test.with...)
		if len(got) != 1 || got[0].Path != test.path || got[0].Severity != test.severity || !slices.Equal(got[0].Nodes, test.nodes) || got[0].Remedy == "" {
			t.Errorf("%s: %+v", test.rule, got)
		}
		if got := inspect(nil, test.without...); len(got) > 0 {
			t.Errorf("%s: found although nothing is wrong: %v", test.rule, got)
		}
		if got := inspect([]string{test.rule}, test.with...); len(got) > 0 {
			t.Errorf("%s: found although the configuration ignores it: %v", test.rule, got)
		}
	}
}

// The annotation silences rules of its object. A name that is no rule is reported.
func TestAnnotationsSilenceFindings(t *testing.T) {
	annotated := func(rules string) []string {
		return []string{noTolerations, tolerateAll, "uid: u1}\nspec", "uid: u1, annotations: {berth.dev/ignore-findings: \"" + rules + "\"}}\nspec"}
	}
	if got := found(t, "NoPriority", annotated("NoRequests, NoPriority")...); len(got) > 0 {
		t.Errorf("%v", got)
	}
	if got := found(t, "IgnoresNothing", annotated("no-priority")...); len(got) != 1 || !strings.Contains(got[0].Message, "no-priority") {
		t.Errorf("%v", got)
	}
	if _, err := dryrun.Inspect(edited(t), dryrun.Config{Ignore: []string{"Nothing"}}); err == nil {
		t.Error("a rule that does not exist is ignored without a word")
	}
}

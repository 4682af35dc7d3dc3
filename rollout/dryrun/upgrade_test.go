package dryrun_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// slow makes pods use their grace period.
var slow = dryrun.Config{Rollout: rollout.Config{Kubelet: rollout.Kubelet{Stop: time.Hour}}}

func manifestOf(t testing.TB, files ...string) *cluster.Manifest {
	t.Helper()
	m, err := cluster.ReadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// upgraded returns what an upgrade by one release finds, as rules and objects.
func upgraded(t testing.TB, m *cluster.Manifest, to cluster.Version, applied ...runtime.Object) []string {
	t.Helper()
	m.Version = cluster.Versions()[slices.Index(cluster.Versions(), to)-1]
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	all, err := dryrun.Upgrade(c, to, slow, applied...)
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, f := range all {
		found = append(found, f.Rule+" "+f.Object)
	}
	return found
}

// Each upgrade finds what the two releases differ in, and nothing else. Fault seen:
// objects that are validated by the rules of the present release only.
func TestUpgradeFindsWhatDiffers(t *testing.T) {
	db := &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{UpdateStrategy: appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{MaxUnavailable: new(intstr.FromInt32(0))}}}}
	m := manifestOf(t, "testdata/upgrade.yaml")
	set := m.Deployments[0]
	db.Name, db.Spec.ServiceName, db.Spec.Selector, db.Spec.Template = "db", "db", set.Spec.Selector, set.Spec.Template
	for to, want := range map[cluster.Version][]string{
		"1.35": {},
		"1.36": {"OtherRollout Deployment shop/batch", "OtherScores Deployment shop/web", "OtherScores StatefulSet shop/db"},
		"1.37": {"OtherEvent Pod shop/large", "OtherValidation StatefulSet default/db"},
	} {
		for _, n := range m.Nodes {
			n.Status.NodeInfo.KubeletVersion = "v1.34.0"
		}
		if got := upgraded(t, m, to, db); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", to, got, want)
		}
	}
}

// On the example clusters a release changes scores and words, and nothing else.
func TestUpgradeOfExamples(t *testing.T) {
	allowed := map[cluster.Version][]string{"1.35": {}, "1.36": {"OtherScores", "OtherRollout"}, "1.37": {"OtherEvent"}}
	examples, err := filepath.Glob("../../examples/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	byDir := map[string][]string{}
	for _, file := range examples {
		if name := filepath.Base(file); name != "policies.yaml" && name != "pull-request.yaml" && name != "pools.yaml" {
			byDir[filepath.Dir(file)] = append(byDir[filepath.Dir(file)], file)
		}
	}
	found := map[string]bool{}
	for dir, files := range byDir {
		for to, rules := range allowed {
			for _, f := range upgraded(t, manifestOf(t, files...), to) {
				rule, _, _ := strings.Cut(f, " ")
				found[rule] = true
				if !slices.Contains(rules, rule) {
					t.Errorf("%s: %s: %s", dir, to, f)
				}
			}
		}
	}
	if !found["OtherEvent"] {
		t.Error("no example has a pod whose event differs")
	}
}

func TestUpgradeRefuses(t *testing.T) {
	c := mustCluster(t, "{apiVersion: v1, kind: Node, metadata: {name: node}}")
	if _, err := dryrun.Upgrade(c, "1.37", dryrun.Config{}); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("a cluster without a release: %v", err)
	}
	c, err := c.WithVersion("1.36")
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[cluster.Version]string{"1.35": "newer than 1.35", "1.38": "berth knows"} {
		if _, err := dryrun.Upgrade(c, to, dryrun.Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("to %s: %v", to, err)
		}
	}
	if all, err := dryrun.Upgrade(c, "1.36", dryrun.Config{}); err != nil || len(all) > 0 {
		t.Errorf("to the same release: %v, %v", all, err)
	}
}

// Kubelets are upgraded node by node. A budget that never allows an eviction fails the
// drain of its node, which then takes the pods of the next. Pods that no other node has
// room for are named, and kubelets that are too old. Faults seen: a failed drain that is
// not given up; kubelets that may be four releases older.
func TestUpgradeOfKubelets(t *testing.T) {
	const world = `
{apiVersion: v1, kind: Node, metadata: {name: node-1}, status: {nodeInfo: {kubeletVersion: v1.32.13}, allocatable: {cpu: "2", pods: "9"}, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: node-2}, status: {nodeInfo: {kubeletVersion: v1.35.4}, allocatable: {cpu: "2", pods: "9"}, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: node-3}, status: {nodeInfo: {kubeletVersion: v1.36.0}, allocatable: {cpu: "2", pods: "9"}, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3, selector: {matchLabels: {app: web}},
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i, resources: {requests: {cpu: 1500m}}}]}}}}
`
	const budget = `---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 3, selector: {matchLabels: {app: web}}}}
`
	const pinned = `
{apiVersion: v1, kind: Node, metadata: {name: node-1, labels: {disk: ssd}}, status: {nodeInfo: {kubeletVersion: v1.35.4}, allocatable: {cpu: "2", pods: "9"}, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: node-2}, status: {nodeInfo: {kubeletVersion: v1.35.4}, allocatable: {cpu: "2", pods: "9"}, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: db}, spec: {selector: {matchLabels: {app: db}},
  template: {metadata: {labels: {app: db}}, spec: {nodeSelector: {disk: ssd}, containers: [{name: c, image: i, resources: {requests: {cpu: 100m}}}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}},
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i, resources: {requests: {cpu: 1500m}}}]}}}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: db}, spec: {minAvailable: 1, selector: {matchLabels: {app: db}}}}
`
	for text, want := range map[string][]string{
		pinned:         {"DrainFails Node node-1"},
		world:          {"KubeletSkew Node node-1", "NoRoom Node node-1", "NoRoom Node node-2"},
		world + budget: {"DrainFails Node node-1", "KubeletSkew Node node-1", "DrainFails Node node-2"},
	} {
		if got := upgraded(t, mustRead(t, text), "1.36"); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// From 1.36 on, a rollout by Recreate waits for every old pod, also for one that has
// lost its labels, and other scores make a new pod go to another node.
func ExampleUpgrade() {
	m, err := cluster.ReadFiles([]string{"testdata/upgrade.yaml"})
	if err != nil {
		panic(err)
	}
	m.Version = "1.35"
	c, err := m.Cluster()
	if err != nil {
		panic(err)
	}
	found, err := dryrun.Upgrade(c, "1.36", slow)
	if err != nil {
		panic(err)
	}
	fmt.Print(found)
	// Output:
	// Warning OtherRollout Deployment shop/batch: restarted, in 1.35 Bound shop/batch r2 comes after 1s, and the last event comes after 5m1s; in 1.36 Bound shop/batch r2 comes after 5m1s, and the last event comes after 5m2s; allow for it in deadlines and alerts
	// Note OtherScores Deployment shop/web: a new pod of it goes to node-b, not to node-a: NodeResourcesBalancedAllocation scores otherwise; if the node matters, prefer it in the pod's affinity
	// Note OtherScores StatefulSet shop/db: a new pod of it goes to node-b, not to node-a: NodeResourcesBalancedAllocation scores otherwise; if the node matters, prefer it in the pod's affinity
}

package dryrun_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

func mustRead(t *testing.T, text string) *cluster.Manifest {
	t.Helper()
	m, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustCluster(t *testing.T, text string) *cluster.Cluster {
	t.Helper()
	c, err := mustRead(t, text).Cluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// twoDefaults has two default classes. The one with the higher value comes first by
// name.
const twoDefaults = `
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {allocatable: {cpu: "4", memory: 4Gi, pods: "10"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: a-high}
value: 1000
globalDefault: true
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: b-low}
value: 10
globalDefault: true
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: default}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: c, image: i, resources: {requests: {cpu: "3"}}}]}
`

// Of several default classes the one with the lowest value applies
// (plugin/pkg/admission/priority/admission.go: getDefaultPriorityClass).
func TestLowestDefaultPriorityCounts(t *testing.T) {
	sim, err := rollout.New(mustCluster(t, twoDefaults), rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	pods := sim.Cluster().Manifest().Pods
	if len(pods) != 1 || pods[0].Spec.Priority == nil || *pods[0].Spec.Priority != 10 {
		t.Errorf("rollout: %d pods, want one with priority 10", len(pods))
	}

	// A pod of priority 500 fills the node: only one of priority 1000 would preempt it.
	full := twoDefaults + `---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec: {nodeName: n1, priority: 500, containers: [{name: c, image: i, resources: {requests: {cpu: "3"}}}]}
status: {phase: Running}
`
	c := mustCluster(t, full)
	w, err := placement.ForDaemonSet(mustRead(t, full).DaemonSets[0])
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for p := range w.Predict(c).Preemptions() {
		if asked++; !strings.HasSuffix(p.Impossible, "lower priority than 10") || len(p.Victims) > 0 {
			t.Errorf("placement: evicts %v (never: %q), want priority 10 to evict nothing", p.Victims, p.Impossible)
		}
	}
	if asked != 1 {
		t.Errorf("placement: %d preemptions, want one that fails", asked)
	}
	sim, err = rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for events := range sim.Run(100) {
		for _, e := range events {
			if e.Kind == rollout.EventPreempted || e.Kind == rollout.EventBound {
				t.Errorf("rollout: %v, want the pod to stay pending", e)
			}
		}
	}
}

const oneClass = `
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {allocatable: {cpu: "4", memory: 4Gi, pods: "10"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {allocatable: {cpu: "1", memory: 4Gi, pods: "10"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: important}
value: 1000
`

// replica returns a ReplicaSet and its pod, which fills a node of one cpu.
func replica(name, class string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: %[1]s, namespace: default, uid: %[1]s}
spec:
  replicas: 1
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {priorityClassName: "%[2]s", containers: [{name: c, image: i, resources: {requests: {cpu: "1"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: %[1]s-1, namespace: default, labels: {app: %[1]s}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: %[1]s, uid: %[1]s, controller: true}]}
spec: {nodeName: n1, priorityClassName: "%[2]s", containers: [{name: c, image: i, resources: {requests: {cpu: "1"}}}]}
status: {phase: Running, startTime: "2026-01-01T00:00:00Z", conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z"}]}
`, name, class)
}

// Two pods are evicted, and there is room for one. The successor of the higher class
// gets it, although its spec has no number and the other comes first by name.
func TestEvictionsHeedPriorityClasses(t *testing.T) {
	c := mustCluster(t, oneClass+replica("a-unimportant", "")+replica("b-important", "important"))
	p, err := dryrun.New(c, dryrun.EditNodes(c.Named("n1"), cluster.Taint("out=now:NoExecute")))
	if err != nil {
		t.Fatal(err)
	}
	again := map[string]string{}
	for _, e := range p.Evictions() {
		again[e.Pod] = e.NewNode
	}
	if len(again) != 2 || again["default/a-unimportant-1"] != "" || again["default/b-important-1"] != "n2" {
		t.Errorf("again: %v, want b-important on n2 and a-unimportant nowhere", again)
	}
}

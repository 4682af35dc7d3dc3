package rollout

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// agentOnUnknown is a cluster of one node and a DaemonSet whose pod was ready for 100 s
// when the node lifecycle controller made the node Unknown and the pod not ready.
const agentOnUnknown = `
apiVersion: v1
kind: Node
metadata: {name: n1}
status:
  conditions: [{type: Ready, status: Unknown, lastTransitionTime: "2026-01-01T00:02:00Z"}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: default, uid: u1, generation: 1}
spec:
  minReadySeconds: 60
  updateStrategy: {type: OnDelete}
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: c, image: v1}], tolerations: [{operator: Exists}]}
---
apiVersion: v1
kind: Pod
metadata:
  {name: agent-x, namespace: default, uid: p1, labels: {a: b}, creationTimestamp: "2026-01-01T00:00:00Z",
  ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: u1, controller: true}]}
spec: {nodeName: n1, containers: [{name: c, image: v1}], tolerations: [{operator: Exists}]}
status:
  phase: Running
  startTime: "2026-01-01T00:00:00Z"
  conditions:
  - {type: Ready, status: "False", lastTransitionTime: "2026-01-01T00:02:00Z"}
  - {type: ContainersReady, status: "True", lastTransitionTime: "2026-01-01T00:00:20Z"}
`

func clusterOf(t *testing.T, text string) *cluster.Cluster {
	t.Helper()
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

// A dump tells by ContainersReady that a pod is ready for its kubelet, which restores
// the old transition time; what the simulation writes meanwhile says the same.
func TestDumpShowsReadinessTheKubeletRestores(t *testing.T) {
	c := clusterOf(t, agentOnUnknown)
	for range 2 { // the dump, and what a simulation of it writes
		s, err := New(c, Config{})
		if err != nil {
			t.Fatal(err)
		}
		s.Tick()
		c = s.Cluster()
		if err := s.Inject(NodeReady{Node: "n1"}); err != nil {
			t.Fatal(err)
		}
		s.Tick()
		status, _ := daemonSetStatus(s, "default/agent")
		if status.NumberAvailable != 1 {
			t.Errorf("%d available in the tick in which the node is ready, want 1", status.NumberAvailable)
		}
		pod := borrow.From(s.Cluster()).Pods()[0]
		for _, x := range pod.Status.Conditions {
			if x.Type != corev1.PodScheduled && (x.Status != corev1.ConditionTrue || x.LastTransitionTime.UTC().Format("04:05") != "00:20") {
				t.Errorf("condition %v is %v since %v", x.Type, x.Status, x.LastTransitionTime)
			}
		}
	}
}

// The Ready condition's message decides what the kubelet of a dump does.
func TestNotReadyNodeOfADump(t *testing.T) {
	for _, test := range []struct {
		condition           string
		hostNet, pods, stop bool
	}{
		{`reason: KubeletNotReady, message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized"`, true, false, true},
		{`reason: NetworkPluginNotReady`, true, false, true},
		{`message: "[container runtime network not ready: NetworkReady=false, CSINode is not yet initialized]"`, true, false, true},
		{`message: "network state unknown"`, true, false, true},
		{`message: "container runtime is down"`, false, false, false},
		{`message: "container runtime not ready: RuntimeReady=false"`, false, false, false},
		{`message: "PLEG is not healthy: pleg was last seen active 3m4s ago; threshold is 3m0s"`, false, false, false},
		{`message: "[container runtime status check may not have completed yet, network state unknown]"`, false, false, false},
		{`message: "CSINode is not yet initialized"`, true, true, true},
		{`message: "missing node capacity for resources: cpu"`, true, true, true},
		{`message: "something else"`, true, true, true},
	} {
		s, err := New(clusterOf(t, `
apiVersion: v1
kind: Node
metadata: {name: n1}
status:
  conditions: [{type: Ready, status: "False", `+test.condition+`}]
`+agentOf("host", "hostNetwork: true, ")+agentOf("plain", "")), Config{})
		if err != nil {
			t.Fatal(err)
		}
		s.Advance(100)
		ready := func(key string) bool {
			status, _ := daemonSetStatus(s, key)
			return status.NumberReady == 1
		}
		if ready("default/host") != test.hostNet || ready("default/plain") != test.pods {
			t.Errorf("%s: with hostNetwork ready: %t, without: %t; want %t, %t", test.condition, ready("default/host"), ready("default/plain"), test.hostNet, test.pods)
		}
		pod := s.podOf("default/host")
		if err := s.Inject(DeletePods{Pod: pod}); err != nil {
			t.Fatal(err)
		}
		s.Advance(100)
		if stopped := s.podOf("default/host") != pod; stopped != test.stop {
			t.Errorf("%s: a deleted pod is stopped: %t, want %t", test.condition, stopped, test.stop)
		}
	}
}

// podOf returns the key of the DaemonSet's only pod.
func (s *Sim) podOf(key string) string { return s.fullName(s.podsOf(s.daemonSets.find(key))[0]) }

func agentOf(name, spec string) string {
	return `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ` + name + `, namespace: default}
spec:
  selector: {matchLabels: {a: ` + name + `}}
  template:
    metadata: {labels: {a: ` + name + `}}
    spec: {` + spec + `containers: [{name: c, image: v1}], tolerations: [{operator: Exists}]}
`
}

// Admission adds default tolerations to pods that are created, never to stored ones.
func TestStoredPodsKeepTheTolerationsTheyHave(t *testing.T) {
	for _, test := range []struct {
		uid  string
		gone bool
	}{{"uid: p1, ", true}, {"", false}} {
		s, err := New(clusterOf(t, `
apiVersion: v1
kind: Node
metadata: {name: n1}
---
apiVersion: v1
kind: Pod
metadata: {`+test.uid+`name: p, namespace: default}
spec: {nodeName: n1, containers: [{name: c, image: v1}]}
status: {phase: Running}
`), Config{Instant: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Inject(NodeNotReady{Node: "n1"}); err != nil {
			t.Fatal(err)
		}
		s.Tick()
		if gone := len(borrow.From(s.Cluster()).Pods()) == 0; gone != test.gone {
			t.Errorf("%q: evicted at once: %t, want %t", test.uid, gone, test.gone)
		}
	}
}

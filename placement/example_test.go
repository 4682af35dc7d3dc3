package placement_test

import (
	"fmt"
	"log"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

const manifest = `
apiVersion: v1
kind: Node
metadata: {name: gpu-1, labels: {kubernetes.io/os: linux}}
spec: {taints: [{key: dedicated, value: gpu, effect: NoSchedule}]}
status: {allocatable: {cpu: "8", memory: 32Gi, pods: "110"}}
---
apiVersion: v1
kind: Node
metadata: {name: web-1, labels: {kubernetes.io/os: linux}}
status: {allocatable: {cpu: "4", memory: 16Gi, pods: "110"}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: monitoring}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      nodeSelector: {kubernetes.io/os: linux}
      containers: [{name: agent, image: "registry.example.com/agent:1.4"}]
`

// From a manifest to the reasons.
func Example() {
	m, err := cluster.ReadManifest(strings.NewReader(manifest))
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	w, err := placement.ForDaemonSet(m.DaemonSets[0])
	if err != nil {
		log.Fatal(err)
	}
	p := w.Predict(c)
	fmt.Println(p)
	fmt.Println(p.Eligible())
	v, _ := p.Verdict("gpu-1")
	fmt.Println(v)
	// Output:
	// 1/2 nodes are available: 1 node(s) had untolerated taint(s).
	// {web-1}
	// gpu-1: Kept: TaintToleration: node(s) had untolerated taint(s) [dedicated=gpu:NoSchedule]
}

// Check one node object without a cluster, for controllers that watch nodes.
func ExampleWorkload_Check() {
	m, err := cluster.ReadManifest(strings.NewReader(manifest))
	if err != nil {
		log.Fatal(err)
	}
	w, err := placement.ForDaemonSet(m.DaemonSets[0])
	if err != nil {
		log.Fatal(err)
	}
	for _, node := range m.Nodes {
		fmt.Println(node.Name, w.Check(node).Decision)
	}
	// Output:
	// gpu-1 Kept
	// web-1 Eligible
}

// Why every node has the decision that it has.
func ExamplePrediction_Verdicts() {
	for v := range predict("{nodeSelector: {kubernetes.io/os: linux}}").Verdicts() {
		fmt.Println(v)
	}
	// Output:
	// gpu-1: Kept: TaintToleration: node(s) had untolerated taint(s) [dedicated=gpu:NoSchedule]
	// web-1: Placed
}

// The smallest changes that place a pod on a node where none is.
func ExamplePrediction_Hints() {
	hints, err := predict("{nodeSelector: {kubernetes.io/os: linux}}").Hints("gpu-1")
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hints {
		fmt.Println(h)
	}
	// Output:
	// tolerate dedicated=gpu:NoSchedule: gains gpu-1
	// taint dedicated:NoSchedule- on gpu-1: gains gpu-1
}

// The nodes that each condition costs.
func ExamplePrediction_Costs() {
	for _, cost := range predict("{nodeSelector: {kubernetes.io/os: linux, pool: web}}").Costs() {
		fmt.Println(cost)
	}
	// Output:
	// spec.template.spec.nodeSelector[pool]: pool=web: not met by 2 nodes, the sole obstacle on 1
	// taint dedicated=gpu:NoSchedule: not met by 1 node, the sole obstacle on 0
}

// Words in the manifest that no node has.
func ExamplePrediction_Typos() {
	for _, typo := range predict("{nodeSelector: {kubernetes.io/os: linxu}}").Typos() {
		fmt.Println(typo)
	}
	// Output:
	// spec.template.spec.nodeSelector[kubernetes.io/os]: no node has the label value "linxu"; the cluster has "linux"
}

// The pods that the scheduler would evict to make room.
func ExamplePrediction_Preemptions() {
	p := predict(`{priority: 1000, tolerations: [{operator: Exists}], containers: [{name: a, image: i, resources: {requests: {cpu: "3"}}}]}`, `
apiVersion: v1
kind: Pod
metadata: {name: batch, namespace: default}
spec: {nodeName: web-1, containers: [{name: c, image: i, resources: {requests: {cpu: "2"}}}]}
`)
	fmt.Println(p)
	for preemption := range p.Preemptions() {
		fmt.Println(preemption)
	}
	// Output:
	// 1/2 nodes are available: 1 Insufficient cpu.
	// web-1: evicts default/batch
}

// predict compiles a DaemonSet with the given pod spec and predicts it on the two
// nodes of the manifest.
func predict(spec string, more ...string) *placement.Prediction {
	m, err := cluster.ReadManifest(strings.NewReader(strings.Join(append([]string{manifest}, more...), "---\n")))
	if err != nil {
		log.Fatal(err)
	}
	ds := m.DaemonSets[0]
	if err := yaml.Unmarshal([]byte(spec), &ds.Spec.Template.Spec); err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	w, err := placement.ForDaemonSet(ds)
	if err != nil {
		log.Fatal(err)
	}
	return w.Predict(c)
}

// Rank the nodes for an ordinary pod, with the scores of each plugin.
func ExamplePrediction_Ranking() {
	m, err := cluster.ReadManifest(strings.NewReader(manifest))
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	c, err = c.Edit("gpu-1", cluster.Untaint("dedicated:NoSchedule"), cluster.Taint("dedicated=gpu:PreferNoSchedule"))
	if err != nil {
		log.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "web", Image: "registry.example.com/web:2"}},
	}}
	w, err := placement.ForPod(pod)
	if err != nil {
		log.Fatal(err)
	}
	p := w.Predict(c)
	for _, r := range p.Ranking() {
		fmt.Println(r)
	}
	// Output:
	// 1. web-1 397 = TaintToleration 3*100 + NodeResourcesFit 1*97 + ImageLocality 1*0
	// 2. gpu-1 98 = TaintToleration 3*0 + NodeResourcesFit 1*98 + ImageLocality 1*0
}

// Predict the effect of a taint before it is set.
func ExampleDiff() {
	m, err := cluster.ReadManifest(strings.NewReader(manifest))
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	w, err := placement.ForDaemonSet(m.DaemonSets[0])
	if err != nil {
		log.Fatal(err)
	}
	tainted, err := c.Edit("web-1", cluster.Taint("maintenance:NoExecute"))
	if err != nil {
		log.Fatal(err)
	}
	changes := placement.Diff(w.Predict(c), w.Predict(tainted))
	fmt.Print(changes)
	fmt.Println("lost:", changes.Nodes(placement.Eligible, placement.Excluded))
	// Output:
	// --- 1 placed, 1 kept of 2 nodes
	// +++ 0 placed, 1 kept of 2 nodes
	// - lost: web-1
	//       now Excluded: TaintToleration: node(s) had untolerated taint(s) [maintenance:NoExecute]
	// lost: {web-1}
}

// A DaemonSet has one pod per node; the scheduler places a Deployment's pods.
func ExampleReplicas() {
	m, err := cluster.ReadManifest(strings.NewReader(manifest + `
---
apiVersion: v1
kind: Node
metadata: {name: web-2, labels: {kubernetes.io/os: linux}}
status: {allocatable: {cpu: "2", memory: 8Gi, pods: "110"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 7
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "registry.example.com/web:2", resources: {requests: {cpu: "1", memory: 1Gi}}}]
`))
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	out, err := placement.Replicas(c, m.Deployments[0], 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(out)
	// Output:
	// web-6b7cb46d67-0: web-1 (654)
	// web-6b7cb46d67-1: web-1 (638)
	// web-6b7cb46d67-2: web-2 (633)
	// web-6b7cb46d67-3: web-1 (623)
	// web-6b7cb46d67-4: web-1 (607)
	// web-6b7cb46d67-5: web-2 (the only one)
	// web-6b7cb46d67-6 is pending: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.
}

// The controller wants a pod on each node, whatever the API server makes of it. A
// namespace that enforces a level of Pod Security refuses the pod.
func ExamplePrediction_Admitted() {
	m, err := cluster.ReadManifest(strings.NewReader(manifest + `---
apiVersion: v1
kind: Namespace
metadata: {name: monitoring, labels: {pod-security.kubernetes.io/enforce: baseline}}
`))
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	agent := m.DaemonSets[0]
	agent.Spec.Template.Spec.HostNetwork = true
	for _, option := range []placement.Option{{}, placement.WithoutAdmission("PodSecurity")} {
		w, err := placement.ForDaemonSet(agent, option)
		if err != nil {
			log.Fatal(err)
		}
		p := w.Predict(c)
		_, refused := p.Admitted()
		fmt.Println("wanted on", p.Eligible(), "refused on", p.Refused(), "placed on", p.Placed())
		fmt.Println(refused)
	}
	// Output:
	// wanted on {web-1} refused on {web-1} placed on {}
	// pods "agent-xxxxx" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)
	// wanted on {web-1} refused on {} placed on {web-1}
	// <nil>
}

// Each DaemonSet fits on the node alone, and both do not fit together.
func ExampleNewCapacityReport() {
	m, err := cluster.ReadManifest(strings.NewReader(`
apiVersion: v1
kind: Node
metadata: {name: small}
status: {allocatable: {cpu: "1", memory: 2Gi, pods: "110"}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: logs, namespace: ops}
spec:
  selector: {matchLabels: {app: logs}}
  template:
    metadata: {labels: {app: logs}}
    spec: {containers: [{name: logs, image: "logs:1", resources: {requests: {cpu: 600m}}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: metrics, namespace: ops}
spec:
  selector: {matchLabels: {app: metrics}}
  template:
    metadata: {labels: {app: metrics}}
    spec: {containers: [{name: metrics, image: "metrics:1", resources: {requests: {cpu: 700m}}}]}
`))
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	report := placement.NewCapacityReport(c)
	fmt.Println(report.Overloaded())
	for _, size := range report.MinimumNodes() {
		fmt.Println(size.DaemonSets, size.Allocatable.Cpu())
	}
	// Output:
	// {small}
	// [ops/logs ops/metrics] 1300m
}

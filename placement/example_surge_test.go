package placement_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// Check whether an update with maxSurge can work before it starts.
func ExampleWorkload_WithSurge() {
	m, err := cluster.ReadManifest(strings.NewReader(strings.Replace(manifest, "agent:1.4\"",
		"agent:1.4\", ports: [{containerPort: 9100, hostPort: 9100}]", 1)))
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
	fmt.Println("one pod:", w.Predict(c).Placed())
	beside := w.WithSurge().Predict(c)
	fmt.Println("a second one beside it:", beside.Placed())
	v, _ := beside.Verdict("web-1")
	fmt.Println(v)
	// Output:
	// one pod: {web-1}
	// a second one beside it: {}
	// web-1: Pending: NodePorts: node(s) didn't have free ports for the requested pod ports [port 9100/TCP is taken by monitoring/agent]
}

// Detect two agents that fit alone but not together, before they are applied.
func ExampleNewCapacityReport() {
	m, err := cluster.ReadManifest(strings.NewReader(`
apiVersion: v1
kind: Node
metadata: {name: worker-1}
status: {allocatable: {cpu: "2", memory: 4Gi, pods: "110"}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: logs}
spec:
  selector: {matchLabels: {app: logs}}
  template:
    metadata: {labels: {app: logs}}
    spec: {containers: [{name: logs, image: "logs:1", resources: {requests: {cpu: "1", memory: 256Mi}}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: metrics}
spec:
  selector: {matchLabels: {app: metrics}}
  template:
    metadata: {labels: {app: metrics}}
    spec: {containers: [{name: metrics, image: "metrics:1", resources: {requests: {cpu: 1500m}}}]}
`))
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	ledger := placement.NewCapacityReport(c)
	fmt.Println(ledger)
	e, _ := ledger.Node("worker-1")
	fmt.Println(e)
	for _, shape := range ledger.MinimumNodes() {
		fmt.Println(shape)
	}
	fmt.Print(ledger.Table())
	// Output:
	// 2 DaemonSets on 1 node: 1 overloaded, 0 clashing
	// worker-1: 2 DaemonSets: overloaded: cpu 500m short: DaemonSets 2500m + others 0 of 2
	// 2 DaemonSets wanted together on 1 node: a node needs cpu 2500m, memory 256Mi, pods 2
	// NODES     COUNT  RESOURCE  ALLOCATABLE  DAEMONSETS  OTHERS  FREE
	// worker-1  1      cpu       2            2500m       0       -500m  overloaded
	//                  memory    4Gi          256Mi       0       3840Mi
	//                  pods      110          2           0       108
	//
	// smallest node for 2 DaemonSets, wanted together on 1 node: cpu 2500m, memory 256Mi, pods 2
	//   default/logs
	//   default/metrics
}

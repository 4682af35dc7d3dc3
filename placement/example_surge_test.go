package placement_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// Whether an update with maxSurge can work, before anything runs.
func ExampleWorkload_Surging() {
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
	beside := w.Surging().Predict(c)
	fmt.Println("a second one beside it:", beside.Placed())
	v, _ := beside.Verdict("web-1")
	fmt.Println(v)
	// Output:
	// one pod: {web-1}
	// a second one beside it: {}
	// web-1: Pending: NodePorts: node(s) didn't have free ports for the requested pod ports [port 9100/TCP is taken by monitoring/agent]
}

// Overload shows the pitfall of judging DaemonSets one by one: each of ten agents of
// one CPU fits on nodes of two, but not all of them together. It finds the nodes before
// anything is applied, and prints what a node needs to take them all and what no node
// can take. It then runs the agents and repairs them. Copy it, and use your own
// manifests.
package main

import (
	_ "embed"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

//go:embed agents.yaml
var agents string

//go:embed nodes.yaml
var nodes string

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(out io.Writer) error {
	m, err := cluster.ReadManifest(strings.NewReader(nodes + "---\n" + agents))
	if err != nil {
		return err
	}
	c, err := m.Cluster()
	if err != nil {
		return err
	}
	if err := eachAlone(out, c, m.DaemonSets); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nall together:")
	report(out, c)
	if err := apply(out, c, m.DaemonSets); err != nil {
		return err
	}
	fixed, err := c.With(repair(m.DaemonSets)...)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\nwith requests from what they use, the two big ones on the large nodes, and the APM agent on a port of its own:")
	report(out, fixed)
	return apply(out, fixed, m.DaemonSets)
}

// eachAlone checks each DaemonSet alone, which is not enough.
func eachAlone(out io.Writer, c *cluster.Cluster, daemonSets []*appsv1.DaemonSet) error {
	for _, ds := range daemonSets {
		w, err := placement.ForDaemonSet(ds)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s/%s alone: %v\n", ds.Namespace, ds.Name, w.Predict(c))
	}
	return nil
}

func report(out io.Writer, c *cluster.Cluster) {
	ledger := placement.NewCapacityReport(c)
	fmt.Fprintln(out, ledger)
	for _, name := range ledger.Overloaded().Names() {
		u, _ := ledger.Node(name)
		fmt.Fprintf(out, "  %s: cpu %s free: DaemonSets request %s, other pods %s of %s\n",
			name, u.Free.Cpu(), u.DaemonSetRequests.Cpu(), u.OtherRequests.Cpu(), u.Allocatable.Cpu())
	}
	fmt.Fprintln(out)
	fmt.Fprint(out, ledger.Table())
}

// apply lets the controller and the scheduler act, and counts the pending pods.
func apply(out io.Writer, c *cluster.Cluster, daemonSets []*appsv1.DaemonSet) error {
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		return err
	}
	for range sim.Run(100) {
	}
	var waiting []string
	for _, ds := range daemonSets {
		key := ds.Namespace + "/" + ds.Name
		waits, err := diagnosis.Waiting(sim, key)
		if err != nil {
			return err
		}
		if len(waits) > 0 {
			waiting = append(waiting, fmt.Sprintf("%s on %d nodes", key, len(waits)))
		}
	}
	fmt.Fprintf(out, "\nonce applied, pending: %d DaemonSets\n", len(waiting))
	for _, w := range waiting {
		fmt.Fprintln(out, " ", w)
	}
	return nil
}

// used is the measured usage of the agents, with some headroom.
var used = map[string]string{
	"kube-proxy": "100m", "cni": "200m", "csi-node": "50m", "node-exporter": "50m", "fluent-bit": "150m",
	"otel-agent": "200m", "apm-agent": "200m", "falco": "300m",
}

// repair sets the requests of each agent to its usage. An agent of unknown usage keeps
// its requests and is restricted to large nodes.
func repair(daemonSets []*appsv1.DaemonSet) []runtime.Object {
	var fixed []runtime.Object
	for _, ds := range daemonSets {
		ds = ds.DeepCopy()
		spec := &ds.Spec.Template.Spec
		if cpu, ok := used[ds.Name]; ok {
			spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse(cpu)
		} else {
			spec.NodeSelector = map[string]string{"eks.amazonaws.com/nodegroup": "large"}
		}
		if ds.Name == "apm-agent" {
			spec.Containers[0].Ports[0].HostPort = 14317
		}
		fixed = append(fixed, cluster.Default(ds))
	}
	return fixed
}

package cluster_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
)

const threeNodes = `
{apiVersion: v1, kind: Node, metadata: {name: a, labels: {disktype: ssd, zone: north}}}
---
{apiVersion: v1, kind: Node, metadata: {name: b, labels: {disktype: ssd, zone: south}}}
---
{apiVersion: v1, kind: Node, metadata: {name: c, labels: {zone: south}}, spec: {taints: [{key: dedicated, value: gpu, effect: NoSchedule}]}}
`

func read() *cluster.Cluster {
	m, err := cluster.ReadManifest(strings.NewReader(threeNodes))
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func ExampleCluster_Select() {
	set, err := read().Select("disktype=ssd,zone notin (north)")
	fmt.Println(set, err)
	// Output: {b} <nil>
}

// An edit returns a new snapshot; the old one does not change.
func ExampleCluster_Edit() {
	before := read()
	after, err := before.Edit("b", cluster.Taint("dedicated=gpu:NoSchedule"), cluster.Unlabel("disktype"))
	if err != nil {
		log.Fatal(err)
	}
	old, _ := before.Tainted("dedicated")
	now, _ := after.Tainted("dedicated=gpu:NoSchedule")
	fmt.Println(old, now, after.Labeled("disktype"))
	// Output: {c} {b c} {a}
}

// A misspelled key selects nothing. CheckSelector reports it.
func ExampleCluster_CheckSelector() {
	set, err := read().Select("disktyp=ssd")
	fmt.Println(set, err)
	fmt.Println(read().CheckSelector("disktyp=ssd"))
	fmt.Println(read().CheckSelector("disktype=sdd"))
	// Output:
	// {} <nil>
	// no node has the label key disktyp: did you mean disktype?
	// no node has the label disktype=sdd
}

func ExampleCluster_Tainted() {
	c := read()
	fmt.Println(c.Tainted("dedicated"))
	fmt.Println(c.Tainted("dedicated=gpu:NoExecute"))
	fmt.Println(c.CheckTaint("dedicated=gpu:NoExecute"))
	// Output:
	// {c} <nil>
	// {} <nil>
	// no node has the taint dedicated=gpu:NoExecute: did you mean dedicated=gpu:NoSchedule?
}

// EditAll changes all nodes of a set, here the nodes of one zone.
func ExampleCluster_EditAll() {
	c := read()
	c, err := c.EditAll(c.Labeled("zone", "south"), cluster.Cordon())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Tainted("node.kubernetes.io/unschedulable"))
	// Output: {b c} <nil>
}

func ExampleNodeSet() {
	c := read()
	ssd, south := c.Labeled("disktype", "ssd"), c.Labeled("zone", "south")
	fmt.Println(ssd.And(south), ssd.Or(south), ssd.Minus(south), ssd.Has("a"), ssd.Len())
	for n := range ssd.All() {
		fmt.Println(n.Name, n.Labels["zone"])
	}
	// Output:
	// {b} {a b c} {a} true 2
	// a north
	// b south
}

func ExampleReadFiles() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "nodes.yaml"), []byte(threeNodes), 0o644); err != nil {
		log.Fatal(err)
	}
	m, err := cluster.ReadFiles([]string{dir}) // all files below it
	if err != nil {
		log.Fatal(err)
	}
	c, err := m.Cluster()
	fmt.Println(c.Nodes(), err)
	// Output: {a b c} <nil>
}

func ExampleManifest_WriteYAML() {
	m := &cluster.Manifest{PriorityClasses: []*schedulingv1.PriorityClass{
		{ObjectMeta: metav1.ObjectMeta{Name: "agents"}, Value: 1000},
	}}
	if err := m.WriteYAML(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// apiVersion: scheduling.k8s.io/v1
	// kind: PriorityClass
	// metadata:
	//   name: agents
	// value: 1000
}

// Each mistake is a *ManifestError.
func ExampleManifestError() {
	_, err := cluster.ReadManifest(strings.NewReader("{apiVersion: v1, kind: Node, metadata: {name: 3}}"))
	var mistake *cluster.ManifestError
	if errors.As(err, &mistake) {
		fmt.Println(mistake.Line, mistake.Object, mistake.Field, mistake.Message)
	}
	// Output: 1 Node metadata.name must be a string, not 3: put it in quotes
}

func ExampleReadManifest() {
	_, err := cluster.ReadManifest(strings.NewReader(`
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: monitoring}
spec: {minReadySeconds: soon}
`))
	fmt.Println(err)
	// Output: document 1, line 5: DaemonSet monitoring/agent: spec.minReadySeconds: must be a whole number (int32), not "soon"
}

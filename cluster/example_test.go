package cluster_test

import (
	"fmt"
	"log"
	"strings"

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

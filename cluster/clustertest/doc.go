// Package clustertest makes clusters for tests: from a few words by hand, and at random
// for property tests with pgregory.net/rapid.
//
// Start with these five names:
//
//   - [Node], [Pool], [DaemonSet] and [Pod] make a [Spec], one line for each object.
//   - [Given] makes a Spec of your own DaemonSet.
//   - [Parse] reads a cluster from such lines of text.
//   - [Clusters] draws clusters that look like real ones, [Updates] changes of a DaemonSet.
//   - [Object] returns the Kubernetes object of a Spec.
//
// For example:
//
//	clustertest.Node("web-1", "zone=a", "taint:dedicated=gpu:NoSchedule", "cordoned")
//	clustertest.Pool("gpu", 3, "zone=a|b", "example.com/gpu:8")
//	clustertest.DaemonSet("monitoring/exporter", "tolerate:*", "on:kubernetes.io/os=linux", "cpu:100m")
//
// The comments of Node, DaemonSet and Pod list the words.
//
// A property holds for every cluster. This complete test asserts that an exporter
// runs on every Linux node of any cluster:
//
//	package exporter_test
//
//	import (
//		"testing"
//
//		appsv1 "k8s.io/api/apps/v1"
//		"pgregory.net/rapid"
//
//		"github.com/berthsim/berth/cluster/clustertest"
//		"github.com/berthsim/berth/placement"
//	)
//
//	func TestExporterRunsOnEveryLinuxNode(t *testing.T) {
//		exporter := clustertest.DaemonSet("monitoring/exporter", "on:kubernetes.io/os=linux", "tolerate:*:NoSchedule")
//		w, err := placement.ForDaemonSet(clustertest.Object[*appsv1.DaemonSet](t, exporter)) // or your own, from cluster.ReadManifest
//		if err != nil {
//			t.Fatal(err)
//		}
//		rapid.Check(t, func(t *rapid.T) {
//			c := clustertest.Clusters().Draw(t, "cluster").Cluster(t)
//			linux, _ := c.Select("kubernetes.io/os=linux")
//			p := w.Predict(c)
//			for _, name := range linux.Minus(p.Eligible()).Names() {
//				v, _ := p.Verdict(name)
//				t.Error(v)
//			}
//		})
//	}
//
// It fails. Rapid prints the smallest cluster that shows why, as source to paste
// into a test: one node with a NoExecute taint.
//
//	draw cluster: clustertest.World{
//		clustertest.Pool("worker", 1, "kubernetes.io/os=linux", "kubernetes.io/arch=amd64", "hostname", "cpu:8", "memory:16Gi", "dedicated=ingress", "taint:dedicated=ingress:NoExecute"),
//	}
//
// The generators are Clusters and Pools (options WithPlatforms, WithPools,
// WithNodes, WithHealthyNodes, WithPods, WithWords), DaemonSets, Updates and Pods
// (options WithLabelsOf, WithWords), NodeChanges and NodeFaults.
// cluster.Validate accepts every object that they draw.
//
// The same seed may draw other values in another version of berth. Labels and sizes
// may differ from what a platform uses today.
package clustertest

// Package clustertest makes clusters for tests: by hand in words, and at random
// in the shape of real ones for properties with pgregory.net/rapid.
//
// A node, a pool or a DaemonSet is one line that reads well:
//
//	clustertest.Node("web-1", "zone=a", "taint:dedicated=gpu:NoSchedule", "cordoned")
//	clustertest.Pool("gpu", 3, "zone=a|b", "example.com/gpu:8")
//	clustertest.DaemonSet("monitoring/exporter", "tolerate:*", "on:kubernetes.io/os=linux", "cpu:100m")
//
// and Parse reads a cluster from such lines of text. The words are listed at
// Node, DaemonSet and Pod.
//
// A property holds for every cluster. This complete test says that an exporter
// runs on every Linux node, whatever pools there are:
//
//	package exporter_test
//
//	import (
//		"testing"
//
//		"pgregory.net/rapid"
//
//		"github.com/berthsim/berth/cluster/clustertest"
//		"github.com/berthsim/berth/placement"
//	)
//
//	func TestExporterRunsOnEveryLinuxNode(t *testing.T) {
//		exporter := clustertest.DaemonSet("monitoring/exporter", "on:kubernetes.io/os=linux", "tolerate:*:NoSchedule")
//		w, err := placement.ForDaemonSet(exporter.Object(t)) // or your own, from cluster.ReadManifest
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
// It fails, and rapid prints the smallest cluster that shows why, as source to
// paste into a test of its own: one node with a NoExecute taint.
//
//	draw cluster: clustertest.World{
//		clustertest.Pool("worker", 1, "kubernetes.io/os=linux", "kubernetes.io/arch=amd64", "hostname", "cpu:8", "memory:16Gi", "dedicated=ingress", "taint:dedicated=ingress:NoExecute"),
//	}
//
// Generators: Clusters and Pools (options On, Of, Between, Healthy, WithPods,
// Words), DaemonSets, Updates and Pods (options For, Key, Words), Edits and
// Faults. Every object that they draw is accepted by cluster.Validate.
//
// Not promised: that the same seed draws the same values in another version of
// berth, nor that labels and sizes are those that a platform has today.
package clustertest

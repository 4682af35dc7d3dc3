// Package rollouttest states in tests what must not happen to a DaemonSet while it is
// updated and nodes are added and removed, and finds the case in which it does.
//
// An Invariant is a claim. Check steps a simulation to its end and judges it:
//
//	rollouttest.Check(t, sim, rollouttest.NeverBelow("monitoring/exporter", "90%"), rollouttest.Ends("monitoring/exporter"))
//
// Explore draws simulations at random: clusters in the shape of real ones, updates and
// faults. It runs each in every order of nodes that Kubernetes leaves open, as long as
// these are few. This is a complete test:
//
//	package exporter_test
//
//	import (
//		"testing"
//		"time"
//
//		"github.com/berthsim/berth/cluster/clustertest"
//		"github.com/berthsim/berth/rollout"
//		"github.com/berthsim/berth/rollout/rollouttest"
//	)
//
//	func TestExporterStaysUp(t *testing.T) {
//		// Or clustertest.Given(ds), with a DaemonSet from cluster.ReadManifest.
//		exporter := clustertest.DaemonSet("monitoring/exporter", "tolerate:*", "max-unavailable:1")
//		key := exporter.Names()[0]
//
//		scenes := rollouttest.Scenarios(exporter,
//			rollouttest.WithWorlds(clustertest.Clusters(clustertest.WithNodes(4, 8), clustertest.WithHealthyNodes())),
//			rollouttest.WithUpdates(exporter.With("image:registry.example.com/exporter:2")),
//			rollouttest.WithFaults(1, rollout.FailPods{}, rollout.NodeDown{}))
//		rollouttest.Explore(t, scenes,
//			rollouttest.NeverBelow(key, "75%").LongerThan(30*time.Second),
//			rollouttest.OnePerNode(key),
//			rollouttest.NothingLost(key),
//			rollouttest.Ends(key))
//	}
//
// A failure is shrunk to the smallest scene that shows it. The scene prints as source
// for a test, followed by the trace up to the failure and the configuration that
// reproduces it, seed and order included:
//
//	rollouttest.Check(t, rollouttest.Scenario{ ... }.Sim(t), rollouttest.OnePerNode(key))
//
// The invariants are NeverBelow, Covered, OnePerNode, NothingLost, Ends and RollsBack.
// Always and AtEnd make others from what an Observed shows. An invariant whose premise
// never held proves nothing, and fails unless it is marked with AllowEmpty.
//
// Follows compares another DaemonSet controller with the Kubernetes controller, sync by
// sync: objects in, names of nodes and pods out.
//
// A claim that was explored without a failure may still be false. Explore logs how much
// was covered; package rollout lists what it does not model.
package rollouttest

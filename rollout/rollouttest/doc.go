// Package rollouttest says in tests what must not happen to a DaemonSet while it
// is updated and nodes come and go, and finds the case in which it does.
//
// An Invariant is a claim. Check steps a simulation to its end and judges it:
//
//	rollouttest.Check(t, sim, rollouttest.NeverBelow("monitoring/exporter", "90%"), rollouttest.Ends("monitoring/exporter"))
//
// Explore draws simulations at random: clusters in the shape of real ones,
// updates and faults, and runs each in every order of nodes that Kubernetes
// leaves open, as long as these are few. This is a complete test:
//
//	package exporter_test
//
//	import (
//		"testing"
//		"time"
//
//		"github.com/berthsim/berth/cluster/clustertest"
//		"github.com/berthsim/berth/rollout/rollouttest"
//	)
//
//	func TestExporterStaysUp(t *testing.T) {
//		// Or clustertest.Given(ds), with a DaemonSet from cluster.ReadManifest.
//		exporter := clustertest.DaemonSet("monitoring/exporter", "tolerate:*", "max-unavailable:1")
//		key := exporter.Key()
//
//		scenes := rollouttest.Scenarios(exporter,
//			rollouttest.WithWorlds(clustertest.Clusters(clustertest.WithNodes(4, 8), clustertest.WithHealthyNodes())),
//			rollouttest.WithUpdates(exporter.With("image:registry.example.com/exporter:2")),
//			rollouttest.WithFaults(1, rollouttest.PodsFail, rollouttest.NodeIsCordoned))
//		rollouttest.Explore(t, scenes,
//			rollouttest.NeverBelow(key, "75%").LongerThan(30*time.Second),
//			rollouttest.OnePerNode(key),
//			rollouttest.NothingLost(key),
//			rollouttest.Ends(key))
//	}
//
// A failure is shrunk to the smallest scene that shows it, which prints as
// source for a test of its own, followed by the trace up to there and the
// configuration, seed and order included, that brings it about again:
//
//	rollouttest.Check(t, rollouttest.Scenario{ ... }.Sim(t), rollouttest.OnePerNode(key))
//
// Invariants: NeverBelow, Covered, OnePerNode, NothingLost, Ends and RollsBack;
// Always and AtEnd make others of what an Observed shows. One whose premise never
// held says nothing, and fails unless it AllowEmpty.
//
// Follows runs somebody else's DaemonSet controller against what Kubernetes' does,
// sync by sync: objects in, names of nodes and pods out.
//
// Not promised: that a claim that was explored without a failure holds. Exploration
// counts how much was seen; package rollout says what it does not model.
package rollouttest

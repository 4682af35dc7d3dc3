// Package rollouttest tests what must not happen to a DaemonSet while it is updated and
// nodes come and go, and searches for a case in which it happens.
//
// Start with these five names:
//
//   - An [Invariant] is such a claim: [NeverBelow], [Covered], [OnePerNode],
//     [NothingLost], [Ends] or [RollsBack]. [Always] and [AtEnd] make others.
//   - [Check] runs a simulation to its end and fails the test if an invariant breaks.
//   - [Scenarios] draws clusters, updates and faults.
//   - [Explore] runs what it draws, in every order of nodes that Kubernetes leaves open.
//   - [Follows] compares your own controller with the DaemonSet controller.
//
// For a simulation that you have:
//
//	rollouttest.Check(t, sim, rollouttest.NeverBelow("monitoring/exporter", "90%"), rollouttest.Ends("monitoring/exporter"))
//
// This is a complete test that explores scenarios:
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
//		scenarios := rollouttest.Scenarios(exporter,
//			rollouttest.WithWorlds(clustertest.Clusters(clustertest.WithNodes(4, 8), clustertest.WithHealthyNodes())),
//			rollouttest.WithUpdates(exporter.With("image:registry.example.com/exporter:2")),
//			rollouttest.WithFaults(1, rollout.FailPods{}, rollout.NodeDown{}))
//		rollouttest.Explore(t, scenarios,
//			rollouttest.NeverBelow(key, "75%").LongerThan(30*time.Second),
//			rollouttest.OnePerNode(key),
//			rollouttest.NothingLost(key),
//			rollouttest.Ends(key))
//	}
//
// A failure is shrunk to the smallest scenario that shows it. The scenario prints as source
// for a test, followed by the trace up to the failure and the configuration that
// reproduces it, seed and order included:
//
//	rollouttest.Check(t, rollouttest.Scenario{ ... }.Sim(t), rollouttest.OnePerNode(key))
//
// An invariant whose premise never held proves nothing: the test fails unless the
// invariant is marked with AllowEmpty.
//
// Follows calls a function for each sync. It gets an [Observation], the objects that the
// controller would see, and returns [Actions], the names of nodes and pods:
//
//	rollouttest.Follows(t, func() rollouttest.Controller {
//		return func(seen rollouttest.Observation) rollouttest.Actions {
//			return rollouttest.Actions{Create: yours.Missing(seen.DaemonSet, seen.Nodes, seen.Pods)}
//		}
//	})
//
// A claim that was explored without a failure may still be false. Explore logs how much
// was covered; package rollout lists what it does not model.
package rollouttest

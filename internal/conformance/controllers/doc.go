// Package controllers drives the real DaemonSetsController of
// k8s.io/kubernetes v1.37.2 in virtual time, by the rules of berth's tick: the
// oracle the simulator is compared with.
//
// A [Scenario] is data: nodes, DaemonSets, how long pods take, what happens in
// which tick. [Run] plays it and returns a [Trace]: for every tick the status,
// the creates and deletes of the controller, the revisions and the sync errors
// of every DaemonSet.
//
// What is real: the controller (unmodified, reached through its constructor),
// its event handlers and expectations, the API server's defaulting, validation
// and generations, the pod admission check of the scheduler, kubectl's rollback.
// What is ours, and written without a look at berth: the clock, a kubelet that
// takes the configured time, a node controller that sets the two condition
// taints, a pod collector, and a store for the objects.
//
// Nothing runs concurrently but the controller's own slow start. Its writes are
// held back until the sync is over, so that no sync sees its own effects.
//
// The controller goes through nodes in Go map order. With [Options.Draws] a
// sync in which it had a choice is drawn again and again, the writes thrown
// away, and the outcome that goes by node name is kept: the real controller's
// own, only made reproducible.
package controllers

// Package controllers drives the real DaemonSet, Deployment and ReplicaSet
// controllers of k8s.io/kubernetes v1.37.2 in virtual time, by the rules of
// berth's tick. The simulator is compared with it.
//
// A [Scenario] is data: nodes, DaemonSets and Deployments, how long pods take,
// what happens in which tick. [Run] plays it and returns a [Trace]: for every tick
// the statuses, the creates and deletes of the controllers, the revisions and the
// sync errors of every object.
//
// What is real: the controllers (unmodified, reached through their constructors),
// their event handlers and expectations, the API server's defaulting, validation,
// generations and conflicts, the pod admission check of the scheduler, kubectl's
// rollback, pause and resume. What is ours, and written without a look at berth:
// the clock, a kubelet that takes the configured time, a node controller that sets
// the two condition taints, taint eviction, pod and garbage collectors, and a
// store for the objects.
//
// Nothing runs concurrently but the controllers' own slow start. Their writes are
// held back until the sync is over, so that no sync sees its own effects but in
// what the API server answers: whoever writes an object twice with what it read
// once gets a conflict, as the Deployment controller does in every rollout, and
// the next round repeats the sync.
//
// The DaemonSet controller has a clock to be set. The others ask time.Now, so a
// scenario with Deployments is played in a bubble of testing/synctest
// ([InVirtualTime]), where that is the simulation's.
//
// The DaemonSet controller visits nodes in Go map order. With [Options.Draws] a sync in
// which it had a choice is repeated and its writes are dropped, until the outcome is the
// one of ascending node names: the real controller's own, but reproducible.
// [Options.Choices] chooses what is open about the pods of a ReplicaSet (names, UIDs,
// nodes).
package controllers

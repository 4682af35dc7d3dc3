// Package rollout simulates, tick by tick, what happens when a DaemonSet or a
// Deployment is created, updated, undone or deleted, and what fails on the way.
// It runs the rules of the DaemonSet, Deployment and ReplicaSet controllers of
// Kubernetes 1.37, kubelets and a scheduler on a virtual clock, without a
// cluster.
//
// A [Sim] starts from a [cluster.Cluster], which may be a dump of a running one.
// It adopts the DaemonSets, ControllerRevisions, Deployments, ReplicaSets and
// pods. Keys are daemonset/namespace/name and deployment/namespace/name; the kind
// can be left out if only one of the two exists. Inputs ([Apply], [NodeDown], ...)
// are passed to [Sim.Inject] and [Sim.At]. Time passes by [Sim.Tick] or [Sim.Run].
// They return [Event]s, each with its [Reason]. Other methods return what kubectl
// would show.
//
// To begin: [New] returns a Sim, [Sim.Inject] changes it, [Sim.Run] and
// [Sim.Settle] pass time, [Sim.RolloutStatus] tells how far a rollout is, and
// [Sim.Fork] tries something without consequences.
//
// # A tick
//
// Time starts at tick 0 with the first Tick. Durations are rounded up to a whole
// number of ticks. Each tick has these steps, in this order: the clock moves;
// inputs that are due take effect, in the order given; kubelets start pods, make
// them ready and stop them; then come rounds, until nothing changes. In each
// round each DaemonSet, then each Deployment, then each ReplicaSet syncs once,
// ascending by key, and the scheduler binds what fits.
//
// One sync of a DaemonSet is history, manage, rollingUpdate if manage did
// nothing, cleanup of the history, and the status from before the sync's own
// effects. It creates and deletes at most 250 pods each; a sync of a ReplicaSet,
// 500. Several syncs fit into one tick. A Deployment's sync resizes ReplicaSets,
// which act on it in the same round. The Deployment sees the result in the next
// round.
//
// # What is stuck
//
// Package rollout/diagnosis finds out why a rollout or a drain does not end, and
// what would let it end.
//
// # What is not promised
//
// Kubernetes leaves to chance which node goes first: it ranges over a Go map.
// Here it is the first by name, drawn from a seed ([OrderSeeded]), or chosen one
// by one ([OrderFromScript]), so that all orders can be explored. A real rollout
// takes another order, but the same numbers. Watch latencies, retries and API
// errors are not modelled: every sync sees all that happened before it.
//
// The same inputs and seed produce the same events, on every machine. It makes no
// difference whether ticks are stepped or skipped. A Sim uses no clock,
// goroutines or global state.
package rollout

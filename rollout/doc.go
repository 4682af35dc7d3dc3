// Package rollout says what happens tick by tick when a DaemonSet is created,
// updated, undone or deleted, and what goes wrong meanwhile: it runs the rules
// of the DaemonSet controller of Kubernetes 1.37, kubelets and a scheduler on a
// virtual clock, without a cluster.
//
// A [Sim] starts from a [cluster.Cluster], which may be a dump of a running
// one: its DaemonSets, ControllerRevisions and pods are taken over. Inputs
// ([Apply], [NodeDown], ...) go in through [Sim.Inject] and [Sim.At]; time
// passes by [Sim.Tick] or [Sim.Run]; out come [Event]s, each with the rule that
// made it happen ([Why]), and what kubectl would show.
//
// # A tick
//
// Time starts at tick 0 with the first Tick. A duration ends at the first tick
// that is not before its end. In each tick, in this order: the clock moves;
// inputs that are due take effect, in the order given; kubelets start pods,
// make them ready and stop them; then come rounds, until nothing changes, in
// which each DaemonSet syncs once, ascending by key, and the scheduler binds
// what fits. One sync is history, manage, rollingUpdate if manage did nothing,
// cleanup of the history, and the status from before the sync's own effects. It
// creates and deletes at most 250 pods each; several fit into one tick.
//
// # What is not promised
//
// Kubernetes leaves to chance which node goes first: it ranges over a Go map.
// Here it is the first by name, drawn from a seed ([Seeded]), or chosen one by
// one ([Scripted]), so that all orders can be gone through: a real rollout
// takes another order, but the same numbers. Watch latencies, retries and API
// errors are not modelled: every sync sees all that happened before it.
//
// The same inputs and seed give the same events, on every machine; whether ticks
// are stepped or skipped makes no difference. A Sim uses no clock, goroutines
// or global state.
package rollout

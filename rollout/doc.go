// Package rollout says what happens tick by tick when a DaemonSet or a Deployment
// is created, updated, undone or deleted, and what goes wrong meanwhile: it runs
// the rules of the DaemonSet, Deployment and ReplicaSet controllers of Kubernetes
// 1.37, kubelets and a scheduler on a virtual clock, without a cluster.
//
// A [Sim] starts from a [cluster.Cluster], which may be a dump of a running
// one: its DaemonSets, ControllerRevisions, Deployments, ReplicaSets and pods are
// taken over. Keys are "namespace/name"; where a DaemonSet and a Deployment have
// the same one it is the DaemonSet's, and "deployment/namespace/name" names the
// other. Inputs
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
// which each DaemonSet, then each Deployment, then each ReplicaSet syncs once,
// ascending by key, and the scheduler binds what fits. One sync of a DaemonSet is
// history, manage, rollingUpdate if manage did nothing, cleanup of the history, and
// the status from before the sync's own effects. It creates and deletes at most 250
// pods each, a ReplicaSet's 500; several fit into one tick. A Deployment's sync
// resizes ReplicaSets, which act on it in the same round; it sees what came of that
// in the next.
//
// # What is stuck
//
// Package rollout/diagnosis finds out why a rollout or a drain does not end, and what
// would let it end.
//
// # What is not promised
//
// Kubernetes leaves to chance which node goes first: it ranges over a Go map.
// Here it is the first by name, drawn from a seed ([OrderSeeded]), or chosen one by
// one ([OrderFromScript]), so that all orders can be gone through: a real rollout
// takes another order, but the same numbers. Watch latencies, retries and API
// errors are not modelled: every sync sees all that happened before it.
//
// The same inputs and seed give the same events, on every machine; whether ticks
// are stepped or skipped makes no difference. A Sim uses no clock, goroutines
// or global state.
package rollout

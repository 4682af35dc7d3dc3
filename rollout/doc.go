// Package rollout simulates, tick by tick, what happens when a DaemonSet or a Deployment
// is created, updated, rolled back or deleted, and what fails on the way. It runs the
// DaemonSet, Deployment and ReplicaSet controllers of Kubernetes 1.37, kubelets and a
// scheduler on a virtual clock, without a cluster.
//
// Start with these five names:
//
//   - [New] returns a [Sim] that starts from a [cluster.Cluster], which may be a dump of
//     a running one: its workloads and pods are adopted as they are.
//   - [Sim.Inject] changes the cluster with inputs: [Apply], [Undo], [Drain], [NodeDown],
//     [CrashLoop] and others. [Sim.At] does so at a later tick.
//   - [Sim.Settle] passes time until nothing happens any more. [Sim.Run] also yields each
//     [Event] with its [Reason].
//   - [Sim.RolloutStatus] and [Sim.Pods] return what kubectl would show.
//   - [Sim.Fork] tries something without consequences.
//
// For example, update a DaemonSet while a node is down, and drain another node:
//
//	sim, err := rollout.New(c, rollout.Config{Kubelet: rollout.Kubelet{Ready: 5 * time.Second}})
//	err = sim.Inject(rollout.NodeDown{Node: "node-1"}, rollout.Apply{Object: ds})
//	refused, err := sim.Settle(1000) // events of inputs that were refused
//	message, done, err := sim.RolloutStatus("kube-system/agent")
//	err = sim.Inject(rollout.Drain{Node: "node-2", IgnoreDaemonSets: true, DeleteEmptyDirData: true})
//
// Keys are daemonset/namespace/name and deployment/namespace/name. The kind can be left
// out if only one of the two exists.
//
// # A tick
//
// Time starts at tick 0 with the first call of Tick. Durations are rounded up to whole
// ticks of one second, or of Config.Tick. Each tick has these steps, in this
// order: the clock advances; inputs that are due take effect, in the order given;
// kubelets start pods, make them ready and stop them; then rounds follow until nothing
// changes. In each round every DaemonSet, then every Deployment, then every ReplicaSet
// syncs once, ascending by key, and the scheduler binds the pods that fit.
//
// One sync of a DaemonSet has these steps: history, manage, rollingUpdate if manage did
// nothing, cleanup of the history, and the status, which does not count the sync's own
// effects yet. A sync creates at most 250 pods and deletes at most 250; a sync of a
// ReplicaSet, 500. Several syncs fit into one tick. A Deployment's sync resizes
// ReplicaSets, which act on it in the same round. The Deployment sees the result in the
// next round.
//
// # What is stuck
//
// A rollout or drain that does not end also settles. Package rollout/diagnosis finds out
// why it does not end, and what would let it end.
//
// # Limits
//
// In Kubernetes the order of nodes is random: the controller ranges over a Go map. Here
// it is ascending by name, drawn from a seed ([OrderSeeded]), or chosen one by one
// ([OrderFromScript]), so that all orders can be explored. A real rollout has another
// order, but the same numbers. Watch latencies, retries and API errors are not modelled:
// every sync sees everything that happened before it.
//
// The same inputs and seed produce the same events on every machine, whether ticks are
// stepped or skipped. A Sim uses no clock, goroutines or global state.
package rollout

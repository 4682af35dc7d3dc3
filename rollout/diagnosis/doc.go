// Package diagnosis finds out why a rollout or a drain in a simulation is stuck,
// and what would let it end.
//
// [Diagnose] examines a DaemonSet or Deployment, [DiagnoseDrain] the drain of a
// node. A diagnosis has the cause in a sentence, the rule of Kubernetes behind it
// ([Law]), the smallest set of blocking nodes or pods ([BlockingNode]), and
// remedies. A [Remedy] is a list of inputs for [rollout.Sim.Inject]. It was tried
// on a fork, where the rollout ended. A rollout that is only slow has no
// diagnosis.
// only slow has no diagnosis.
package diagnosis

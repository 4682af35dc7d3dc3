// Package diagnosis finds out why a rollout or a drain in a simulation is stuck,
// and what would let it end.
//
// [Waiting] lists what a DaemonSet or Deployment waits for. [Diagnose] examines one
// that is stuck, [DiagnoseDrain] the drain of a node. A [Diagnosis] has the cause in a
// sentence, the rule of Kubernetes behind it, the smallest set of blocking nodes or
// pods, each with its [Blocker], and remedies. A [Remedy] is a list of inputs for
// [rollout.Sim.Inject]. It was tried on a fork, where the rollout ended. A rollout
// that is only slow has no diagnosis.
package diagnosis

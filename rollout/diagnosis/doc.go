// Package diagnosis finds out why a rollout or a drain in a simulation is stuck, and
// what would let it end.
//
// [Diagnose] examines a DaemonSet or Deployment, [DiagnoseDrain] the drain of a node. A
// diagnosis has the cause in a sentence, the rule of Kubernetes behind it ([Law]), the
// smallest set of nodes or pods to blame ([BlockingNode]), and remedies. A [Remedy] is inputs
// for [rollout.Sim.Inject] that were tried on a fork, where the rollout ended. What is
// only slow has no diagnosis.
package diagnosis

// Package diagnosis finds out why a rollout or a drain in a simulation is stuck, and
// what would let it complete.
//
// Start with these five names:
//
//   - [Diagnose] examines a DaemonSet or Deployment that is stuck, and [DiagnoseDrain] the
//     drain of a node. A rollout that is only slow has no diagnosis: the result is nil.
//   - A [Diagnosis] has the cause in a sentence, the rule of Kubernetes behind it, the
//     smallest set of blocking nodes or pods, each with its [Blocker], and remedies.
//   - A [Remedy] is a list of inputs for [rollout.Sim.Inject], with the kubectl commands
//     that have the same effect. Each was tried on a fork, where the rollout completed.
//   - [Waiting] lists what a DaemonSet or Deployment waits for, stuck or not.
//
// For example:
//
//	x, err := diagnosis.Diagnose(sim, "kube-system/agent") // sim is a rollout.Sim
//	if x != nil {
//		fmt.Print(x) // the cause, the blocking pods, and each remedy
//	}
//	err = sim.Inject(x.Remedies[0].Inputs...)
package diagnosis

// Package berth is the name of the project; what it offers is in its packages.
//
//   - cluster reads manifests and dumps and holds them as immutable snapshots
//     that labels, taints and whole nodes can be changed in.
//   - placement says on which nodes a DaemonSet's pods or a pod may run, why
//     not on the others, and in which order the scheduler would rank them.
//   - rollout says what happens tick by tick when a DaemonSet or a Deployment is
//     updated.
//   - rollout/diagnosis finds out why a rollout or drain is stuck, and what would
//     end it.
//   - rollout/timeline draws a run as text and as SVG.
//   - rollout/dryrun says what a change would do to a whole cluster, and whether
//     that keeps the promises of a policy.
//
// Everything is computed in memory, without a cluster, an API server or a
// clock, by the rules of Kubernetes 1.37; internal/conformance shows it equal
// to the code of k8s.io/kubernetes.
//
// Start with the example in package placement, or with examples/logcollector.
package berth

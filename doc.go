// Package berth is the root of the module and has no code. The packages are:
//
//   - cluster reads manifests and dumps into immutable snapshots of a cluster, which it
//     can edit.
//   - placement predicts on which nodes a DaemonSet's pods or a pod may run, why not on
//     the others, and how the scheduler would rank them.
//   - rollout simulates tick by tick what happens when a DaemonSet or a Deployment is
//     updated.
//   - rollout/diagnosis finds out why a rollout or drain is stuck, and which changes
//     would let it end.
//   - rollout/timeline draws a simulation as text and as SVG.
//   - rollout/dryrun predicts what a change does to a whole cluster, and checks it
//     against policies.
//
// Everything is computed in memory, without a cluster, an API server or a clock, by the
// rules of Kubernetes 1.37. The module internal/conformance compares berth with the code
// of k8s.io/kubernetes.
//
// Start with the example in package placement, or with examples/logcollector.
package berth

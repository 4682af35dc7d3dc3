// Package placement predicts where pods may run, and why not elsewhere.
//
// Start with these five names:
//
//   - [ForDaemonSet] and [ForPod] compile a pod, and report every mistake in it.
//   - [Workload.Predict] judges every node of a cluster.
//   - [Prediction.Placed] returns the nodes that get a running pod; [Prediction.Pending],
//     [Prediction.Kept] and [Prediction.Excluded] return the others.
//   - [Prediction.Verdict] returns the decision for one node with all reasons.
//   - [Prediction.Hints] returns the smallest changes that would place more pods, and
//     [Diff] the nodes where two predictions differ.
//
// For example:
//
//	w, err := placement.ForDaemonSet(ds)
//	p := w.Predict(c) // c is a cluster.Cluster
//	fmt.Println(p.Table())
//	for _, name := range c.Nodes().Minus(p.Placed()).Names() {
//		v, _ := p.Verdict(name)
//		fmt.Println(v)
//	}
//
// After a pod is compiled, only names that the cluster does not have are errors.
// Workload.Check judges one node object without a cluster.
//
// The controller, the API server and the scheduler decide separately, and so does a
// [Decision]. A node is eligible if the DaemonSet controller wants a pod there. It is
// kept if the controller wants no pod but lets a running pod stay, and excluded if the
// controller deletes a running pod. The API server then admits the pod, which may change
// it, or refuses it. The scheduler decides about the admitted pod on an eligible node: it
// is placed if the scheduler would bind the pod now, and pending otherwise. A [Verdict]
// has all reasons, in the words of kube-scheduler or the API server, with their evidence.
//
// NewCapacityReport reports on all DaemonSets of a cluster together: each may fit alone
// while all together do not. Ranking returns the nodes as the scheduler prefers them for
// an ordinary pod. Replicas places the pods of a Deployment, ReplicaSet or StatefulSet.
//
// Package placement follows Kubernetes 1.37 with feature gates at their defaults.
// Functions name the upstream function that they follow.
package placement

// Package placement predicts where pods may run and why not elsewhere.
//
// A DaemonSet or a pod is compiled once; all mistakes in it are reported then.
// After that no question returns an error:
//
//	w, err := placement.ForDaemonSet(ds)
//	p := w.Predict(c)     // on a whole cluster.Cluster
//	v := w.Check(node)    // on one node object
//
// A Decision never mixes what Kubernetes keeps apart. A node is eligible when
// the DaemonSet controller wants a pod there. It is kept when the controller
// wants no pod but lets a running one stay, and excluded when the controller
// deletes a running one. Whether the scheduler would bind the pod now is
// another question: an eligible node is then pending or placed. A Verdict has
// all reasons, each in kube-scheduler's own words with its evidence.
//
// NewCapacityReport reports on all DaemonSets of a cluster together: each may
// fit alone while all together do not. Ranking returns the nodes in the order
// in which the scheduler prefers them for an ordinary pod. Diff compares two
// predictions.
//
// Package placement follows Kubernetes 1.37 with feature gates at their
// defaults. Functions name the upstream function that they follow.
package placement

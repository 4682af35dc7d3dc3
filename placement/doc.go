// Package placement says where pods may run and why not elsewhere.
//
// A DaemonSet or a pod is compiled once; all mistakes in it are reported then.
// Every question after that is answered without an error:
//
//	w, err := placement.ForDaemonSet(ds)
//	p := w.Predict(c)     // on a whole cluster.Cluster
//	v := w.Check(node)    // on one node object
//
// A Decision never mixes what Kubernetes keeps apart. A node is eligible when
// the DaemonSet controller wants a pod there; kept, when it wants none but lets
// a running one be; excluded, when it deletes a running one. Whether the
// scheduler would bind the pod now is another question: an eligible node is
// then pending or placed. A Verdict has all reasons, each in kube-scheduler's
// own words with the evidence beside it.
//
// NewCapacityReport is the account of all DaemonSets of a cluster together: they may each
// fit alone. For an ordinary pod Ranking says in which order the scheduler likes the nodes.
// Diff says what differs between two predictions.
//
// The rules are those of Kubernetes 1.37 with feature gates at their defaults;
// each function names the one that it follows.
package placement

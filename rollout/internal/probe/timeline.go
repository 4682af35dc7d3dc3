package probe

import "iter"

// Row is a node as a DaemonSet has it, or a pod of a Deployment.
type Row struct {
	Name   string // of the node or pod
	Wanted bool   // the node wants a pod
	Pod    Stage
	New    bool // the pod is of the current revision
	Beside bool // an old pod is still there beside the new one
}

// Stage is how far a pod has come.
type Stage uint8

const (
	NoPod       Stage = iota // there is none
	Waiting                  // to run
	Running                  // not ready yet, or not any more
	Ready                    // for less than minReadySeconds
	Available                // ready for minReadySeconds
	Failed                   // by itself or by its kubelet
	Terminating              // it is on its way out
)

// Subject returns which kind the key names, "daemonset" or "deployment", and the
// object's namespace/name. A key without a kind that names neither is a DaemonSet's.
var Subject func(sim any, key string) (kind, plain string)

// Nodes yields the nodes of the DaemonSet of that key, ascending by name; none if there
// is no such DaemonSet.
var Nodes func(sim any, key string) iter.Seq[Row]

// OneNode returns one row. No pod is wanted if there is no such node or
// DaemonSet.
var OneNode func(sim any, key, node string) Row

// Pods yields the pods of the Deployment of that key, in the order in which they came.
var Pods func(sim any, key string) iter.Seq[Row]

package probe

import "iter"

// Row is a node of a DaemonSet, or a pod of a Deployment.
type Row struct {
	Name   string // of the node or pod
	Wanted bool   // the node wants a pod
	Pod    Stage
	New    bool // the pod is of the current revision
	Beside bool // an old pod is still there beside the new one
}

// Stage is the stage of a pod's life.
type Stage uint8

const (
	NoPod       Stage = iota // no pod
	Waiting                  // to run
	Running                  // not ready yet, or no longer ready
	Ready                    // for less than minReadySeconds
	Available                // ready for minReadySeconds
	Failed                   // by itself or by its kubelet
	Terminating              // deleted, and not removed yet
)

// Subject returns which kind the key names, "daemonset" or "deployment", and the
// object's namespace/name. It returns an error if there is no such object and no
// input to come applies it.
var Subject func(sim any, key string) (kind, plain string, err error)

// Nodes yields the nodes of the DaemonSet with the key, ascending by name, or
// none if there is no such DaemonSet.
var Nodes func(sim any, key string) iter.Seq[Row]

// OneNode returns one row. No pod is wanted if there is no such node or
// DaemonSet.
var OneNode func(sim any, key, node string) Row

// Pods yields the pods of the Deployment with the key, in the order of their
// creation.
var Pods func(sim any, key string) iter.Seq[Row]

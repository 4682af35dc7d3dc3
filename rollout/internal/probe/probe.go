// Package probe is how rollout/diagnosis and rollout/timeline look into a simulation
// where the public methods of rollout.Sim do not reach. It imports nothing of rollout,
// which sets its function variables when it is initialized, so there is no import
// cycle. They take any, which must be a *rollout.Sim.
package probe

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/placement"
)

// None is no pod.
const None int32 = -1

// Of returns the probe of a *rollout.Sim. Package rollout sets it.
var Of func(sim any) Sim

// Sim answers questions about a simulation as it is now. Pods are named by numbers
// that hold until time passes. Only DropInputs and Rest change the simulation.
type Sim interface {
	// DropInputs drops the inputs that are still to come.
	DropInputs()
	// Rest passes time until nothing more happens by itself, except endless
	// loops. The outcome contains the last event of the key.
	Rest(key string) Outcome

	// DaemonSet and Deployment return the object of a key; nil if the key is none of
	// that kind. They cost as much as it has nodes, or pods.
	DaemonSet(key string) *DaemonSet
	Deployment(key string) *Deployment

	// Nodes lists the nodes that exist, ascending by name.
	Nodes() []Node
	// KnowsNode reports whether there is or was a node of the name, or a pod names it.
	KnowsNode(name string) bool

	Pod(id int32) Pod
	// FindPod returns the pod of a namespace/name, or None.
	FindPod(key string) int32
	// Images returns the images of the pod's containers.
	Images(id int32) []string
	// Trouble is what an input has done to pods like this one.
	Trouble(id int32) Trouble
	// Against lists what the scheduler has against the node of an unbound pod, in the
	// order of its filters; WhyUnbound says the same in its words.
	Against(id int32) []placement.FilterReason
	WhyUnbound(id int32) string
	// Neighbours returns the bound pods on a node that have not ended: the pods
	// of the same DaemonSet as the pod, or the pods of no DaemonSet that are not
	// terminating.
	Neighbours(id int32, ofDaemonSet bool) []int32
	// FitsWithout reports whether the node of the pod would take it if others were gone.
	FitsWithout(id int32, gone []int32) bool
	// Hints are the changes that would let a node take a Deployment's pod.
	Hints(id int32) []placement.Hint
}

// Outcome is what came of letting time pass.
type Outcome struct {
	Settled bool
	Refused bool // an input was refused
	Last    int  // the tick of the last event of the object in question
}

// DaemonSet is a DaemonSet as its controller sees it.
type DaemonSet struct {
	Key      string // namespace/name
	Object   *appsv1.DaemonSet
	Workload *placement.Workload
	Deleting bool   // foreground deletion waits for the pods
	Blind    bool   // the selector is empty
	Failure  string // of its last sync

	// The update limit is maxSurge if it Surges, else maxUnavailable: Used of Of nodes.
	// Without strategy RollingUpdate it is 0.
	Surges   bool
	Used, Of int
	Invalid  bool // it cannot be read

	Earlier []int64   // revisions other than the current one, ascending
	Rows    []NodeRow // by node, ascending, with nodes that are gone
}

// NodeRow is one node of a DaemonSet. Available and Updated are about the pod that the
// status looks at. Pods are None where there is none.
type NodeRow struct {
	Node      string
	Exists    bool
	Wanted    bool // a pod is wanted on the node
	Available bool
	Updated   bool
	Uses      bool // it uses a unit of the limit
	Lost      bool // an old pod on a node that is gone

	Any            int32 // the first of all pods
	First          int32 // the pod that the status looks at
	Newest, Oldest int32 // an updated pod and an old one; neither is terminating
	Endless        int32 // a pod in an endless loop
}

// Deployment is a Deployment as its controller sees it.
type Deployment struct {
	Key            string // namespace/name
	Object         *appsv1.Deployment
	Deleting       bool   // foreground deletion waits for the ReplicaSets
	SelectsNothing bool   // the selector is empty
	Failure        string // of its last sync
	Denied         string // why the API server takes no pod of the template

	Replicas, MaxSurge, MaxUnavailable int

	Syncing bool // a sync would find something new
	Still   bool // nothing is to happen to its pods by itself
	Done    bool // it is as wanted

	Sets []ReplicaSet // the oldest first
}

// ReplicaSet is one of a Deployment's.
type ReplicaSet struct {
	Current   bool // it has the Deployment's template
	Revision  int64
	Size      int // spec.replicas
	Available int // status.availableReplicas
	Pods      []int32
}

// Node is a node beyond its object.
type Node struct {
	Name        string
	Down        bool // its kubelet is gone
	Unready     bool // its condition Ready is False
	PodsUnready bool // something on it keeps pods from being ready
	Cordoned    bool
}

// Pod is a pod and the node that it runs on or is aimed at.
type Pod struct {
	Namespace, Name string
	Node            Node // the zero Node if there is none
	NodeExists      bool

	Phase       corev1.PodPhase
	Bound       bool
	Terminating bool
	Terminal    bool // failed or succeeded
	Available   bool // to its controller
	Waits       bool // nothing is to happen to it by itself
	AnyNode     bool // the scheduler chooses its node

	Crashing bool // its containers end again and again
	Pulling  bool // its image cannot be pulled
	Rejected bool // the kubelet fails it, and will fail the next
	Expelled bool // it is evicted after a time, and so will be the next
	InVain   bool // it is a Deployment's and fails or crashes before it is available, as will the next
}

// Trouble is what an input has done to pods of an image on some nodes.
type Trouble struct {
	Image string
	Nodes []string // empty: all
	Pull  bool     // the image cannot be pulled
}

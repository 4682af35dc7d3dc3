// Package probe lets rollout/diagnosis and rollout/timeline look into a
// simulation beyond the public methods of rollout.Sim. It does not import
// rollout, which sets its function variables when it is initialized, so there is
// no import cycle. Their arguments of type any must be a *rollout.Sim.
package probe

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/placement"
)

// None is no pod.
const None int32 = -1

// Of returns the probe of a *rollout.Sim. Package rollout sets it.
var Of func(sim any) Sim

// Line returns a rollout.Input as one line, with an object by its name. Events name
// inputs by this line. Package rollout sets it.
var Line func(input any) string

// Sim answers questions about a simulation as it is now. Pods are named by numbers
// that hold until time passes. Only DropInputs and Rest change the simulation.
type Sim interface {
	// Find returns the key of a DaemonSet or Deployment with its kind,
	// "daemonset/namespace/name". It is an error if there is no such object.
	Find(key string) (string, error)
	// Object returns the object with the key, "daemonset/namespace/name",
	// "deployment/namespace/name", "poddisruptionbudget/namespace/name" or
	// "node/name", or nil. It must not be changed.
	Object(key string) runtime.Object
	// InputDue reports whether an input takes effect in the next tick.
	InputDue() bool
	// DropInputs drops the inputs that are still to come.
	DropInputs()
	// Rest passes time until nothing more happens by itself, except endless
	// loops. The outcome contains the last event of the key.
	Rest(key string) Outcome

	// DaemonSet and Deployment return the object with the key, or nil if there
	// is no such object. They cost as much as it has nodes, or pods.
	DaemonSet(key string) *DaemonSet
	Deployment(key string) *Deployment
	// Unfinished returns the DaemonSet as its controller will see it in its next
	// sync. It has only the rows of nodes that use a unit of the update limit, and
	// of nodes that want a pod and whose pod is not updated or not available.
	Unfinished(key string) *DaemonSet

	// Nodes returns the nodes that exist, ascending by name.
	Nodes() []Node
	// KnowsNode reports whether a node with the name exists or existed, or a pod
	// names it.
	KnowsNode(name string) bool

	Pod(id int32) Pod
	// FindPod returns the pod with the namespace/name, or None.
	FindPod(key string) int32
	// Images returns the images of the pod's containers.
	Images(id int32) []string
	// Fault returns the fault of pods like this one that an input has set.
	Fault(id int32) Fault
	// Against returns why the scheduler refuses the node for an unbound pod, in
	// the order of its filters. WhyUnbound returns the same in the scheduler's
	// words.
	Against(id int32) []placement.FilterReason
	WhyUnbound(id int32) string
	// Neighbours returns the bound pods on a node that have not ended: the pods
	// of the same DaemonSet as the pod, or the pods of no DaemonSet that are not
	// terminating.
	Neighbours(id int32, ofDaemonSet bool) []int32
	// FitsWithout reports whether the pod would fit on its node without the
	// others.
	FitsWithout(id int32, gone []int32) bool
	// Budgets returns the PodDisruptionBudgets that select a pod, ascending by name.
	// They must not be changed.
	Budgets(id int32) []*policyv1.PodDisruptionBudget
	// AllBudgets returns all PodDisruptionBudgets with their present status, ascending
	// by namespace and name.
	AllBudgets() []*policyv1.PodDisruptionBudget
	// Guarded returns the pods that the PodDisruptionBudgets of a pod select,
	// ascending.
	Guarded(id int32) []int32
	// PriorityClasses returns the names of the priority classes that preempt pods and
	// have a greater value than the priority of the spec, ascending by value.
	PriorityClasses(above *corev1.PodSpec) []string
	// Hints returns the changes that would let a node fit a Deployment's pod.
	Hints(id int32) []placement.Hint
}

// Outcome is the result of passing time.
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
	Denied   string // why the API server refuses pods of the template
	Denial   Denial // likewise, in parts

	// The update limit is maxSurge if Surges, else maxUnavailable: Used of Of
	// nodes. Without strategy RollingUpdate it is 0.
	Surges   bool
	Used, Of int
	Invalid  bool // it cannot be read

	Earlier []int64   // revisions other than the current one, ascending
	Rows    []NodeRow // by node, ascending, including removed nodes
}

// Denial is why the API server refuses pods. The zero Denial is none.
type Denial struct {
	Plugin  string // "LimitRanger"
	Object  string // that decides: "LimitRange apps/limits"
	Message string // the API server's
}

// NodeRow is one node of a DaemonSet. Available and Updated are about the pod
// that the status looks at. A missing pod is None.
type NodeRow struct {
	Node      string
	Exists    bool
	Wanted    bool // a pod is wanted on the node
	Available bool
	Updated   bool
	Uses      bool // it uses a unit of the limit
	Lost      bool // an old pod on a removed node
	Moves     bool // something is still to happen to one of its pods by itself

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
	Denied         string // why the API server refuses pods of the template
	Denial         Denial // likewise, in parts

	Replicas, MaxSurge, MaxUnavailable int

	Syncing bool // a sync would find something new
	Still   bool // nothing is to happen to its pods by itself
	Done    bool // its rollout is complete

	Sets []ReplicaSet // the oldest first
}

// ReplicaSet is a ReplicaSet of a Deployment.
type ReplicaSet struct {
	Current   bool // it has the Deployment's template
	Revision  int64
	Size      int // spec.replicas
	Available int // status.availableReplicas
	Pods      []int32
}

// Node is the state of a node beyond its object.
type Node struct {
	Name        string
	Down        bool // its kubelet is down
	Unready     bool // its condition Ready is False
	PodsUnready bool // something on it keeps pods from being ready
	Cordoned    bool
}

// Pod is a pod, with the node where it runs or the one node it can run on.
type Pod struct {
	Namespace, Name string
	Owner           string // the key of its DaemonSet or Deployment with the kind, if it has one
	Class           int32  // pods of one template have the same
	Node            Node   // the zero Node if there is none
	Held            bool   // its kubelet does not start or stop it, since the node is not ready
	NodeExists      bool

	Phase       corev1.PodPhase
	Bound       bool
	Terminating bool
	Terminal    bool // failed or succeeded
	Ready       bool
	Available   bool // to its controller
	Waits       bool // nothing is to happen to it by itself
	AnyNode     bool // the scheduler chooses its node
	Gated       bool // its schedulingGates keep it from being scheduled
	Foreign     bool // its schedulerName is not that of the default scheduler

	Due    int    // the tick when something happens to it by itself; 0 if it waits
	Stops  int    // the tick when it stops if it is terminating; 0 if never
	Reason string // what kubectl shows in place of the phase, such as ImagePullBackOff

	Crashing bool // its containers exit in a loop
	Pulling  bool // its image cannot be pulled
	Rejected bool // the kubelet rejects it, and will reject its successor
	Evicted  bool // it is evicted after a time, and so is its successor
	InVain   bool // a Deployment's pod that fails or crashes before it is available, as will its successor
}

// Fault is a fault that an input has set for pods with an image on some nodes.
type Fault struct {
	Image string
	Nodes []string // empty: all
	Pull  bool     // the image cannot be pulled
}

package rollout

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/placement"
)

func reasons(all []placement.FilterReason) string {
	var words []string
	for _, r := range all {
		words = append(words, r.String())
	}
	return strings.Join(words, "; ")
}

// cause is the reason of an event, what the rule counted, and details as free text.
type cause struct {
	Reason      Reason
	Used, Limit int
	Detail      string
}

// Reason is why a controller or collector acted.
type Reason string

const (
	ReasonMissing          Reason = "Missing"          // the node wants a pod and has none
	ReasonNoLivePod        Reason = "NoLivePod"        // with surge: all its pods are failed or terminating
	ReasonNotEligible      Reason = "NotEligible"      // the node no longer matches, or has a NoExecute taint
	ReasonPodFailed        Reason = "PodFailed"        // it failed, and the node is not in backoff
	ReasonPodSucceeded     Reason = "PodSucceeded"     // a pod of a DaemonSet must not end
	ReasonDuplicate        Reason = "Duplicate"        // the node has older pods
	ReasonNodeDeleted      Reason = "NodeDeleted"      // there is no such node
	ReasonOwnerDeleted     Reason = "OwnerDeleted"     // the DaemonSet was deleted
	ReasonMaxUnavailable   Reason = "MaxUnavailable"   // Used of Limit maxUnavailable
	ReasonOldUnavailable   Reason = "OldUnavailable"   // the old pod is not available: replaced regardless of maxUnavailable, and counted against it
	ReasonOldNotReady      Reason = "OldNotReady"      // with surge: the old pod of two is not ready
	ReasonNewAvailable     Reason = "NewAvailable"     // with surge: the new pod of two is available
	ReasonOldUnwanted      Reason = "OldUnwanted"      // with surge: the old pod is not available and the node no longer matches
	ReasonSurplusAvailable Reason = "SurplusAvailable" // with surge: the node no longer matches, and more pods are available (Used) than desired (Limit)

	ReasonTaintNotTolerated Reason = "TaintNotTolerated" // it does not tolerate a NoExecute taint
	ReasonTolerationExpired Reason = "TolerationExpired" // the time for which it tolerates a NoExecute taint is over
	ReasonEvictionLoop      Reason = "EvictionLoop"      // the same, and its successor will be evicted too: an endless loop

	ReasonRejected      Reason = "Rejected"      // the kubelet rejects it
	ReasonLowerPriority Reason = "LowerPriority" // its node has no room for a pod of higher priority
	ReasonDrain         Reason = "Drain"         // its node is being drained
	ReasonEviction      Reason = "Eviction"      // it was evicted through the eviction API

	ReasonMaxSurge            Reason = "MaxSurge"            // Used of Limit maxSurge
	ReasonOldUnavailableSurge Reason = "OldUnavailableSurge" // the old pod is not available: a new one is created regardless of maxSurge

	ReasonScaleUp           Reason = "ScaleUp"           // of a ReplicaSet
	ReasonScaleDown         Reason = "ScaleDown"         // Used pods for Limit replicas of a ReplicaSet
	ReasonReplicaSetDeleted Reason = "ReplicaSetDeleted" // its ReplicaSet was deleted
)

// reasonTable has the words of an event with the reason, and the rule behind it.
var reasonTable = map[Reason]struct {
	words string
	rule  Reference
}{
	ReasonMissing: {"no pod there", Reference{
		"pkg/controller/daemon/daemon_controller.go", "DaemonSetsController.podsShouldBeOnNode",
		"a node that should run a pod of the DaemonSet and has none gets one"}},
	ReasonNoLivePod: {"no live pod there", Reference{
		"pkg/controller/daemon/daemon_controller.go", "DaemonSetsController.podsShouldBeOnNode",
		"with maxSurge, a node whose pods are all failed or terminating gets a new one"}},
	ReasonNotEligible: {"the node excludes it", Reference{
		"pkg/controller/daemon/daemon_controller.go", "DaemonSetsController.podsShouldBeOnNode",
		"pods on a node that should not continue to run them are deleted"}},
	ReasonPodFailed: {"it failed", Reference{
		"pkg/controller/daemon/daemon_controller.go", "DaemonSetsController.podsShouldBeOnNode",
		"a failed pod is deleted, with a backoff for each node, so that it is replaced"}},
	ReasonPodSucceeded: {"it succeeded", Reference{
		"pkg/controller/daemon/daemon_controller.go", "DaemonSetsController.podsShouldBeOnNode",
		"a succeeded pod is deleted, so that it is replaced"}},
	ReasonDuplicate: {"one too many there", Reference{
		"pkg/controller/daemon/daemon_controller.go", "DaemonSetsController.podsShouldBeOnNode",
		"of several pods on a node only the oldest is kept"}},
	ReasonNodeDeleted: {"the node is gone", Reference{
		"pkg/controller/podgc/gc_controller.go", "PodGCController.gcOrphaned",
		"pods on nodes that no longer exist are deleted"}},
	ReasonOwnerDeleted: {"its DaemonSet was deleted", Reference{
		"pkg/controller/garbagecollector/garbagecollector.go", "GarbageCollector.attemptToDeleteItem",
		"an object whose owners are all deleted is deleted"}},
	ReasonMaxUnavailable: {"maxUnavailable %d of %d in use", Reference{
		"pkg/controller/daemon/update.go", "DaemonSetsController.rollingUpdate",
		"old pods that are available are deleted as far as maxUnavailable allows"}},
	ReasonOldUnavailable: {"old pod was already unavailable: replaced regardless of maxUnavailable (%d of %d in use)", Reference{
		"pkg/controller/daemon/update.go", "DaemonSetsController.rollingUpdate",
		"an old pod that is not available is replaced regardless of maxUnavailable"}},
	ReasonOldNotReady: {"old pod not ready beside a new one", Reference{
		"pkg/controller/daemon/daemon_controller.go", "DaemonSetsController.podsShouldBeOnNode",
		"with maxSurge, an old pod that is not ready is deleted once there is a new one"}},
	ReasonNewAvailable: {"new pod available", Reference{
		"pkg/controller/daemon/daemon_controller.go", "DaemonSetsController.podsShouldBeOnNode",
		"with maxSurge, the old pod is deleted once the new one is available"}},
	ReasonOldUnwanted: {"old pod unavailable where none is wanted", Reference{
		"pkg/controller/daemon/update.go", "DaemonSetsController.rollingUpdate",
		"with maxSurge, an old pod that is not available on a node that should not run it is deleted"}},
	ReasonSurplusAvailable: {"none wanted there, and %d are available for %d wanted", Reference{
		"pkg/controller/daemon/update.go", "DaemonSetsController.rollingUpdate",
		"with maxSurge, old pods on nodes that should not run them are deleted as far as more pods are available than desired"}},
	ReasonTaintNotTolerated: {"it does not tolerate a NoExecute taint", Reference{
		"pkg/controller/tainteviction/taint_eviction.go", "Controller.processPodOnNode",
		"a pod that does not tolerate a NoExecute taint of its node is deleted at once"}},
	ReasonTolerationExpired: {"it tolerated a NoExecute taint only for a time", Reference{
		"pkg/controller/tainteviction/taint_eviction.go", "Controller.processPodOnNode",
		"a pod that tolerates a NoExecute taint for tolerationSeconds is deleted after them"}},
	ReasonEvictionLoop: {"it tolerated a NoExecute taint only for a time, as the pod will that takes its place", Reference{
		"pkg/controller/tainteviction/taint_eviction.go", "Controller.processPodOnNode",
		"a pod that tolerates a NoExecute taint for tolerationSeconds is deleted after them, and so is each pod that replaces it"}},
	ReasonRejected: {"the kubelet rejects it", Reference{
		"pkg/kubelet/kubelet.go", "Kubelet.rejectPod",
		"a pod that the kubelet does not admit fails"}},
	ReasonLowerPriority: {"it makes room", Reference{
		"pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go", "DefaultPreemption.PostFilter",
		"pods of lower priority are deleted to make room for a pod that fits on no node"}},
	ReasonDrain: {"its node is drained", Reference{
		"k8s.io/kubectl/pkg/drain/drain.go", "Helper.DeleteOrEvictPods",
		"kubectl drain deletes or evicts the pods of the node"}},
	ReasonEviction: {"somebody evicts it", Reference{
		"pkg/registry/core/pod/storage/eviction.go", "EvictionREST.Create",
		"an eviction deletes the pod if its PodDisruptionBudget allows it"}},
	ReasonMaxSurge: {"maxSurge %d of %d in use", Reference{
		"pkg/controller/daemon/update.go", "DaemonSetsController.rollingUpdate",
		"new pods are created beside available old ones as far as maxSurge allows"}},
	ReasonOldUnavailableSurge: {"old pod was already unavailable: a new one is created regardless of maxSurge (%d of %d in use)", Reference{
		"pkg/controller/daemon/update.go", "DaemonSetsController.rollingUpdate",
		"a new pod is created beside an old one that is not available regardless of maxSurge"}},
	ReasonScaleUp: {"too few replicas", Reference{
		"pkg/controller/replicaset/replica_set.go", "ReplicaSetController.manageReplicas",
		"a ReplicaSet with fewer pods than replicas creates the others"}},
	ReasonScaleDown: {"%d pods for %d replicas", Reference{
		"pkg/controller/replicaset/replica_set.go", "ReplicaSetController.manageReplicas",
		"a ReplicaSet with more pods than replicas deletes the others"}},
	ReasonReplicaSetDeleted: {"its ReplicaSet was deleted", Reference{
		"pkg/controller/garbagecollector/garbagecollector.go", "GarbageCollector.attemptToDeleteItem",
		"an object whose owners are all deleted is deleted"}},
}

// Reference returns the rule of Kubernetes behind the reason, and a zero Reference
// for an unknown reason.
func (r Reason) Reference() Reference { return reasonTable[r].rule }

// unwanted reports whether the rule is about a node that wants no pod.
func (r Reason) unwanted() bool {
	return r == ReasonNotEligible || r == ReasonOldUnwanted || r == ReasonSurplusAvailable
}

// rolls reports whether the rule is one by which rollingUpdate begins with a node,
// or by which a ReplicaSet shrinks.
func (r Reason) rolls() bool {
	switch r {
	case ReasonMaxUnavailable, ReasonOldUnavailable, ReasonMaxSurge, ReasonOldUnavailableSurge, ReasonScaleDown:
		return true
	}
	return false
}

// Why returns the reason and the detail in words. It is empty if there is neither.
func (e Event) Why() string {
	words := reasonTable[e.Reason].words
	if words != "" && (e.Limit != 0 || e.Used != 0) {
		words = fmt.Sprintf(words, e.Used, e.Limit)
	}
	switch {
	case words == "":
		return e.Detail
	case e.Detail == "":
		return words
	}
	return words + ": " + e.Detail
}
